// The river of roads not taken: a text as a stream, its rivals forking off. Text reaches the page only as textContent.

const SVG = "http://www.w3.org/2000/svg";
const views = new WeakMap();

export default function (component) {
  let view = views.get(component.parentElement);
  if (!view) views.set(component.parentElement, (view = new River(component.parentElement)));
  view.receive(component);
  return () => view.leave();
}

function drawn(name, attributes = {}) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

// All lengths here are pixels where a rem is 16 of them; the projector's larger letters make everything larger.
function rem(length) {
  return `${(length / 16).toFixed(4)}rem`;
}

function pixels() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}

// The stream from one token to the next takes the heat of the second.
function heatOf(before, node) {
  const gradient = drawn("linearGradient", { id: `heat-${node.n}`, class: "heat" });
  for (const [offset, logprob] of [[0.05, before.logprob], [0.6, node.logprob]]) {
    const stop = drawn("stop", { offset });
    stop.style.setProperty("--surprise", surprise(logprob));
    gradient.append(stop);
  }
  return gradient;
}

// Arms that run dry: a colour each, which CSS names, fading towards the right.
function fades() {
  const all = drawn("defs");
  for (const name of ["rival", "finished", "rest", "looked"]) {
    const fade = drawn("linearGradient", { id: `fade-${name}`, class: `fade-${name}` });
    for (const [offset, opacity] of [[0, 1], [0.45, 1], [1, 0]]) fade.append(drawn("stop", { offset, "stop-opacity": opacity }));
    all.append(fade);
  }
  return all;
}

class River {
  constructor(parent) {
    this.parent = parent; // a shadow root, which is nobody's parentElement
    this.root = parent.querySelector(".river");
    this.quiet = matchMedia("(prefers-reduced-motion: reduce)");
    this.build();
    this.listen();
  }

  build() {
    this.tools = make("div", "tools");
    this.buildDial();
    this.legend = make("div", "legend");
    this.buildShare();
    this.tools.append(this.dial, this.legend, this.shareBox);
    this.window = make("div", "window");
    this.content = make("div", "content");
    this.svg = drawn("svg", { "aria-hidden": "true", focusable: "false" });
    this.ribbons = drawn("g");
    this.heats = drawn("defs");
    this.svg.append(fades(), this.heats, this.ribbons);
    this.items = make("div", "items");
    this.items.setAttribute("role", "tree");
    this.card = make("div", "card");
    this.card.hidden = true;
    this.content.append(this.svg, this.items, this.card);
    this.window.append(this.content);
    this.status = make("div", "status");
    this.status.setAttribute("role", "status");
    const stage = make("div", "stage");
    stage.append(this.window, this.edge("earlier", "‹", -1), this.edge("later", "›", 1));
    this.root.replaceChildren(this.tools, stage, this.status);
  }

  // There while something lies beyond that side, as a touch screen shows no scrollbar. Keys walk the tree instead.
  edge(name, sign, way) {
    const button = make("button", "edge " + name, sign);
    Object.assign(button, { type: "button", tabIndex: -1, title: `Show what is ${name}` });
    button.setAttribute("aria-label", button.title);
    button.onclick = () => {
      this.heading = false;
      const left = way * 0.75 * this.window.clientWidth;
      this.window.scrollBy({ left, behavior: this.quiet.matches ? "instant" : "smooth" });
    };
    return button;
  }

  edges() {
    this.root.classList.toggle("scrolled", this.window.scrollLeft > 4);
    this.root.classList.toggle("more", this.toGo() > 4);
  }

  buildDial() {
    this.dial = make("label", "dial");
    this.range = make("input");
    Object.assign(this.range, { type: "range", min: 0.2, max: 2, step: 0.05, value: 1 });
    this.range.setAttribute("aria-label", "Temperature");
    this.shownT = make("output", "", "1.00");
    this.dial.append(make("span", "name", "Temperature"), this.range, this.shownT);
    this.range.oninput = () => this.turn();
    this.range.onchange = () => this.settle(true);
  }

  receive({ data, setStateValue, setTriggerValue }) {
    this.report = setStateValue;
    this.trigger = setTriggerValue;
    const fresh = this.data?.key !== data.key, before = this.data;
    const turned = this.data?.nonce !== data.nonce;
    this.data = data;
    this.root.style.setProperty("--height", rem(data.height));
    this.items.setAttribute("aria-label", data.name);
    this.root.dataset.kind = data.tree.kind;
    this.root.classList.toggle("clickable", data.clickable);
    if (turned) this.range.value = data.temperature;
    if (fresh) this.adopt(before);
    this.dial.hidden = !this.tree.trunk;
    this.shareBox.hidden = !data.share;
    this.tools.hidden = !this.tree.trunk && !this.tree.names.length && !data.share;
    this.say(data.hint || "");
    this.refreshCard();
    if (turned && !fresh) this.turn();
  }

  // Another tree: build its elements, and let the newest place grow.
  adopt(before) {
    this.closeCard();
    const focused = this.items.contains(this.root.getRootNode().activeElement);
    this.tree = treeOf(this.data.tree);
    this.step = this.tree.trunk ? stepOf(this.tree, Number(this.range.value)) : 0;
    this.measure();
    this.makeElements();
    this.writeLegend();
    this.everything();
    this.toNewest(Boolean(before));
    this.edges();
    if (focused) this.focusNewest();
    if (before && this.tree.trunk && !this.quiet.matches) this.grow();
  }

  measure() {
    this.unit = pixels();
    this.size = measure(this.tree, Math.max(280, this.window.clientWidth / this.unit), this.data.height);
    const { total, height } = this.size;
    this.content.style.width = rem(total);
    for (const [name, value] of Object.entries({ width: rem(total), height: rem(height), viewBox: `0 0 ${total} ${height}` })) {
      this.svg.setAttribute(name, value);
    }
  }

  toNewest(smooth) {
    if (!this.tree.trunk) return;
    this.atEnd = true;
    this.heading = this.toGo() > 1;
    this.window.scrollTo({ left: this.window.scrollWidth, behavior: smooth && !this.quiet.matches ? "smooth" : "instant" });
  }

  say(words) {
    if (this.status.textContent !== words) this.status.textContent = words;
  }

  listen() {
    this.window.addEventListener("scroll", () => this.scrolled(), { passive: true });
    // A smooth way to the end passes many places, and a resize may cut it short on any: only the reader gives it up.
    for (const kind of ["wheel", "pointerdown", "touchstart", "keydown"]) {
      this.window.addEventListener(kind, () => (this.heading = false), { passive: true });
    }
    this.window.addEventListener("scrollend", () => {
      if (this.heading && this.toGo() >= 8) this.window.scrollTo({ left: this.window.scrollWidth, behavior: "instant" });
      this.heading = false;
    });
    this.sized = new ResizeObserver(() => {
      if (!this.tree || !this.window.clientWidth || this.fits()) return;
      this.measure();
      this.everything();
      if (this.atEnd) this.toNewest(false);
      this.scrolled();
    });
    this.sized.observe(this.window);
    this.listenRoads();
  }

  // Whether everything is where this window and this size of letters want it.
  fits() {
    return this.unit === pixels() && Math.abs(this.window.clientWidth / this.unit - this.size.width) < 1;
  }

  toGo() {
    return this.window.scrollWidth - this.window.clientWidth - this.window.scrollLeft;
  }

  scrolled() {
    if (this.fits() && !this.heading) this.atEnd = this.toGo() < 8;
    this.edges();
    this.ask();
  }

  leave() {
    clearTimeout(this.settling);
    clearTimeout(this.hovering);
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.sized.disconnect();
    views.delete(this.parent);
  }
}
