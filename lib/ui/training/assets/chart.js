// The loss by step as SVG: train and held-out, and a dashed line with a label for everything that they are compared with.
// Streamlit's own Plotly element cannot get new data: it would be built anew twice a second. Curves of a finished run,
// with all that Plotly can do, are in a tab of the page.

const SVG = "http://www.w3.org/2000/svg";
const EDGE = { left: 58, right: 118, top: 26, bottom: 40 };
const LABEL = 17; // px between two labels

function svg(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

class Chart {
  constructor(parent) {
    this.root = make("div", "chart");
    this.svg = svg("svg", { role: "img" });
    this.tip = make("div", "tip");
    this.tip.hidden = true;
    this.root.append(this.svg, this.tip);
    parent.append(this.root);
    new ResizeObserver(() => this.draw()).observe(this.root);
    this.svg.onpointermove = (event) => this.point(event);
    this.svg.onpointerleave = () => this.point(null);
  }

  show(data, marked) {
    this.data = data;
    this.marked = marked;
    this.draw();
  }

  mark(step) {
    this.marked = step;
    this.draw();
  }

  draw() {
    const { width, height } = this.root.getBoundingClientRect();
    if (!this.data || width < 100) return;
    const { steps, train, heldout, lines, words } = this.data;
    const right = lines.length ? EDGE.right : 14;
    this.plot = { left: EDGE.left, right: width - right, top: EDGE.top, bottom: height - EDGE.bottom };
    const top = this.top();
    this.x = (step) => this.plot.left + (step / steps) * (this.plot.right - this.plot.left);
    this.y = (loss) => this.plot.bottom - (Math.min(loss, top) / top) * (this.plot.bottom - this.plot.top);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("aria-label", words);
    const parts = [...this.axes(top, steps, height), ...this.compared(lines)];
    if (this.marked !== null) {
      const x = this.x(this.marked);
      parts.push(svg("line", { class: "mark", x1: x, x2: x, y1: this.plot.top, y2: this.plot.bottom }));
    }
    parts.push(svg("path", { class: "train", d: this.path(train) }), svg("path", { class: "heldout", d: this.path(heldout) }));
    for (const [step, loss] of heldout)
      parts.push(svg("circle", { class: step === this.marked ? "dot here" : "dot", cx: this.x(step), cy: this.y(loss), r: step === this.marked ? 5.5 : 3 }));
    this.svg.replaceChildren(...parts, ...this.legend());
  }

  top() { // a loss that explodes leaves the picture; the lines that it is compared with stay in it
    const { train, heldout, lines } = this.data;
    const compared = Math.max(1, ...lines.map(([, value]) => value));
    const highest = Math.max(compared, ...train.map(([, loss]) => loss), ...heldout.map(([, loss]) => loss));
    return Math.min(highest, lines.length ? compared * 1.5 : highest) * 1.06;
  }

  path(points) {
    return points.map(([step, loss], n) => `${n ? "L" : "M"}${this.x(step).toFixed(1)} ${this.y(loss).toFixed(1)}`).join("");
  }

  axes(top, steps, height) {
    const { left, right, bottom } = this.plot, parts = [];
    for (const loss of ticks(top, 7)) {
      const y = this.y(loss);
      parts.push(svg("line", { class: "grid", x1: left, x2: right, y1: y, y2: y }));
      parts.push(svg("text", { x: left - 7, y: y + 4, "text-anchor": "end" }, String(loss)));
    }
    for (const step of ticks(steps, Math.max(2, (right - left) / 80)))
      parts.push(svg("text", { x: this.x(step), y: bottom + 18, "text-anchor": "middle" }, step.toLocaleString("en")));
    parts.push(svg("text", { x: (left + right) / 2, y: height - 5, "text-anchor": "middle" }, "step"));
    const name = `translate(14 ${(this.plot.top + bottom) / 2}) rotate(-90)`;
    parts.push(svg("text", { class: "axis", transform: name, "text-anchor": "middle" }, `loss (${this.data.unit})`));
    return parts;
  }

  // Where lines are close, labels move up, and never onto each other.
  compared(lines) {
    const parts = [];
    let lowest = Infinity;
    for (const [name, value] of [...lines].sort((one, other) => one[1] - other[1])) {
      const y = this.y(value);
      lowest = Math.min(y, lowest - LABEL);
      parts.push(svg("line", { class: "compared", x1: this.plot.left, x2: this.plot.right, y1: y, y2: y }));
      parts.push(svg("text", { class: "label", x: this.plot.right + 9, y: lowest + 4 }, `${name} ${value.toFixed(2)}`));
    }
    return parts;
  }

  legend() {
    const { left } = this.plot, y = 12;
    return [
      svg("line", { class: "train", x1: left, x2: left + 22, y1: y, y2: y }),
      svg("text", { x: left + 28, y: y + 4 }, "train"),
      svg("line", { class: "heldout", x1: left + 78, x2: left + 100, y1: y, y2: y }),
      svg("text", { x: left + 106, y: y + 4 }, "held-out"),
    ];
  }

  point(event) {
    this.tip.hidden = true;
    if (!event || !this.plot || !this.data.train.length) return;
    const box = this.svg.getBoundingClientRect(), at = event.clientX - box.left;
    const { left, right } = this.plot;
    if (at < left - 8 || at > right + 8) return;
    const step = ((at - left) / (right - left)) * this.data.steps;
    const near = nearest(this.data.train, step), held = nearest(this.data.heldout, step);
    this.tip.textContent = `step ${near[0].toLocaleString("en")}: train ${near[1].toFixed(3)}` +
      (held ? `\nstep ${held[0].toLocaleString("en")}: held-out ${held[1].toFixed(3)}` : "");
    this.tip.hidden = false;
    this.tip.style.left = `${Math.min(at + 12, box.width - this.tip.offsetWidth - 4)}px`;
    this.tip.style.top = `${Math.max(4, event.clientY - box.top - 44)}px`;
  }
}

function nearest(points, step) {
  return points.reduce((best, point) => (!best || Math.abs(point[0] - step) < Math.abs(best[0] - step) ? point : best), null);
}

function ticks(end, most) { // round numbers from 0 to `end`, about `most` of them
  const rough = end / most, power = 10 ** Math.floor(Math.log10(rough));
  const by = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let n = 0; n * by <= end * 1.0001; n++) found.push(Number((n * by).toPrecision(6)));
  return found;
}
