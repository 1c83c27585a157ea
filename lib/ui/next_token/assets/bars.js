// The bars, one a token, laid out for another number of tokens or another view: methods of View in chart.js.

Object.assign(View.prototype, {
  layout() {
    this.shownRows = Math.min(this.knobs.n, this.header.rows.length);
    const steps = this.knobs.view === "steps";
    this.scaleChoice.box.style.visibility = this.rawKey.style.visibility = steps ? "hidden" : "";
    this.main.classList.toggle("with-draws", this.knobs.draws > 0);
    const key = [this.header.key, this.shownRows, steps].join();
    if (key === this.laidOut) return;
    this.laidOut = key;
    this.tip.hidden = true;
    if (steps) this.layoutSteps();
    else this.layoutBars();
  },

  layoutBars() {
    if (!this.bars) {
      this.main.replaceChildren();
      this.main.removeAttribute("tabindex");
      this.main.append(this.barsHead());
      this.bars = [];
      this.rest = this.bar(null);
      this.main.append(this.rest.line);
    }
    const focused = this.main.getRootNode().activeElement;
    while (this.bars.length > this.shownRows) this.bars.pop().line.remove();
    while (this.bars.length < this.shownRows) {
      this.bars.push(this.bar(this.bars.length));
      this.rest.line.before(this.bars.at(-1).line);
    }
    this.bars.forEach((bar, rank) => this.name(bar, this.header.rows[rank]));
    tabStop(this.main, (this.bars.find((bar) => bar.line === focused) ?? this.bars[0])?.line);
    const others = this.header.size - this.shownRows;
    this.others = others > 0 ? this.rest : null;
    this.rest.line.hidden = others <= 0;
    this.rest.count.textContent = others.toLocaleString("en") + " tokens";
  },

  barsHead() {
    const head = make("div", "row head");
    this.axis = make("div", "axis");
    head.append(make("span", "rank", "rank"), make("span", "", "token"), this.axis);
    for (const [kind, text, title] of [["", "after", "after sampling settings"], [" raw", "model", "model (T = 1)"],
                                       [" drawn", "drawn", "how often it was drawn"]]) {
      const cell = make("span", "num" + kind);
      cell.title = title;
      cell.append(make("i"), text);
      head.append(cell);
    }
    return head;
  },

  // A row of the chart; rank null is everything that has no row of its own.
  bar(rank) {
    const token = rank !== null, line = make(token ? "button" : "div", token ? "row" : "row else");
    const label = make("span", "label"), number = make("span", "num"), raw = make("span", "num raw");
    const drawn = make("span", "num drawn"), track = make("span", "track"), why = make("span", "why");
    const now = make("i", "now"), was = make("i", "was"), hit = make("i", "hit");
    track.append(now, was, hit, why);
    line.append(make("span", "rank", token ? String(rank + 1) : ""), label, track, number, raw, drawn);
    const bar = { line, label, now, was, why, hit, number, raw, drawn, count: null };
    if (!token) {
      bar.count = make("small");
      label.append("all other tokens", bar.count);
      return bar;
    }
    line.type = "button";
    line.dataset.rove = "";
    line.tabIndex = -1;
    line.onclick = () => this.append(Number(line.dataset.id));
    line.onpointermove = (event) => event.pointerType === "mouse" && this.showTip(rank, event.clientX, event.clientY);
    line.onfocus = () => {
      const box = line.getBoundingClientRect();
      if (line.matches(":focus-visible")) this.showTip(rank, box.left + 150, box.bottom);
    };
    line.onpointerleave = line.onblur = () => (this.tip.hidden = true);
    return bar;
  },

  name(bar, row) {
    bar.line.dataset.id = row.id;
    bar.label.replaceChildren(make("span", row.special ? "pg-token control" : "pg-token", row.label));
    if (row.id === this.header.actual) bar.label.append(make("b", "", "real"));
  },

  append(id) {
    this.tip.hidden = true;
    this.trigger("append", { id, of: this.header.key });
  },

  showTip(rank, x, y) {
    const row = this.header.rows[rank];
    const parts = [["token ID", String(row.id)], ["bytes", row.hex], ["rank", String(rank + 1)],
      ["logit", number(this.logits[rank])], ["logit ÷ temperature", this.knobs.t ? number(this.logits[rank] / this.knobs.t) : "–"],
      ["model (T = 1)", percent(this.was(rank))], ["after sampling settings", percent(this.now(rank))],
      ["surprise", number(-Math.log2(this.was(rank))) + " bits"]];
    if (row.special) parts.push(["special token", "a sign for the program, not text"]);
    const reason = this.reason(rank);
    if (reason) parts.push(["dropped by", reason]);
    this.tip.replaceChildren(make("b", "", row.label));
    for (const [name, value] of parts) this.tip.append(make("span", "", name), make("span", "", value));
    this.tip.hidden = false;
    const box = this.tip.getBoundingClientRect();
    this.tip.style.left = Math.min(x + 16, window.innerWidth - box.width - 8) + "px";
    this.tip.style.top = (y + box.height + 24 > window.innerHeight ? y - box.height - 12 : y + 16) + "px";
  },
});
