// The knobs, choices and numbers around the chart, made once: methods of View in chart.js.

Object.assign(View.prototype, {
  build() {
    const knobs = make("div", "knobs");
    this.controls = {
      t: this.knob(knobs, "t", "Temperature", 0, 2, 0.01, "temperature"),
      k: this.knob(knobs, "k", "Top-k", 0, 1000, 1),
      p: this.knob(knobs, "p", "Top-p", 0, 1, 0.01),
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
    this.body = body;
    this.main = make("div", "scroll");
    this.aside = make("aside");
    body.append(this.main, this.aside);
    this.buildAside();
    this.root.append(knobs, line, body);
  },

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
  },

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
  },

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
    for (const [color, text] of [["var(--bar)", "now: after your settings"], ["var(--raw)", "raw: the model's own"]]) {
      const item = make("span"), swatch = make("i");
      swatch.style.background = color;
      item.append(swatch, text);
      legend.append(item);
    }
    line.append(count, draws, legend);
  },

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
    box.append(make("div", "name", "Nucleus: the n likeliest together, 0 to 100%"), this.curve.svg, this.curve.kept);
    this.aside.append(stats, this.before, box);
  },
});
