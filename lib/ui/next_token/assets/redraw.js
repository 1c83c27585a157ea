// What runs at every movement of a knob: methods of View in chart.js.

Object.assign(View.prototype, {
  changed(name) {
    this.syncKnob(name);
    this.schedule();
  },

  schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.redraw();
    });
  },

  was(rank) {
    return this.raw.e[rank] / this.raw.z[0];
  },

  now(rank) {
    return rank < this.shaped.n[3] ? this.shaped.e[rank] / this.shaped.z[3] : 0;
  },

  reason(rank) {
    if (this.knobs.t === 0) return rank > 0 ? "greedy" : "";
    const n = this.shaped.n;
    return rank < n[3] ? "" : rank >= n[0] ? "the model (−∞)" : rank >= n[1] ? "top-k" : rank >= n[2] ? "top-p" : "min-p";
  },

  redraw() {
    this.shaped = reshape(this.logits, this.knobs, this.e);
    this.hints();
    const count = Math.min(this.knobs.draws, this.u.length);
    this.counts = count ? draw(this.shaped, this.u, count, this.shownRows, this.cumulative) : null;
    if (this.knobs.view === "steps") this.redrawSteps();
    else this.redrawBars(count);
    this.redrawStats();
    this.redrawCurve();
    this.root.dataset.frame = String(Number(this.root.dataset.frame ?? 0) + 1);
  },

  redrawBars(count) {
    const shown = this.shownRows, scale = this.scale();
    let now = 0, was = 0;
    for (let rank = 0; rank < shown; rank++) {
      const a = this.now(rank), b = this.was(rank), bar = this.bars[rank], reason = this.reason(rank);
      now += a;
      was += b;
      this.place(bar, scale, rank, a, b);
      bar.line.classList.toggle("dropped", reason !== "");
      bar.why.textContent = reason ? "dropped by " + reason : "";
      this.placeHit(bar, scale, rank, count);
    }
    if (!this.others) return;
    const a = this.shaped.n[3] <= shown ? 0 : Math.max(0, 1 - now), b = Math.max(0, 1 - was);
    this.place(this.others, scale, -1, a, b);
    this.others.line.classList.toggle("dropped", a === 0);
    this.placeHit(this.others, scale, shown, count);
  },

  place(bar, scale, rank, now, was) {
    const logits = scale.kind === "logit";
    const left = logits ? (rank < 0 ? 0 : scale.at(this.logits[rank] / (this.knobs.t || 1))) : scale.at(now);
    const right = logits ? (rank < 0 ? 0 : scale.at(this.logits[rank])) : scale.at(was);
    bar.now.style.transform = `scaleX(${left})`;
    bar.was.style.transform = `scaleX(${right})`;
    bar.number.textContent = logits && rank >= 0 ? number(this.logits[rank] / (this.knobs.t || 1)) : logits ? "–" : percent(now);
    bar.raw.textContent = logits && rank >= 0 ? number(this.logits[rank]) : logits ? "–" : percent(was);
  },

  placeHit(bar, scale, index, count) {
    bar.hit.hidden = true;
    if (!count) return;
    const share = this.counts[index] / count;
    bar.hit.hidden = scale.kind === "logit" || share === 0;
    bar.hit.style.left = `calc(${100 * scale.at(share)}% - 2px)`;
    bar.hit.style.width = "3px";
    bar.drawn.textContent = this.counts[index] ? this.counts[index].toLocaleString("en") + "×" : "·";
  },

  // From a value to a share of the track. The probability axis is always 0 to 100%, as every text gets there: at
  // temperature 0 the first token has it all. An axis that followed the bars would shrink one while its token gets
  // likelier. Where many tokens share the probability the bars are short, and that of all other tokens is long; Log
  // tells the short ones apart.
  scale() {
    const kind = this.knobs.scale;
    if (kind === "linear") {
      this.ticks(["0", "50%", "100%"]);
      return { kind, at: (p) => p };
    }
    if (kind === "log") {
      this.ticks(["10⁻⁷", "0.1%", "100%"], [0, 1 - 3 / -FLOOR, 1]);
      return { kind, at: (p) => (p > 0 ? Math.max(0, 1 - Math.log10(p) / FLOOR) : 0) };
    }
    const t = this.knobs.t || 1, last = this.finite(this.logits[this.shownRows - 1]);
    const values = [this.logits[0], this.logits[0] / t, last, last / t];
    const low = Math.floor(Math.min(...values) - 1), high = Math.ceil(Math.max(...values));
    this.ticks([number(low), number((low + high) / 2), number(high)]);
    return { kind, at: (l) => (l === -Infinity ? 0 : (l - low) / (high - low)) };
  },

  finite(value) {
    return Number.isFinite(value) ? value : this.logits[this.raw.n[0] - 1];
  },

  ticks(texts, places = [0, 0.5, 1]) {
    const key = texts.join() + places.join();
    if (this.axis.dataset.key === key) return;
    this.axis.dataset.key = key;
    this.axis.replaceChildren(...texts.map((text, i) => {
      const tick = make("span", "", text);
      tick.style.left = 100 * places[i] + "%";
      return tick;
    }));
  },

  redrawStats() {
    const bits = this.shaped.entropy / Math.LN2, n = this.shaped.n, z = this.shaped.z;
    const mass = this.knobs.t === 0 ? this.was(0) : z[3] / z[0];
    this.stats.entropy.textContent = bits.toFixed(2);
    this.stats.perplexity.textContent = significant(Math.exp(this.shaped.entropy));
    this.stats.kept.textContent = n[3].toLocaleString("en");
    this.stats.mass.textContent = percent(mass);
    this.before.textContent = `Model (T = 1): ${(this.raw.entropy / Math.LN2).toFixed(2)} bits, ` +
      `${significant(Math.exp(this.raw.entropy))} effective choices.`;
    this.reset.disabled = this.knobs.t === 1 && this.knobs.k === null && this.knobs.p >= 1 && this.knobs.m === 0;
  },
});
