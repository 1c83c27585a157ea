// Pointer, keyboard and the card that shows where a road leads: methods of River in river.js.

const PAUSE = 150; // ms of hovering after which a preview that nobody computed yet is asked for

Object.assign(River.prototype, {
  listenRoads() {
    const nodeOf = (event) => {
      const target = event.target.closest?.("[data-node]");
      return target ? this.tree.nodes[Number(target.dataset.node)] : null;
    };
    for (const area of [this.items, this.svg]) {
      area.addEventListener("pointerover", (event) => {
        const node = nodeOf(event);
        if (node && event.pointerType !== "touch") this.look(node);
      });
      area.addEventListener("click", (event) => {
        const node = nodeOf(event);
        if (node) this.take(node);
      });
    }
    this.window.addEventListener("pointerleave", () => this.closeCard());
    this.items.addEventListener("focusin", (event) => {
      const node = nodeOf(event);
      if (node && event.target.matches(":focus-visible")) this.look(node);
    });
    this.items.addEventListener("focusout", () => this.closeCard());
    this.items.addEventListener("keydown", (event) => this.key(event, nodeOf(event)));
  },

  newest() {
    if (!this.tree.trunk) return this.tree.roots[0];
    const end = this.tree.trunk[this.tree.trunk.length - 1];
    return end.children[0] || end;
  },

  // One tab stop for all: the item that the arrow keys left off at.
  rove(node) {
    if (!node) return;
    if (this.roving) this.parts.get(this.roving)?.button.setAttribute("tabindex", "-1");
    this.roving = node;
    this.parts.get(node).button.tabIndex = 0;
  },

  focusNewest() {
    this.parts.get(this.newest())?.button.focus({ preventScroll: true });
    this.rove(this.newest());
  },

  key(event, node) {
    if (!node) return;
    const to = this.neighbour(node, event.key);
    if (event.key === "Escape") this.closeCard();
    else if (event.key === "Enter" || event.key === " ") this.take(node);
    else if (to) {
      this.rove(to);
      const { button } = this.parts.get(to);
      button.focus({ preventScroll: true });
      this.reveal(to);
    } else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
  },

  // Left and right along the text, up and down among what stands at one place.
  neighbour(node, key) {
    const column = (depth) => this.tree.nodes.filter((one) => one.depth === depth);
    const y = (one) => this.parts.get(one).button.getBoundingClientRect().top;
    const here = column(node.depth).sort((a, b) => y(a) - y(b)), at = here.indexOf(node);
    if (key === "ArrowDown") return here[at + 1];
    if (key === "ArrowUp") return here[at - 1];
    if (key === "ArrowLeft") return this.tree.nodes[node.parent];
    const on = node.children.find((one) => one.kind === "taken") || node.children[0];
    if (key === "ArrowRight") return on || this.main(column(node.depth + 1));
    if (key === "Home") return this.tree.roots[0];
    if (key === "End") return this.newest();
    return undefined;
  },

  main(nodes) {
    return nodes.find((one) => one.kind === "taken") || nodes[0];
  },

  // The window scrolls sideways, never the page.
  reveal(node) {
    const { left, column, width } = this.size, from = this.window.scrollLeft / this.unit;
    const x = left + Math.max(0, node.depth - 1) * column, right = x + 2 * column - width;
    if (x < from || right > from) this.window.scrollTo({ left: (x < from ? x - 20 : right) * this.unit, behavior: "instant" });
  },

  take(node) {
    if (!this.data.clickable || node.kind === "taken") return;
    this.root.classList.add("waiting");
    this.clicked = this.data.key;
    setTimeout(() => { // should the answer be that nothing changes
      this.root.classList.remove("waiting");
      this.clicked = null;
    }, 5000);
    this.trigger("take", { place: node.depth, id: node.id, of: this.data.key });
  },

  // Nothing is asked for while a click waits: of two messages of one component that a busy server has not read yet,
  // Streamlit keeps the newer.
  preview(node) {
    if (this.clicked !== this.data.key) this.trigger("ask", { place: node.depth, id: node.id, of: this.data.key });
  },

  look(node) {
    if (this.looked === node) return;
    this.closeCard();
    this.looked = node;
    const part = this.parts.get(node);
    this.root.classList.add("looking");
    this.light(part, true);
    this.fillCard(node);
    const known = this.data.previews?.[`${node.depth}:${node.id}`];
    if (this.data.clickable && node.kind === "rival" && !known) {
      this.hovering = setTimeout(() => this.preview(node), PAUSE);
    }
  },

  light(part, on) {
    part.button.classList.toggle("looked", on);
    for (const path of part.links) {
      path.classList.toggle("looked", on);
      const fading = path.getAttribute("fill");
      if (fading?.includes("fade")) path.setAttribute("fill", `url(#fade-${on ? "looked" : this.tree.nodes[Number(path.dataset.node)].kind})`);
    }
  },

  fillCard(node) {
    const facts = make("div", "facts"), add = (name, value) => facts.append(make("span", "", name), make("b", "", value));
    add("token", `${node.label}`);
    add("token ID", String(node.id));
    if (this.tree.trunk && node.depth) {
      add(`at T = ${this.tree.temperatures[this.step].toFixed(2)}`, percent(chance(this.tree, node, this.step)));
      if (node.logprob !== null) add("model (T = 1)", percent(Math.exp(node.logprob)));
    } else if (node.logprob !== null) add("probability", percent(Math.exp(node.logprob)));
    if (this.tree.kind === "texts") add("texts here", String(node.owners.length));
    const road = make("div", "road");
    if (this.data.clickable && node.kind === "rival") {
      const known = this.data.previews?.[`${node.depth}:${node.id}`];
      const labels = known || ["…"];
      road.append(make("span", "arrow", "leads to"), ...labels.map((label) => (known ? tokenChip("span", label) : make("span", "arrow", label))));
      road.classList.toggle("pending", !known);
      if (known && known.length === 0) road.append(make("span", "arrow", "the end of the text"));
    } else if (node.kind === "finished") road.append(make("span", "arrow", "here the model ends its text"));
    this.parts.get(node).button.setAttribute("aria-description", road.textContent && [...road.children].map((one) => one.textContent.replace(/␣/g, " ")).join(" "));
    this.card.replaceChildren(...(road.childElementCount ? [road] : []), facts);
    this.card.hidden = false;
    this.placeCard();
  },

  placeCard() {
    if (!this.looked || this.card.hidden) return;
    const label = this.parts.get(this.looked).button.getBoundingClientRect();
    const box = this.content.getBoundingClientRect(), view = this.window.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.card;
    const right = label.right - box.left + 8;
    const room = view.right - label.right - 12 >= width;
    const left = room ? right : Math.min(label.left - box.left, view.right - box.left - width - 6);
    let top = room ? label.top - box.top + label.height / 2 - height / 2 : label.bottom - box.top + 6;
    if (!room && top + height > box.height - 2) top = label.top - box.top - height - 6;
    top = Math.max(2, Math.min(top, box.height - height - 2));
    this.card.style.transform = `translate(${Math.max(view.left - box.left + 4, left)}px, ${top}px)`;
  },

  refreshCard() {
    this.root.classList.remove("waiting");
    if (this.looked) this.fillCard(this.looked);
  },

  closeCard() {
    clearTimeout(this.hovering);
    this.root.classList.remove("looking");
    if (this.looked) {
      const part = this.parts.get(this.looked);
      if (part) this.light(part, false);
    }
    this.looked = null;
    this.card.hidden = true;
  },
});
