// Rows of tokens, one row a tokenizer. Hovering, focusing or tapping a token opens a card and lights up the same
// characters in every row. Everything shown is set with textContent.
const ID = 0, LABEL = 1, PLAIN = 2, HEX = 3, RAW = 4, START = 5, END = 6, FLAGS = 7;
const UNKNOWN = 1, SPECIAL = 2, PART = 4;
const memory = new WeakMap();

function chip(token, n, row, ctx) {
  const flags = token[FLAGS];
  const ids = ctx.data.view === "ids";
  const plain = token[PLAIN].replace(/\n$/, ""); // `fill` breaks the line after the chip
  const text = ids ? String(token[ID]) : ctx.data.spaces || !token[PLAIN] ? token[LABEL] : plain;
  const node = make("span", "chip c" + (n % 8), text);
  if (flags & UNKNOWN) node.classList.add("unknown");
  if (flags & SPECIAL) node.classList.add("special");
  if (flags & PART) node.classList.add("part");
  node.tabIndex = row.nodes.length ? -1 : 0;
  ctx.owner.set(node, { token, row });
  row.nodes.push({ node, start: token[START], end: token[END] });
  return node;
}

function fill(box, spec, row, ctx) {
  let n = 0;
  for (const item of spec.items) {
    if (item.gap !== undefined) {
      const node = make("span", item.space ? "gap space" : "gap", item.space ? "·" : item.gap);
      node.title = item.space ? "white space: no token covers it" : "no token covers " + item.gap;
      row.nodes.push({ node, start: item.start, end: item.end });
      box.append(node);
      continue;
    }
    let into = box;
    if (item.of !== undefined) {
      into = make("span", "group");
      into.append(make("span", "of", ctx.data.spaces ? item.of : item.of.replaceAll("␣", " ")));
      box.append(into);
    }
    for (const token of item.tokens) {
      into.append(chip(token, n++, row, ctx));
      if (ctx.data.view !== "ids" && token[LABEL].endsWith("⏎")) box.append(document.createElement("br"));
    }
  }
}

function drawRow(spec, ctx) {
  const row = { nodes: [], spec };
  const root = make("div", "row");
  root.dataset.tokenizer = spec.name;
  const head = make("div", "head");
  const count = make("span", "count", spec.count);
  count.append(make("small", "", spec.rate));
  head.append(make("span", "name", spec.label), make("span", "about", spec.about), count);
  root.append(head);
  if (spec.error) {
    root.append(make("span", "error", spec.error));
    return { root, row };
  }
  const ids = spec.items.flatMap((item) => item.tokens ?? []).map((token) => token[ID]);
  const copy = make("button", "copy", ids.length < spec.total ? `Copy first ${ids.length} ids` : "Copy ids");
  copy.type = "button";
  copy.onclick = () => copyText("[" + ids.join(", ") + "]", copy);
  head.append(copy);
  const box = make("div", ctx.data.view === "ids" ? "chips ids" : "chips");
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", `tokens of ${spec.label}`);
  box.dir = ctx.data.view === "ids" ? "ltr" : "auto";
  fill(box, spec, row, ctx);
  root.append(box);
  if (spec.more) root.append(make("span", "more", spec.more));
  return { root, row };
}

async function copyText(text, button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = label), 1200);
}

function codePoints(text, names, most) {
  const points = Array.from(text);
  const shown = points.slice(0, most).map((char) => {
    const hex = "U+" + char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return names[char] ? `${hex} ${names[char]}` : hex;
  });
  if (points.length > most) shown.push(`… ${points.length} in all`);
  return shown.join("\n");
}

const SPELLING = [
  ["Ġ", "Ġ is how this vocabulary writes a space"],
  ["Ċ", "Ċ is a newline"],
  ["ĉ", "ĉ is a tab"],
  ["▁", "▁ is a space"],
];

function notes(token, covered) {
  const said = [];
  if (token[FLAGS] & SPECIAL) return ["A control token: one id, not text."];
  if (token[FLAGS] & UNKNOWN) said.push("Unknown: the vocabulary has no entry for this text.");
  if (token[FLAGS] & PART) said.push("Only some of the bytes of a character; the rest is in its neighbours.");
  if (token[RAW] === covered) return said; // spelled as it is written: nothing to explain
  const spelled = SPELLING.filter(([sign]) => token[RAW].includes(sign)).map(([, meaning]) => meaning);
  if (token[RAW].startsWith("##") && !covered.startsWith("##")) spelled.push("## means: continues the word");
  if (token[RAW].startsWith("b'") || token[RAW].startsWith('b"')) spelled.push("tiktoken stores plain bytes");
  else if (/[\u0100-\u0143\u00a1-\u00ff]/.test(token[RAW].replace(/[ĠĊĉ]/g, "")) && !/[a-z]{2}/i.test(token[RAW]))
    spelled.push("each such sign stands for one byte");
  if (spelled.length) said.push(spelled.join("; ") + ".");
  return said;
}

// Where the card starts: beside the token, so that the same characters in the rows below stay visible; on a narrow
// screen below it.
function beside(box, frame, width) {
  const left = box.left - frame.left, right = frame.right - box.right, away = 32;
  if (Math.max(left, right) < width + away) return Math.max(0, Math.min(left, frame.width - width));
  return right >= left ? frame.width - right + away : left - width - away;
}

function place(start, end) {
  if (end <= start) return `before character ${start + 1}`;
  return end - start === 1 ? `character ${end}` : `characters ${start + 1} to ${end}`;
}

function openCard(node, ctx) {
  const { token, row } = ctx.owner.get(node);
  const covered = ctx.points.slice(token[START], token[END]).join("");
  const facts = [
    ["token", token[LABEL]],
    ["id", String(token[ID])],
    ["bytes", token[HEX] || "none"],
    [token[FLAGS] & PART ? "piece of" : "stands for", covered || "nothing"],
    ["code points", codePoints(covered, ctx.data.names, ctx.root.clientWidth < 480 ? 3 : 6)],
    ["vocabulary", token[RAW]],
    ["place", place(token[START], token[END])],
  ];
  const list = make("dl");
  for (const [key, value] of facts) list.append(make("dt", "", key), make("dd", "", value));
  ctx.card.replaceChildren(list, ...notes(token, covered).map((text) => make("p", "note", text)));
  ctx.card.hidden = false;
  const frame = ctx.root.getBoundingClientRect();
  const box = node.getClientRects()[0] ?? node.getBoundingClientRect();
  ctx.card.style.left = beside(box, frame, ctx.card.offsetWidth) + "px";
  const below = box.bottom - frame.top + 8;
  const room = window.innerHeight - box.bottom > ctx.card.offsetHeight + 16;
  ctx.card.style.top = (room ? below : box.top - frame.top - ctx.card.offsetHeight - 8) + "px";
  light(token[START], token[END], node, ctx);
  return row;
}

function light(start, end, self, ctx) {
  for (const row of ctx.rows)
    for (const entry of row.nodes) {
      entry.node.classList.toggle("lit", entry.start < end && entry.end > start);
      entry.node.classList.toggle("self", entry.node === self);
    }
}

function closeCard(ctx) {
  ctx.card.hidden = true;
  ctx.pinned = null;
  for (const row of ctx.rows) for (const { node } of row.nodes) node.classList.remove("lit", "self");
}

function listen(ctx) {
  const find = (event) => (event.target.classList?.contains("chip") ? event.target : null);
  ctx.root.onmouseover = (event) => {
    const node = find(event);
    if (node && !ctx.pinned) openCard(node, ctx);
    else if (!node && !ctx.pinned) closeCard(ctx);
  };
  ctx.root.onmouseleave = () => ctx.pinned || closeCard(ctx);
  ctx.root.onclick = (event) => {
    const node = find(event);
    const same = node && node === ctx.pinned;
    closeCard(ctx);
    if (node && !same) {
      openCard(node, ctx);
      ctx.pinned = node;
    }
  };
  ctx.root.onfocusin = (event) => find(event)?.matches(":focus-visible") && openCard(event.target, ctx);
  ctx.root.onfocusout = () => ctx.pinned || closeCard(ctx);
  ctx.root.onkeydown = (event) => {
    const node = find(event);
    if (event.key === "Escape") closeCard(ctx);
    if (!node || !["ArrowRight", "ArrowLeft"].includes(event.key)) return;
    const chips = [...node.closest(".chips").querySelectorAll(".chip")];
    const next = chips[chips.indexOf(node) + (event.key === "ArrowRight" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    node.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
    openCard(next, ctx);
  };
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".rows");
  const fingerprint = JSON.stringify(data);
  if (memory.get(root) === fingerprint) return;
  memory.set(root, fingerprint);
  const ctx = { data, root, rows: [], owner: new WeakMap(), pinned: null, points: Array.from(data.text) };
  ctx.card = make("div", "card");
  ctx.card.hidden = true;
  ctx.card.setAttribute("role", "tooltip");
  const drawn = data.rows.map((spec) => drawRow(spec, ctx));
  ctx.rows = drawn.map(({ row }) => row);
  root.replaceChildren(...drawn.map((one) => one.root), ctx.card);
  listen(ctx);
}
