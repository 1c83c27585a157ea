/* The conversation as the model sees it. All texts come from people and models: textContent only.
   What did not change stays as it is, so that focus and hover outlive an update. */
const views = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".xray");
  let view = views.get(root);
  if (!view) views.set(root, (view = createView(root)));
  if (data.text !== view.text) view.update(JSON.parse((view.text = data.text)));
  return view.destroy;
}

function createView(root) {
  const meterPlace = make("div"), turns = make("div"), card = make("div", "card");
  let meterKey = "", blocks = []; // what is on screen: {key, node}, in order
  card.popover = "manual";
  card.setAttribute("aria-hidden", "true"); // the tokens' labels say the same
  root.replaceChildren(meterPlace, turns, card);

  function update(data) {
    const key = JSON.stringify(data.meter);
    if (key !== meterKey) {
      meterKey = key;
      meterPlace.replaceChildren(...meter(data.meter));
    }
    const next = data.blocks.map((part) => ({ part, key: JSON.stringify([part, data.ids]) }));
    blocks.splice(next.length).forEach((old) => old.node.remove());
    next.forEach(({ part, key }, index) => {
      if (blocks[index]?.key === key) return;
      const node = block(part, data.ids);
      if (blocks[index]) blocks[index].node.replaceWith(node);
      else turns.append(node);
      blocks[index] = { key, node };
    });
    if (!tokens().some((token) => token.tabIndex === 0)) tokens().slice(0, 1).forEach((token) => (token.tabIndex = 0));
    if (!turns.contains(shown)) hide();
  }

  function meter(parts) {
    if (!parts) return [];
    const box = make("div", "meter"), bar = make("div", "bar"), legend = make("div", "legend");
    bar.setAttribute("role", "img");
    bar.setAttribute("aria-label", parts.label);
    for (const part of parts.parts) {
      const piece = make("span", "part " + part.role);
      piece.style.width = (100 * part.tokens) / parts.total + "%";
      piece.title = part.label;
      bar.append(piece);
      const item = make("span", "item");
      item.append(make("span", "dot " + part.role), make("span", "", part.label));
      legend.append(item);
    }
    box.append(bar, legend);
    return [box];
  }

  function block(part, ids) {
    const box = make("section", "block " + part.role + (part.kind ? " " + part.kind : ""));
    const head = make("div", "head");
    head.append(make("span", "role", part.title));
    if (part.flag) head.append(make("span", "flag", part.flag));
    head.append(make("span", "count", part.count));
    const text = make("div", "text");
    text.setAttribute("role", "list");
    text.setAttribute("aria-label", part.title);
    for (const token of part.tokens) text.append(...chip(token, ids));
    box.append(head, text);
    return box;
  }

  function chip(token, ids) {
    const classes = "token " + token.kind + (token.control ? " control" : "") + (token.danger ? " danger" : "");
    const node = tokenChip("span", token.text, { classes, id: ids ? token.id : null });
    node.setAttribute("role", "listitem");
    node.setAttribute("aria-label", `${token.text}, ${token.tip}`);
    node.tabIndex = -1;
    node.dataset.tip = token.tip;
    const end = make("br");
    end.setAttribute("role", "presentation");
    return token.breaks ? [node, end] : [node];
  }

  const tokens = () => [...turns.querySelectorAll(".token")];
  let shown = null; // the token whose card is open

  function show(token) {
    if (token === shown) return;
    shown = token;
    card.textContent = token.dataset.tip;
    if (!card.matches(":popover-open")) card.showPopover();
    place();
  }
  function place() {
    if (!shown) return;
    const box = shown.getClientRects()[0] ?? shown.getBoundingClientRect();
    const below = box.bottom + 4 + card.offsetHeight < innerHeight;
    card.style.left = Math.max(8, Math.min(box.left, innerWidth - card.offsetWidth - 8)) + "px";
    card.style.top = (below ? box.bottom + 4 : box.top - card.offsetHeight - 4) + "px";
  }
  function hide() {
    shown = null;
    if (card.matches(":popover-open")) card.hidePopover();
  }
  function walk(from, key) {
    const all = tokens(), at = all.indexOf(from);
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[key];
    if (to === undefined || !all[to]) return to !== undefined;
    all.forEach((token) => (token.tabIndex = -1));
    all[to].tabIndex = 0;
    all[to].focus();
    return true;
  }

  turns.onpointerover = (event) => (event.target.closest(".token") ? show(event.target.closest(".token")) : hide());
  turns.onpointerleave = hide;
  turns.addEventListener("focusin", (event) => event.target.matches(".token:focus-visible") && show(event.target));
  turns.addEventListener("focusout", hide); // there is no property onfocusin
  turns.onkeydown = (event) => {
    if (event.key === "Escape") hide();
    else if (walk(event.target, event.key)) event.preventDefault();
  };
  window.addEventListener("scroll", place, true);

  function destroy() {
    window.removeEventListener("scroll", place, true);
    hide();
    views.delete(root);
  }
  return { update, destroy };
}
