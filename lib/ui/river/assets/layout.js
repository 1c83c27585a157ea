// Where everything is. A link is a ribbon: from (x0, y0) as high as h0 to (x1, y1) as high as h1, straight on to x2.
// Numbers only: no element is touched here.

const BLOCK = 58, BEND = 46, FAN_BEND = 84, TAIL = 74, FAN_TAIL = 200, ROW = 25, FAN_ROW = 33, HAIR = 1.5; // pixels

function ribbon({ x0, y0, h0, x1, y1, h1, x2 = x1, h2 = h1 }) {
  const m = (x0 + x1) / 2, n = (value) => value.toFixed(1);
  const [a, b, c, d] = [y0 - h0 / 2, y1 - h1 / 2, y1 + h1 / 2, y0 + h0 / 2].map(n);
  const [e, f] = [y1 - h2 / 2, y1 + h2 / 2].map(n), end = n(x2), far = n(x1), from = n(x0), mid = n(m);
  const out = x2 > x1 ? `L${end} ${e}L${end} ${f}L${far} ${c}` : `L${far} ${c}`;
  return `M${from} ${a}C${mid} ${a} ${mid} ${b} ${far} ${b}${out}C${mid} ${c} ${mid} ${d} ${from} ${d}Z`;
}

// Sizes that follow from the width of the window and the length of the text.
function measure(tree, width, height) {
  const narrow = width < 600, depth = Math.max(1, tree.depth - (tree.trunk ? 1 : 0));
  const end = tree.trunk ? (narrow ? 170 : 290) : 40;
  const least = narrow ? 118 : 142;
  const column = Math.max(least, Math.min(230, (width - end - 16) / depth));
  const stream = Math.min(72, height * 0.23);
  return { width, height, column, stream, left: 12, middle: height * 0.455, narrow,
           total: Math.max(width, 12 + depth * column + end), end };
}

// One place of a reading at a step of the dial: the trunk's block, the road that was taken, its rivals, and the rest.
function layoutPlace(tree, place, step, size, grown = 1) {
  const here = tree.trunk[place], x0 = size.left + place * size.column + BLOCK, links = [];
  const taken = here.children.find((node) => node.kind === "taken");
  const rivals = here.children.filter((node) => node !== taken);
  const shares = new Map(here.children.map((node) => [node, chance(tree, node, step)]));
  const rest = Math.max(0, 1 - [...shares.values()].reduce((sum, p) => sum + p, 0));
  const thick = (p) => Math.max(HAIR, p * size.stream) * grown;
  const above = taken ? rivals.filter((_, rank) => rank % 2).reverse() : [];
  const below = taken ? rivals.filter((_, rank) => rank % 2 === 0) : [];
  const order = taken ? [...above, taken, null, ...below] : [...rivals, null];
  const ends = taken ? sides(above, below, shares, size, thick) : fan(rivals, shares, size, thick);
  const bend = taken ? BEND : FAN_BEND, tail = taken ? TAIL : FAN_TAIL;
  let edge = size.middle - (size.stream * grown) / 2;
  for (const node of order) {
    const p = node ? shares.get(node) : rest, h0 = p * size.stream * grown;
    const link = { node, place, p, x0, y0: edge + h0 / 2, h0: Math.max(h0, HAIR * grown) };
    edge += h0;
    if (node === taken && taken) Object.assign(link, { x1: x0 + size.column - BLOCK, y1: size.middle, h1: size.stream * grown });
    else if (node || !taken) Object.assign(link, { x1: x0 + bend, y1: ends.get(node), h1: thick(p), x2: x0 + bend + tail, h2: thick(p) });
    else Object.assign(link, { x1: x0 + BEND, y1: edge - h0 / 2 + 3, h1: 0.4 });
    links.push(link);
  }
  return links;
}

// Rows of the rivals beside the stream, the likeliest nearest to it.
function sides(above, below, shares, size, thick) {
  const ends = new Map();
  for (const [nodes, sign] of [[[...above].reverse(), -1], [below, 1]]) {
    let y = size.stream / 2 + 7;
    for (const node of nodes) {
      const row = Math.max(ROW, thick(shares.get(node)) + 3);
      ends.set(node, size.middle + sign * (y + row / 2));
      y += row;
    }
  }
  return ends;
}

// Rows of what may come next, the likeliest on top, everything else below them.
function fan(rivals, shares, size, thick) {
  const rest = Math.max(0, 1 - rivals.reduce((sum, node) => sum + shares.get(node), 0));
  const rows = [...rivals.map((node) => [node, shares.get(node)]), [null, rest]];
  const heights = rows.map(([, p]) => Math.max(FAN_ROW, thick(p) + 4)), ends = new Map();
  let y = size.middle - heights.reduce((sum, h) => sum + h, 0) / 2;
  y = Math.max(2, y);
  rows.forEach(([node], at) => {
    ends.set(node, y + heights[at] / 2);
    y += heights[at];
  });
  return ends;
}

// A whole tree: nodes of one depth above one another, children in the order of their parents, so that nothing crosses.
function layoutTree(tree, size) {
  const columns = [];
  const visit = (node) => {
    (columns[node.depth] ||= []).push(node);
    [...node.children].sort((a, b) => b.weight - a.weight || a.n - b.n).forEach(visit);
  };
  [...tree.roots].sort((a, b) => b.weight - a.weight || a.n - b.n).forEach(visit);
  const stream = size.height * (tree.kind === "texts" ? 0.55 : 0.42), at = new Map();
  columns.forEach((nodes, depth) => {
    const room = size.height - 12, thick = nodes.map((node) => Math.max(2, node.weight * stream));
    const gap = Math.min(24, (room - thick.reduce((a, b) => a + b, 0)) / nodes.length);
    const rows = thick.map((h) => Math.max(h + 3, Math.min(24, h + Math.max(gap, 0))));
    let y = Math.max(4, size.height / 2 - rows.reduce((a, b) => a + b, 0) / 2);
    nodes.forEach((node, row) => {
      at.set(node, { x: size.left + depth * size.column, y: y + rows[row] / 2, h: thick[row], room: rows[row] });
      y += rows[row];
    });
  });
  return at;
}

function linksOfTree(tree, size, at) {
  const links = [], used = new Map();
  for (const nodes of [tree.roots, ...tree.nodes.map((node) => node.children)]) {
    const parent = nodes.length ? tree.nodes[nodes[0].parent] : undefined, from = parent && at.get(parent);
    const whole = parent ? Math.max(parent.weight, 1e-9) : 1;
    const total = Math.max(nodes.reduce((sum, node) => sum + node.weight, 0), 1e-9);
    const scale = tree.kind === "texts" ? whole : total;
    let edge = from ? from.y - from.h / 2 : 0;
    for (const node of [...nodes].sort((a, b) => at.get(a).y - at.get(b).y)) {
      const { x, y, h } = at.get(node), h0 = from ? Math.max(1, (node.weight / scale) * from.h) : h;
      const start = from ? edge + h0 / 2 : y;
      edge += h0;
      links.push({ node, x0: from ? from.x + BLOCK : 0, y0: start, h0, x1: x, y1: y, h1: h, x2: x + BLOCK, h2: h });
      used.set(node, true);
    }
  }
  return links;
}
