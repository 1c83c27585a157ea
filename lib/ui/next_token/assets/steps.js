// The second view (filter by filter), the nucleus curve and the controls' texts: methods of View in chart.js.

// The order of the filters is that of transformers' warpers; llama.cpp applies the temperature last.
const COLUMNS = [["logit", "the model's score"], ["÷ T", "score over temperature"], ["softmax", "after temperature"],
  ["top-k", "k likeliest"], ["top-p", "the nucleus"], ["min-p", "share of the best"], ["to the draw", "from … to"]];
const SVG = "http://www.w3.org/2000/svg";

Object.assign(View.prototype, {
  layoutSteps() {
    this.bars = null;
    this.main.tabIndex = 0; // no row in it can be focused, and it may be wider than its place
    const grid = make("div", "columns");
    grid.style.gridTemplateColumns = `7.5rem repeat(${COLUMNS.length - 1}, minmax(4rem, 1fr)) 8.2rem`;
    grid.append(make("div", "cell title", "token"));
    for (const [title, note] of COLUMNS) {
      const cell = make("div", "cell title", title);
      cell.append(make("small", "", note));
      grid.append(cell);
    }
    this.stepRows = [];
    const rows = this.header.rows.slice(0, this.shownRows);
    for (const row of [...rows, ...(this.header.size > rows.length ? [null] : [])]) {
      const label = make("div", "cell label");
      if (row) label.append(make("span", row.special ? "pg-token control" : "pg-token", row.label));
      else label.textContent = "all other tokens";
      const cells = COLUMNS.map(() => {
        const cell = make("div", "cell"), text = make("span"), line = make("i");
        cell.append(text, line);
        return { cell, text, line };
      });
      grid.append(label, ...cells.map((part) => part.cell));
      this.stepRows.push({ label, cells });
    }
    this.drawLine = make("p", "draw-line");
    this.main.replaceChildren(grid, this.drawLine);
  },

  redrawSteps() {
    const { e, n, z } = this.shaped, t = this.knobs.t, shown = this.shownRows, drawn = this.knobs.draws > 0;
    const below = [0, 0, 0, 0], u = this.u[0];
    let chosen = "";
    this.stepRows.forEach(({ label, cells }, rank) => {
      const other = rank >= shown;
      const p = [0, 1, 2, 3].map((s) => other ? (n[s] > shown ? Math.max(0, 1 - below[s]) : 0) : rank < n[s] ? e[rank] / z[s] : 0);
      const from = below[3];
      p.forEach((value, s) => (below[s] += value));
      const hit = drawn && p[3] > 0 && u >= from && (u < below[3] || other);
      if (hit) chosen = label.textContent;
      const scores = other ? ["–", "–"] : [number(this.logits[rank]), t ? number(this.logits[rank] / t) : "–"];
      const range = p[3] > 0 ? `${from.toFixed(3)} … ${Math.min(1, below[3]).toFixed(3)}` : "–";
      [...scores, ...p.map(percent), range].forEach((text, c) => {
        const stage = c - 2, part = cells[c];
        part.text.textContent = text;
        part.cell.classList.toggle("gone", stage >= 0 && stage < 4 && p[stage] === 0);
        part.cell.classList.toggle("chosen", c === COLUMNS.length - 1 && hit);
        part.line.style.transform = `scaleX(${stage >= 0 && stage < 4 ? p[stage] : 0})`;
      });
    });
    this.drawLine.textContent = drawn
      ? `The first random number of this seed is ${u.toFixed(3)}; it falls into the share of ${chosen}.`
      : "Each token owns a piece of the line from 0 to 1; a random number picks one. Choose a number of draws to see it.";
  },

  redrawCurve() {
    const { e, n, z } = this.shaped, size = this.header.size, width = Math.log(Math.max(2, size));
    let total = 0, next = 1, path = "M0 90";
    for (let i = 0; i < n[1]; i++) {
      total += e[i];
      if (i + 1 < next && i + 1 !== n[1]) continue;
      path += `L${((240 * Math.log(i + 1)) / width).toFixed(1)} ${(90 - (85 * total) / z[1]).toFixed(1)}`;
      next = Math.ceil(next * 1.12 + 0.5);
    }
    const { line, mark, level, kept } = this.curve, x = (240 * Math.log(n[3])) / width, y = 90 - 85 * this.knobs.p;
    line.setAttribute("d", path);
    mark.setAttribute("width", Math.max(1.5, x));
    level.setAttribute("y1", y);
    level.setAttribute("y2", y);
    level.style.display = this.knobs.p < 1 && this.knobs.t > 0 ? "" : "none";
    kept.textContent = `The n likeliest together, 0 to 100%; n = ${n[3].toLocaleString("en")}`;
  },

  // ---- the controls -----------------------------------------------------------------------------------------------------

  syncControls() {
    for (const name of ["t", "k", "p", "m"]) this.syncKnob(name);
    for (const [name, group] of [["view", this.viewChoice], ["scale", this.scaleChoice], ["draws", this.drawChoice]])
      for (const [value, button] of group.buttons) button.setAttribute("aria-pressed", String(this.knobs[name] === value));
    this.countControl.range.value = this.knobs.n;
    fill(this.countControl.range);
    this.countControl.shown.textContent = this.knobs.n;
    show(this.seedControl, this.knobs.seed);
  },

  syncKnob(name) {
    const { range, number: field, hint } = this.controls[name], value = this.knobs[name];
    range.value = name === "k" ? fromK(value, this.header.size) : value;
    show(field, name === "k" ? value ?? this.header.size : value);
    fill(range);
    hint.classList.remove("bad");
    hint.removeAttribute("role");
    field.removeAttribute("aria-invalid");
  },

  hints() {
    const { t, k, p, m } = this.knobs, n = this.shaped.n;
    const texts = {
      t: t === 0 ? "0: greedy, always the likeliest" : t < 1 ? "below 1: likely tokens get likelier"
        : t === 1 ? "1: the model, unchanged" : "above 1: unlikely tokens get a chance",
      k: k === null ? "off: all tokens stay" : `keeps ${n[1].toLocaleString("en")} of ${this.header.size.toLocaleString("en")}`,
      p: p >= 1 ? "off" : `the top ${n[2].toLocaleString("en")} reach ${p}`,
      m: m === 0 ? "off" : `${n[3].toLocaleString("en")} with p ≥ ${m} × best`,
    };
    for (const [name, { hint }] of Object.entries(this.controls))
      if (!hint.classList.contains("bad")) hint.textContent = t === 0 && name !== "t" ? "no effect at temperature 0" : texts[name];
  },

  typed(name, text) {
    const value = Number(text), size = this.header.size;
    const allowed = {
      t: [value >= 0 && value <= 2, "Temperature goes from 0 (greedy) to 2 here."],
      k: [Number.isInteger(value) && value >= 1, "Top-k counts tokens: a whole number, at least 1."],
      p: [value >= 0 && value <= 1, "Top-p is a probability: between 0 and 1."],
      m: [value >= 0 && value <= 1, "Min-p is a share of the best: between 0 and 1."],
    }[name];
    if (text === "" || !allowed[0]) {
      const { hint, number: field } = this.controls[name];
      hint.classList.add("bad");
      hint.setAttribute("role", "alert");
      field.setAttribute("aria-invalid", "true");
      hint.textContent = allowed[1];
      return;
    }
    this.knobs[name] = name === "k" && value >= size ? null : value;
    this.syncKnob(name);
    this.redraw();
    this.settle();
  },

  // The page is told when a movement has ended; keys that follow quickly count as one movement.
  settle() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.setState("settings", { ...this.knobs, nonce: this.header.nonce }), 120);
  },
});

function curve() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-2 0 244 94");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "Cumulative probability against the number of tokens, the kept ones marked");
  const part = (tag, attributes, style) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    Object.assign(element.style, { vectorEffect: "non-scaling-stroke" }, style);
    svg.append(element);
    return element;
  };
  const mark = part("rect", { x: 0, y: 5, width: 0, height: 85 }, { fill: "var(--bar)", opacity: 0.16 });
  part("path", { d: "M0 5V90H240" }, { stroke: "var(--line)", fill: "none" });
  const level = part("line", { x1: 0, x2: 240 }, { stroke: "var(--hit)", strokeDasharray: "4 3" });
  const line = part("path", { d: "M0 90" }, { stroke: "var(--bar)", strokeWidth: 2, fill: "none" });
  return { svg, mark, level, line, kept: make("div", "name before") };
}

function number(value) {
  return Number.isFinite(value) ? value.toFixed(2).replace("-", "−") : value < 0 ? "−∞" : "∞";
}
function significant(value) {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
