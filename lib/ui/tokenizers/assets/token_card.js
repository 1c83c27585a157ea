// What is to be said of one token, and the same characters lit up in every row.
const ID = 0, LABEL = 1, PLAIN = 2, HEX = 3, RAW = 4, START = 5, END = 6, FLAGS = 7;
const UNKNOWN = 1, SPECIAL = 2, PART = 4;

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
  ["Ċ", "Ċ is how a byte-level vocabulary writes a newline"],
  ["ĉ", "ĉ is a tab"],
  ["▁", "▁ is a space"],
];

function notes(token, covered) {
  const said = [];
  if (token[FLAGS] & SPECIAL) return ["A special token: one ID, not text."];
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

// Where a card without a place of its own starts: beside the token, so that the same characters in the rows below stay
// visible; on a narrow screen below it.
function beside(box, frame, width) {
  const left = box.left - frame.left, right = frame.right - box.right, away = 32;
  if (Math.max(left, right) < width + away) return Math.max(0, Math.min(left, frame.width - width));
  return right >= left ? frame.width - right + away : left - width - away;
}

function float(card, node, root) {
  if (getComputedStyle(card).position === "static") return; // it has its place
  const frame = root.getBoundingClientRect();
  const box = node.getClientRects()[0] ?? node.getBoundingClientRect();
  const bar = document.querySelector(".st-key-header")?.getBoundingClientRect().bottom ?? 0; // never over what is typed
  const fits = window.innerHeight - box.bottom > card.offsetHeight + 16 || box.top - card.offsetHeight - 8 < bar;
  card.style.left = beside(box, frame, card.offsetWidth) + "px";
  card.style.top = (fits ? box.bottom - frame.top + 8 : box.top - frame.top - card.offsetHeight - 8) + "px";
}

function place(start, end) {
  if (end <= start) return `before character ${start + 1}`;
  return end - start === 1 ? `character ${end}` : `characters ${start + 1} to ${end}`;
}

function openCard(node, ctx) {
  const { token } = ctx.owner.get(node);
  const covered = ctx.points.slice(token[START], token[END]).join("");
  const spelled = covered.replaceAll(" ", "␣") === token[LABEL]; // the label says it already
  const facts = [
    ["token", token[LABEL]],
    ["id", String(token[ID])],
    ["bytes", token[HEX] || "none"],
    ...(spelled ? [] : [[token[FLAGS] & PART ? "piece of" : "stands for", covered || "nothing"]]),
    ["code points", codePoints(covered, ctx.data.names, ctx.data.beside ? 3 : 6)],
    ["vocabulary", token[RAW]],
    ["place", place(token[START], token[END])],
  ];
  const list = make("dl");
  for (const [key, value] of facts) list.append(make("dt", "", key), make("dd", "", value));
  ctx.card.replaceChildren(list, ...notes(token, covered).map((text) => make("p", "note", text)));
  ctx.card.hidden = false;
  node.setAttribute("aria-describedby", "card");
  float(ctx.card, node, ctx.root);
  light(token[START], token[END], node, ctx);
}

function light(start, end, self, ctx) {
  for (const row of ctx.rows)
    for (const entry of row.nodes) {
      entry.node.classList.toggle("lit", entry.start < end && entry.end > start);
      entry.node.classList.toggle("selected", entry.node === self);
    }
}

function closeCard(ctx) {
  ctx.card.hidden = true;
  ctx.pinned = null;
  for (const row of ctx.rows) for (const { node } of row.nodes) node.classList.remove("lit", "selected");
}

