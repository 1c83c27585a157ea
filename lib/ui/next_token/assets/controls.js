// The knobs, choices and numbers beside the chart, made once: methods of View in chart.js.

const STATS = {
  entropy: "Entropy: the average surprise of this distribution, in bits",
  perplexity: "2 to the power of the entropy: as many equally likely tokens would be as uncertain. Also called the perplexity of the distribution",
  kept: "Tokens with a probability above 0 after the settings",
  mass: "The share of the model's probability that the filters kept",
};

Object.assign(View.prototype, {
  build() {
    const line = make("div", "bar-line"), left = make("div", "left"), side = make("div", "side");
    this.viewChoice = this.choice(line, "view", VIEWS, "What to show");
    this.scaleChoice = this.choice(line, "scale", SCALES, "Scale");
    this.rawKey = make("span", "key", "grey: model (T = 1)");
    line.append(this.count(), this.rawKey);
    this.body = make("div", "body");
    this.main = make("div", "scroll");
    roving(this.main, "ArrowUp", "ArrowDown");
    left.append(line, this.main);
    side.setAttribute("role", "group");
    side.setAttribute("aria-label", "Settings of the distribution");
    side.append(this.settings(), this.drawing(), this.figures());
    this.body.append(left, side);
    this.root.append(this.body);
  },

  settings() {
    const knobs = make("div", "knobs");
    this.controls = {
      t: this.knob(knobs, "t", "Temperature", 0, 2, 0.01, "temperature"),
      k: this.knob(knobs, "k", "Top-k", 0, 1000, 1),
      p: this.knob(knobs, "p", "Top-p", 0, 1, 0.01),
      m: this.knob(knobs, "m", "Min-p", 0, 1, 0.01),
    };
    return knobs;
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
    keepTyping(number);
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

  count() {
    const count = make("label", "small"), range = make("input"), shown = make("span", "count");
    Object.assign(range, { type: "range", min: 5, max: 100, step: 1 });
    range.setAttribute("aria-label", "Number of tokens shown");
    range.oninput = () => {
      this.knobs.n = Number(range.value);
      shown.textContent = range.value;
      fill(range);
      this.layout();
      this.schedule();
    };
    range.onchange = () => this.settle();
    count.append(make("span", "", "Top"), range, shown);
    this.countControl = { range, shown };
    return count;
  },

  drawing() {
    const box = make("div", "drawing"), draws = make("div", "small"), last = make("div", "small");
    draws.append(make("span", "", "Draw"));
    this.drawChoice = this.choice(draws, "draws", [[0, "none"], [1, "1"], [100, "100"], [10000, "10,000"]], "Draws");
    const seed = make("label", "small"), number = make("input"), reset = make("button", "plain reset", "Model (T = 1)");
    Object.assign(number, { type: "number", min: 0, max: 4294967295, step: 1 });
    number.setAttribute("aria-label", "Seed of the draws");
    keepTyping(number);
    number.onchange = () => {
      const value = Math.floor(Number(number.value));
      this.knobs.seed = Number.isFinite(value) && value >= 0 ? Math.min(value, 4294967295) : 0;
      number.value = this.knobs.seed;
      this.settle();
    };
    seed.append(make("span", "", "Seed"), number);
    this.seedControl = number;
    reset.type = "button";
    reset.title = "Temperature 1 and no filter";
    reset.onclick = () => {
      Object.assign(this.knobs, { t: 1, k: null, p: 1, m: 0 });
      this.syncControls();
      this.redraw();
      this.settle();
    };
    this.reset = reset;
    last.append(seed, reset);
    box.append(draws, last);
    return box;
  },

  figures() {
    const box = make("div", "figures");
    this.stats = {};
    for (const [key, name] of [["entropy", "bits of entropy"], ["perplexity", "effective choices"],
                               ["kept", "tokens still possible"], ["mass", "of probability kept"]]) {
      const stat = make("div", "stat"), value = make("div", "value");
      value.dataset.stat = key;
      stat.append(value, make("div", "name", name));
      stat.title = STATS[key];
      box.append(stat);
      this.stats[key] = value;
    }
    this.before = make("div", "name before");
    this.curve = curve();
    box.append(this.before, this.curve.kept, this.curve.svg);
    return box;
  },
});

// The part of a slider's track before its thumb has another colour.
function fill(range) {
  range.style.setProperty("--at", (100 * (range.value - range.min)) / (range.max - range.min) + "%");
}

// A page that is drawn anew while somebody types into a box leaves what is in it until it is entered.
function keepTyping(field) {
  field.addEventListener("input", () => { field.typing = true; });
  field.addEventListener("change", () => { field.typing = false; }, true); // before `onchange` takes it
}

function show(field, value) {
  if (!field.typing) field.value = value;
}
