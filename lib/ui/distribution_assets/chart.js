// The next-token chart: holds one prompt's logits and redraws on every movement of a knob, without the server.
// Only textContent is ever written: token text is hostile.

const SCALES = [["linear", "Probability"], ["log", "Log scale"], ["logit", "Logits"]];
const VIEWS = [["bars", "Bars"], ["steps", "Filter by filter"]];
const FLOOR = -7; // the log scale begins at 1e-7
const views = new WeakMap();

export default function (component) {
  let view = views.get(component.parentElement);
  if (!view) views.set(component.parentElement, (view = new View(component.parentElement)));
  view.receive(component);
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

class View {
  constructor(parent) {
    this.root = make("div", "root");
    this.tip = make("div", "tip");
    this.tip.hidden = true;
    parent.append(this.root, this.tip);
    this.knobs = null;
    this.build();
  }

  receive({ data, setStateValue, setTriggerValue }) {
    this.setState = setStateValue;
    this.trigger = setTriggerValue;
    const { header, logits, u } = unpack(data);
    const fresh = header.key !== this.header?.key;
    const reset = this.header?.nonce !== header.nonce;
    this.header = header;
    this.u = u;
    if (fresh) {
      this.logits = logits;
      this.e = new Float64Array(logits.length);
      this.cumulative = new Float64Array(logits.length);
      this.raw = reshape(logits, { t: 1, k: null, p: 1, m: 0 });
    }
    if (reset) this.knobs = { ...header.settings };
    this.syncControls();
    this.layout();
    this.redraw();
  }

  // ---- what is there once -------------------------------------------------------------------------------------

  build() {
    const knobs = make("div", "knobs");
    this.controls = {
      t: this.knob(knobs, "t", "Temperature", 0, 2, 0.01, "temperature"),
      k: this.knob(knobs, "k", "Top-k", 0, 1000, 1),
      p: this.knob(knobs, "p", "Top-p (nucleus)", 0, 1, 0.01),
      m: this.knob(knobs, "m", "Min-p", 0, 1, 0.01),
    };
    const reset = make("button", "plain reset", "Back to the model's own");
    reset.type = "button";
    reset.onclick = () => {
      Object.assign(this.knobs, { t: 1, k: null, p: 1, m: 0 });
      this.syncControls();
      this.redraw();
      this.settle();
    };
    const cell = make("div", "knob");
    cell.append(reset);
    cell.style.alignSelf = "center";
    knobs.append(cell);
    const line = make("div", "bar-line");
    this.viewChoice = this.choice(line, "view", VIEWS, "What to show");
    this.scaleChoice = this.choice(line, "scale", SCALES, "Scale");
    this.buildSmall(line);
    const body = make("div", "body");
    this.main = make("div", "scroll");
    this.aside = make("aside");
    body.append(this.main, this.aside);
    this.buildAside();
    this.root.append(knobs, line, body);
  }

  knob(parent, name, title, min, max, step, extra = "") {
    const box = make("div", "knob " + extra), top = make("div", "top");
    const range = make("input"), number = make("input"), hint = make("div", "hint");
    range.type = "range";
    number.type = "number";
    for (const [input, suffix] of [[range, ""], [number, " as a number"]]) {
      input.dataset.knob = name;
      input.setAttribute("aria-label", title + suffix);
    }
    Object.assign(range, { min, max, step });
    number.step = name === "k" ? 1 : step;
    range.oninput = () => {
      const value = Number(range.value);
      this.knobs[name] = name === "k" ? toK(value, this.header.size) : value;
      this.changed(name);
    };
    range.onchange = () => this.settle();
    number.onchange = () => this.typed(name, number.value.trim());
    top.append(make("span", "", title), number);
    box.append(top, range, hint);
    parent.append(box);
    return { range, number, hint };
  }

  choice(parent, name, options, label) {
    const box = make("div", "choice");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", label);
    const buttons = options.map(([value, text]) => {
      const button = make("button", "", text);
      button.type = "button";
      button.dataset[name] = value;
      button.onclick = () => {
        this.knobs[name] = value;
        this.syncControls();
        this.layout();
        this.redraw();
        this.settle();
      };
      box.append(button);
      return [value, button];
    });
    parent.append(box);
    return { box, buttons };
  }

  buildSmall(line) {
    const count = make("label", "small"), range = make("input"), shown = make("span");
    Object.assign(range, { type: "range", min: 5, max: 100, step: 1 });
    range.setAttribute("aria-label", "Number of tokens shown");
    range.oninput = () => {
      this.knobs.n = Number(range.value);
      shown.textContent = range.value;
      this.layout();
      this.schedule();
    };
    range.onchange = () => this.settle();
    count.append(make("span", "", "Top"), range, shown);
    this.countControl = { range, shown };
    const draws = make("span", "small");
    draws.append(make("span", "", "Draw"));
    this.drawChoice = this.choice(draws, "draws", [[0, "none"], [1, "1"], [100, "100"], [10000, "10,000"]], "Draws");
    const seed = make("label", "small"), number = make("input");
    Object.assign(number, { type: "number", min: 0, max: 4294967295, step: 1 });
    number.setAttribute("aria-label", "Seed of the draws");
    number.onchange = () => {
      const value = Math.floor(Number(number.value));
      this.knobs.seed = Number.isFinite(value) && value >= 0 ? Math.min(value, 4294967295) : 0;
      number.value = this.knobs.seed;
      this.settle();
    };
    seed.append(make("span", "", "seed"), number);
    this.seedControl = number;
    draws.append(seed);
    const legend = make("span", "legend");
    for (const [color, text] of [["var(--bar)", "after your settings"], ["var(--raw)", "the model's own"]]) {
      const item = make("span"), swatch = make("i");
      swatch.style.background = color;
      item.append(swatch, text);
      legend.append(item);
    }
    line.append(count, draws, legend);
  }

  buildAside() {
    const stats = make("div", "stats");
    this.stats = {};
    for (const [key, name] of [["entropy", "entropy, in bits"], ["perplexity", "perplexity: effective choices"],
                               ["kept", "tokens that can come"], ["mass", "of the probability kept"]]) {
      const box = make("div", "stat"), value = make("div", "value");
      value.dataset.stat = key;
      const title = make("div", "name", name);
      box.append(value, title);
      stats.append(box);
      this.stats[key] = value;
    }
    this.before = make("div", "small");
    this.curve = curve();
    const box = make("div", "stat");
    box.append(make("div", "name", "Probability of the n likeliest together"), this.curve.svg);
    this.aside.append(stats, this.before, box);
  }

  // ---- what depends on the prompt and the number of bars ------------------------------------------------------------

  layout() {
    this.shownRows = Math.min(this.knobs.n, this.header.rows.length);
    const steps = this.knobs.view === "steps";
    this.scaleChoice.box.hidden = steps;
    const key = [this.header.key, this.shownRows, steps, this.knobs.draws > 0].join();
    if (key === this.laidOut) return;
    this.laidOut = key;
    this.tip.hidden = true;
    this.main.replaceChildren();
    if (steps) this.layoutSteps();
    else this.layoutBars();
  }

  layoutBars() {
    const wide = this.knobs.draws > 0 ? " draws" : "";
    const head = make("div", "row head" + wide);
    this.axis = make("div", "axis");
    head.append(make("span", "rank", "rank"), make("span", "", "token"), this.axis, make("span", "num", "now"),
                make("span", "num raw", "model's own"));
    if (wide) head.append(make("span", "num drawn", "drawn"));
    this.bars = this.header.rows.slice(0, this.shownRows).map((row, rank) => this.bar(row, rank, wide));
    const others = this.header.size - this.shownRows;
    this.others = others > 0 ? this.bar(null, this.shownRows, wide, others) : null;
    this.main.append(head, ...this.bars.map((bar) => bar.line));
    if (this.others) this.main.append(this.others.line);
  }

  bar(row, rank, wide, others) {
    const line = make(row ? "button" : "div", (row ? "row" : "row else") + wide);
    const label = make("span", "label", row ? row.label : "everything else");
    const track = make("span", "track"), now = make("i", "now"), was = make("i", "was");
    const why = make("span", "why"), number = make("span", "num"), raw = make("span", "num raw");
    track.append(now, was, why);
    line.append(make("span", "rank", row ? String(rank + 1) : ""), label, track, number, raw);
    const bar = { line, now, was, why, number, raw, over: null, hit: null, drawn: null };
    if (wide) {
      bar.hit = make("i", "hit");
      bar.drawn = make("span", "num drawn");
      track.append(bar.hit);
      line.append(bar.drawn);
    }
    if (!row) {
      label.append(document.createElement("br"), make("small", "rank", others.toLocaleString("en") + " tokens"));
      bar.over = make("span", "over", "»");
      track.append(bar.over);
      return bar;
    }
    if (row.special) label.append(make("b", "", "control"));
    if (row.id === this.header.actual) label.append(make("b", "", "the real next"));
    line.type = "button";
    line.dataset.id = row.id;
    line.onclick = () => this.append(row.id);
    line.onpointermove = (event) => event.pointerType === "mouse" && this.showTip(row, rank, event.clientX, event.clientY);
    line.onpointerleave = () => (this.tip.hidden = true);
    line.onfocus = () => {
      const box = line.getBoundingClientRect();
      if (line.matches(":focus-visible")) this.showTip(row, rank, box.left + 150, box.bottom);
    };
    line.onblur = () => (this.tip.hidden = true);
    return bar;
  }

  append(id) {
    this.tip.hidden = true;
    this.trigger("append", id);
  }

  showTip(row, rank, x, y) {
    const parts = [["id", String(row.id)], ["bytes", row.hex], ["rank", String(rank + 1)],
      ["logit", number(this.logits[rank])], ["logit ÷ temperature", this.knobs.t ? number(this.logits[rank] / this.knobs.t) : "–"],
      ["the model's own", exact(this.was(rank))], ["after your settings", exact(this.now(rank))],
      ["surprisal", number(-Math.log2(this.was(rank))) + " bits"]];
    const reason = this.reason(rank);
    if (reason) parts.push(["dropped by", reason]);
    this.tip.replaceChildren(make("b", "", row.label));
    for (const [name, value] of parts) this.tip.append(make("span", "", name), make("span", "", value));
    this.tip.hidden = false;
    const box = this.tip.getBoundingClientRect();
    this.tip.style.left = Math.min(x + 16, window.innerWidth - box.width - 8) + "px";
    this.tip.style.top = (y + box.height + 24 > window.innerHeight ? y - box.height - 12 : y + 16) + "px";
  }
}
