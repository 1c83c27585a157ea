// The pieces that pre-tokenizers make of a text, one box an encoding. Everything shown is set with textContent.
export default function ({ data, parentElement }) {
  const boxes = data.rows.map((row) => {
    const box = make("section", "row"), head = make("div", "head"), pieces = make("div", "pieces");
    box.style.setProperty("--mark", row.colour);
    head.append(make("b", "", row.name), make("span", "", `${row.pieces.length} pieces, ${row.tokens} tokens`));
    pieces.tabIndex = 0; // it may scroll
    pieces.setAttribute("role", "group");
    pieces.setAttribute("aria-label", `pieces of ${row.name}`);
    for (const [text, count] of row.pieces) {
      const piece = make("span", "pg-token" + (count > 1 ? " many" : ""), text);
      piece.title = `one piece, ${count} token${count === 1 ? "" : "s"}`;
      if (count > 1) piece.append(make("sub", "", String(count)));
      pieces.append(piece);
      if (text.includes("⏎")) pieces.append(document.createElement("br"));
    }
    box.append(head, pieces);
    return box;
  });
  parentElement.querySelector(".rows").replaceChildren(...boxes);
}
