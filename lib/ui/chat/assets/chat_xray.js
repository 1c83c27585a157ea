/* The conversation as the model sees it. All texts come from people and models: textContent only. */
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".xray");
  root.classList.toggle("with-ids", Boolean(data.ids));
  root.replaceChildren(...meter(data.meter), ...data.blocks.map(block));

  function meter(parts) {
    if (!parts) return [];
    const box = make("div", "meter");
    const bar = make("div", "bar");
    bar.setAttribute("role", "img");
    bar.setAttribute("aria-label", parts.label);
    for (const part of parts.parts) {
      const piece = make("span", "part " + part.role);
      piece.style.width = (100 * part.tokens) / parts.total + "%";
      piece.title = part.label;
      bar.append(piece);
    }
    const legend = make("div", "legend");
    for (const part of parts.parts) {
      const item = make("span", "item");
      item.append(make("span", "dot " + part.role), make("span", "", part.label));
      legend.append(item);
    }
    box.append(bar, legend);
    return [box];
  }

  function block(part) {
    const box = make("section", "block " + part.role + (part.kind ? " " + part.kind : ""));
    const head = make("div", "head");
    head.append(make("span", "role", part.title));
    if (part.flag) head.append(make("span", "flag", part.flag));
    head.append(make("span", "count", part.count));
    const text = make("div", "text");
    for (const token of part.tokens) text.append(...chip(token));
    box.append(head, text);
    return box;
  }

  function chip(token) {
    const node = make("span", "token " + token.kind + (token.control ? " control" : "") + (token.danger ? " danger" : ""));
    node.title = token.tip;
    node.append(make("span", "label", token.text));
    if (data.ids) node.append(make("span", "id", String(token.id)));
    return token.breaks ? [node, document.createElement("br")] : [node];
  }
}
