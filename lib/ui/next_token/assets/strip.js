// The text as tokens on one line, the newest in view, coloured by surprisal where it is known.
// Nodes are kept and given new content, so that the focus stays where it is.

const strips = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let strip = strips.get(parentElement);
  if (!strip) strips.set(parentElement, (strip = new Strip(parentElement)));
  strip.pick = (place) => setTriggerValue("pick", place);
  strip.show(data);
}

class Strip {
  constructor(parent) {
    this.root = make("div", "strip");
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", "The text's tokens");
    this.tip = make("div", "tip");
    this.tip.hidden = true;
    this.note = make("span", "note");
    this.root.append(this.note);
    this.chips = [];
    roving(this.root, "ArrowLeft", "ArrowRight");
    this.root.onscroll = () => {
      this.tip.hidden = true;
      this.edges();
    };
    for (const doing of ["wheel", "pointerdown", "keydown"])
      this.root.addEventListener(doing, () => (this.following = false), { passive: true });
    new ResizeObserver(() => this.follow()).observe(this.root);
    parent.append(this.root, this.tip);
  }

  show({ tokens, hidden, at, ids }) {
    this.tip.hidden = true;
    this.note.hidden = hidden === 0;
    this.note.textContent = `… ${hidden.toLocaleString("en")} earlier`;
    while (this.chips.length > tokens.length) this.drop(this.chips.pop());
    while (this.chips.length < tokens.length) this.chips.push(this.chip());
    tokens.forEach((token, index) => this.dress(this.chips[index], token, token.place === at, ids));
    this.stopAt(at);
    const text = `${hidden} ` + tokens.map((token) => token.id).join();
    if (text !== this.text) this.following = true;
    this.text = text;
    this.follow();
  }

  // The newest token is in view until one scrolls or goes elsewhere oneself.
  follow() {
    if (this.following) this.root.scrollLeft = this.root.scrollWidth;
    this.edges();
  }

  // Tab comes to the focused chip, else to the one that is looked at, else to the newest.
  stopAt(at) {
    const focused = this.root.getRootNode().activeElement;
    const stop = this.chips.find((chip) => chip === focused) ?? this.chips.find((chip) => Number(chip.dataset.place) === at);
    tabStop(this.root, stop ?? this.chips.at(-1));
  }

  drop(chip) {
    const focused = chip === this.root.getRootNode().activeElement;
    chip.remove();
    if (focused) this.chips.at(-1)?.focus();
  }

  chip() {
    const chip = make("button");
    chip.type = "button";
    chip.dataset.rove = "";
    chip.onpointerenter = (event) => event.pointerType === "mouse" && this.card(chip);
    chip.onfocus = () => {
      if (chip.matches(":focus-visible")) this.card(chip);
    };
    chip.onpointerleave = chip.onblur = () => (this.tip.hidden = true);
    this.root.append(chip);
    return chip;
  }

  dress(chip, token, selected, ids) {
    chip.token = token;
    chip.className = ["pg-token", token.path && "taken", token.special && "control", selected && "selected",
      ids && "with-id"].filter(Boolean).join(" ");
    chip.replaceChildren(make("span", "text", token.label));
    if (ids) chip.append(make("span", "id", String(token.id)));
    chip.dataset.place = token.place;
    chip.style.setProperty("--surprise", surprise(token.logprob).toFixed(3));
    chip.setAttribute("aria-pressed", String(selected));
    chip.setAttribute("aria-disabled", String(token.place === 0)); // nothing stands before the first one
    chip.setAttribute("aria-label", [token.label, ...token.facts.map((fact) => fact.join(" "))].join(", "));
    chip.onclick = () => token.place > 0 && this.pick(token.place);
  }

  // Which ends have more beyond them: they fade out.
  edges() {
    const { scrollLeft, scrollWidth, clientWidth } = this.root;
    this.root.classList.toggle("more-left", scrollLeft > 1);
    this.root.classList.toggle("more-right", scrollLeft + clientWidth < scrollWidth - 1);
  }

  card(chip) {
    this.tip.replaceChildren(make("b", "", chip.token.label));
    for (const [name, value] of chip.token.facts) this.tip.append(make("span", "", name), make("span", "", value));
    this.tip.hidden = false;
    const box = chip.getBoundingClientRect(), own = this.tip.getBoundingClientRect();
    const below = box.bottom + own.height + 8 <= window.innerHeight;
    this.tip.style.left = Math.max(8, Math.min(box.left, window.innerWidth - own.width - 8)) + "px";
    this.tip.style.top = (below ? box.bottom + 6 : box.top - own.height - 6) + "px";
  }
}
