// The bars, laid out anew for a new prompt or another number of tokens: methods of View in chart.js.

Object.assign(View.prototype, {
  layout() {
    this.shownRows = Math.min(this.knobs.n, this.header.rows.length);
    const steps = this.knobs.view === "steps";
    this.scaleChoice.box.style.display = steps ? "none" : "";
    this.body.classList.toggle("steps", steps);
    const key = [this.header.key, this.shownRows, steps, this.knobs.draws > 0].join();
    if (key === this.laidOut) return;
    this.laidOut = key;
    this.tip.hidden = true;
    this.main.replaceChildren();
    if (steps) this.layoutSteps();
    else this.layoutBars();
  },

  layoutBars() {
    const wide = this.knobs.draws > 0 ? " draws" : "";
    const head = make("div", "row head" + wide);
    this.axis = make("div", "axis");
    head.append(make("span", "rank", "rank"), make("span", "", "token"), this.axis, make("span", "num", "now"),
                make("span", "num raw", "raw"));
    if (wide) head.append(make("span", "num drawn", "drawn"));
    this.bars = this.header.rows.slice(0, this.shownRows).map((row, rank) => this.bar(row, rank, wide));
    const others = this.header.size - this.shownRows;
    this.others = others > 0 ? this.bar(null, this.shownRows, wide, others) : null;
    this.main.append(head, ...this.bars.map((bar) => bar.line));
    if (this.others) this.main.append(this.others.line);
  },

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
    if (row.id === this.header.actual) label.append(make("b", "", "real"));
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
  },

  append(id) {
    this.tip.hidden = true;
    this.trigger("append", { id, of: this.header.key });
  },

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
  },
});
