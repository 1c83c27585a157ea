// One tab stop for many nodes (those with data-rove): arrow keys, Home and End go from one to the next.
function roving(box, back, forward) {
  box.addEventListener("keydown", (event) => {
    const nodes = [...box.querySelectorAll("[data-rove]")], at = nodes.indexOf(event.target);
    const to = { [back]: at - 1, [forward]: at + 1, Home: 0, End: nodes.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    nodes[Math.max(0, Math.min(nodes.length - 1, to))].focus();
  });
  box.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-rove]")) tabStop(box, event.target);
  });
}

// The node that Tab reaches from now on.
function tabStop(box, node) {
  for (const other of box.querySelectorAll("[data-rove]")) other.tabIndex = other === node ? 0 : -1;
}
