// Elements of the river and what moves them: methods of River in river.js.

const GROW = 420; // ms in which a new place opens

Object.assign(River.prototype, {
  makeElements() {
    this.ribbons.replaceChildren();
    this.items.replaceChildren();
    this.heats.replaceChildren();
    this.parts = new Map(); // node -> {link, button, percent}
    this.places = []; // of a reading: {block, rest}
    const links = [], blocks = [];
    for (const node of this.tree.nodes) {
      const part = this.makePart(node);
      this.parts.set(node, part);
      links.push(...part.links);
      if (this.tree.trunk && node.kind === "taken") {
        const block = drawn("path", { class: "block" });
        block.style.setProperty("--surprise", surprise(node.logprob));
        const rest = drawn("path", { class: "rest", fill: "url(#fade-rest)" });
        this.places.push({ block, rest, last: !node.children.some((child) => child.kind === "taken") });
        blocks.push(block);
        links.unshift(rest);
      }
      this.items.append(part.button);
    }
    if (this.tree.trunk) this.makeOthers();
    this.ribbons.append(...links, ...blocks);
    this.rove(this.newest());
  },

  makePart(node) {
    const owners = this.tree.names.length ? node.owners : [-1];
    const links = owners.map((owner) => {
      const path = drawn("path", { class: `link is-${node.kind}${node.best ? " best" : ""}` });
      path.dataset.node = node.n;
      if (this.tree.trunk && node.kind !== "taken") path.setAttribute("fill", `url(#fade-${node.kind})`);
      if (owner >= 0) path.style.setProperty("--own", this.data.colours[owner]);
      if (node.kind === "taken" && this.tree.trunk && node.depth) {
        path.setAttribute("fill", `url(#heat-${node.n})`);
        this.heats.append(heatOf(this.tree.nodes[node.parent], node));
      }
      return path;
    });
    if (node.kind === "taken" && node.depth === 0 && this.tree.trunk) links.length = 0;
    const trunk = node.kind === "taken" && this.tree.trunk, added = trunk && node.depth >= this.data.typed;
    const classes = `token is-${node.kind}${node.best || added ? " taken" : ""}`;
    const button = tokenChip("button", "", { logprob: trunk ? node.logprob : null, classes });
    button.type = "button";
    button.tabIndex = -1;
    button.dataset.node = node.n;
    button.setAttribute("role", "treeitem");
    button.setAttribute("aria-level", String(node.depth + 1));
    button.append(make("span", "label", node.label));
    const number = make("span", trunk ? "id" : "percent", trunk ? String(node.id) : "");
    button.append(number);
    return { links, button, number };
  },

  makeOthers() {
    this.others = make("span", "others");
    this.items.append(this.others);
    this.others.setAttribute("role", "none");
  },

  // All places, names for the screen reader included.
  everything() {
    if (!this.tree.trunk) return this.drawTree();
    this.shownT.textContent = this.tree.temperatures[this.step].toFixed(2);
    for (let place = 0; place < this.tree.trunk.length; place++) this.drawPlace(place);
    this.nameRoads();
  },

  nameRoads() {
    for (const [node, { button }] of this.parts) {
      const p = node.depth ? `, ${share(chance(this.tree, node, this.step))}` : "";
      const what = node.kind === "taken" ? (node.depth < this.data.typed ? "" : ", added") : node.kind === "finished" ? ", ends the text" : "";
      button.setAttribute("aria-label", `${said(node.label)}${p}${what}`);
    }
  },

  // A new temperature, while the dial is being dragged: only what is in the window, once a frame.
  turn() {
    this.step = stepOf(this.tree, Number(this.range.value));
    this.shownT.textContent = this.tree.temperatures[this.step].toFixed(2);
    this.ask();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settle(false), 250);
  },

  settle(report) {
    clearTimeout(this.settling);
    this.nameRoads();
    if (report) this.report("temperature", { value: Number(this.range.value), nonce: this.data.nonce });
  },

  ask() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (this.tree?.trunk) this.drawWindow();
    });
  },

  drawWindow() {
    const { left, column, width } = this.size, from = this.window.scrollLeft / this.unit;
    const first = Math.max(0, Math.floor((from - left) / column) - 2);
    const last = Math.min(this.tree.trunk.length - 1, Math.ceil((from + width - left) / column));
    for (let place = first; place <= last; place++) this.drawPlace(place);
    this.placeCard();
  },

  drawPlace(place, grown = 1) {
    const { block, rest, last } = this.places[place], size = this.size, node = this.tree.trunk[place];
    const x = size.left + place * size.column, top = size.middle - size.stream / 2;
    block.setAttribute("d", place ? `M${x - 0.5} ${top}h${BLOCK + 1}v${size.stream}h${-BLOCK - 1}Z`
      : `M${x + 10} ${top}h${BLOCK - 9.5}v${size.stream}h${9.5 - BLOCK}q-10 0 -10 -10v${20 - size.stream}q0 -10 10 -10Z`);
    this.put(this.parts.get(node).button, x + BLOCK / 2, size.middle);
    for (const link of layoutPlace(this.tree, place, this.step, size, grown)) {
      if (!link.node) {
        rest.setAttribute("d", ribbon(link));
        if (last) this.drawOthers(link);
        continue;
      }
      const part = this.parts.get(link.node);
      part.links[0].setAttribute("d", ribbon(link));
      part.link = link;
      if (link.node.kind === "taken") continue;
      const words = share(link.p);
      if (part.number.textContent !== words) part.number.textContent = words;
      this.put(part.button, link.x1 - 6, link.y1);
      part.button.classList.toggle("next", last);
      part.button.style.setProperty("--most", rem(last ? size.end + size.column - BLOCK - FAN_BEND - 8 : size.column - BEND + 18));
    }
  },

  drawOthers(link) {
    const count = this.data.vocabulary - this.tree.trunk[link.place].children.length;
    this.others.textContent = `${count.toLocaleString("en")} ${this.size.narrow ? "others" : "other tokens together"} ${share(link.p)}`;
    this.put(this.others, link.x1 + 8, link.y1);
  },

  put(element, x, y) {
    element.style.transform = `translate(${rem(x)}, ${rem(y)}) translate(var(--shift), -50%)`;
  },

  grow() {
    const began = performance.now(), place = this.tree.trunk.length - 1;
    const frame = (now) => {
      const t = Math.min(1, (now - began) / GROW);
      if (!this.places[place]) return;
      this.drawPlace(place, 1 - (1 - t) ** 3);
      if (t < 1 && this.tree.trunk.length - 1 === place) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  },

  drawTree() {
    const at = layoutTree(this.tree, this.size);
    for (const link of linksOfTree(this.tree, this.size, at)) {
      const { links, button, number } = this.parts.get(link.node), count = links.length;
      links.forEach((path, row) => {
        const slice = (h, y) => [h / count, y - h / 2 + ((row + 0.5) * h) / count];
        const [h0, y0] = slice(link.h0, link.y0), [h1, y1] = slice(link.h1, link.y1);
        path.setAttribute("d", ribbon({ ...link, h0, y0, h1, y1, h2: h1 }));
      });
      const { room } = at.get(link.node), node = link.node;
      button.classList.toggle("crowded", room < 15);
      this.put(button, link.x1 + 4, link.y1);
      button.style.setProperty("--most", rem(this.size.column - 34));
      number.textContent = "";
      button.setAttribute("aria-label", this.treeName(node));
    }
  },

  treeName(node) {
    if (this.tree.kind === "beams") {
      const p = node.logprob === null ? "" : `, ${share(Math.exp(node.logprob))}`;
      return `${said(node.label)}${p}, ${node.kind === "taken" ? (node.best ? "kept, on the way of the result" : "kept") : node.kind}`;
    }
    const who = this.tree.names.length ? node.owners.map((owner) => this.tree.names[owner]).join(", ") : share(node.weight);
    return `${said(node.label)}, ${who}`;
  },

  writeLegend() {
    this.legend.replaceChildren(...this.tree.names.slice(0, 8).map((name, owner) => {
      const entry = make("span", "owner", name);
      entry.style.setProperty("--own", this.data.colours[owner]);
      return entry;
    }));
  },
});
