// Rows of tokens, one row a tokenizer. Hovering, focusing or tapping a token opens its card (token_card.js). The tokens of
// a row are one stop of the Tab key; arrow keys go on from there. Everything shown is set with textContent.
const memory = new WeakMap();

function chip(token, row, ctx) {
  const flags = token[FLAGS];
  const ids = ctx.data.view === "ids";
  const plain = token[PLAIN].replace(/\n$/, ""); // `fill` breaks the line after the chip
  const text = ids ? String(token[ID]) : ctx.data.spaces || !token[PLAIN] ? token[LABEL] : plain;
  const node = tokenChip("span", text, { classes: "chip" });
  node.classList.toggle("unknown", Boolean(flags & UNKNOWN));
  node.classList.toggle("control", Boolean(flags & SPECIAL));
  node.classList.toggle("part", Boolean(flags & PART));
  node.tabIndex = row.chips.length ? -1 : 0;
  node.setAttribute("role", "button");
  node.setAttribute("aria-label", `${token[LABEL]}, id ${token[ID]}, token ${row.chips.length + 1} of ${row.spec.count}`);
  ctx.owner.set(node, { token, row, n: row.chips.length });
  row.chips.push(node);
  row.nodes.push({ node, start: token[START], end: token[END] });
  return node;
}

function fill(box, row, ctx) {
  for (const item of row.spec.items) {
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
      into.append(chip(token, row, ctx));
      if (ctx.data.view !== "ids" && token[LABEL].endsWith("⏎")) box.append(document.createElement("br"));
    }
  }
}

function drawRow(spec, ctx) {
  const row = { nodes: [], chips: [], spec };
  const root = make("div", "row");
  root.dataset.tokenizer = spec.name;
  root.style.setProperty("--mark", spec.colour);
  const head = make("div", "head");
  const count = make("span", "count", spec.count);
  count.append(make("small", "", spec.rate));
  head.append(make("span", "name", spec.label));
  root.append(head);
  if (spec.error) {
    head.append(make("span", "about", spec.about));
    root.append(make("span", "error", spec.error));
    return { root, row };
  }
  const ids = spec.items.flatMap((item) => item.tokens ?? []).map((token) => token[ID]);
  const copy = (row.copy = make("button", "copy", "Copy IDs"));
  copy.type = "button";
  copy.title = ids.length < spec.total ? `The first ${ids.length} IDs` : "";
  copy.setAttribute("aria-label", `Copy IDs of ${spec.label}`);
  copy.onclick = () => toClipboard("[" + ids.join(", ") + "]", copy);
  head.append(copy, count, make("span", "about", spec.about));
  const box = make("div", ctx.data.view === "ids" ? "chips ids" : "chips");
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", `tokens of ${spec.label}`);
  box.dir = ctx.data.view === "ids" ? "ltr" : "auto";
  fill(box, row, ctx);
  root.append(box);
  if (spec.more) root.append(make("span", "more", spec.more));
  return { root, row };
}

function pin(node, ctx) {
  const same = node && node === ctx.pinned;
  closeCard(ctx);
  if (!node || same) return;
  openCard(node, ctx);
  ctx.pinned = node;
}

// The chip that an arrow key goes to: left and right in a row, up and down to the same characters in the next row.
function neighbour(node, key, ctx) {
  const { token, row, n } = ctx.owner.get(node);
  if (key === "ArrowUp" || key === "ArrowDown") {
    const filled = ctx.rows.filter((one) => one.chips.length);
    const next = filled[filled.indexOf(row) + (key === "ArrowDown" ? 1 : -1)];
    return next?.chips.find((one) => ctx.owner.get(one).token[END] > token[START]) ?? next?.chips.at(-1);
  }
  if (key === "Home" || key === "End") return row.chips.at(key === "Home" ? 0 : -1);
  const onward = (key === "ArrowRight") === (getComputedStyle(node.closest(".chips")).direction === "ltr");
  return row.chips[n + (onward ? 1 : -1)];
}

function goTo(next, ctx) {
  for (const one of ctx.owner.get(next).row.chips) if (one.tabIndex === 0) one.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

const find = (event) => (event.target.classList?.contains("chip") ? event.target : null);

function listenToFocus(root) { // once, as there are no properties onfocusin and onfocusout
  root.addEventListener("focusin", (event) => find(event)?.matches(":focus-visible") && openCard(event.target, memory.get(root)));
  root.addEventListener("focusout", () => memory.get(root).pinned || closeCard(memory.get(root)));
}

function listen(ctx) {
  ctx.root.onmouseover = (event) => {
    const node = find(event);
    if (ctx.pinned) return;
    if (node) openCard(node, ctx);
    else closeCard(ctx);
  };
  ctx.root.onmouseleave = () => ctx.pinned || closeCard(ctx);
  ctx.root.onclick = (event) => event.target.closest(".card") || pin(find(event), ctx);
  ctx.root.onkeydown = (event) => {
    const node = find(event);
    if (event.key === "Escape") closeCard(ctx);
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") pin(node, ctx);
    else if (["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) {
      const next = neighbour(node, event.key, ctx);
      if (next) {
        closeCard(ctx);
        goTo(next, ctx);
        openCard(next, ctx);
      }
    } else return;
    event.preventDefault();
  };
}

// What has the focus before the rows are drawn anew: it has it afterwards too.
function focused(root, ctx) {
  const node = root.getRootNode().activeElement;
  const row = ctx?.rows.findIndex((one) => one.copy === node || one.chips.includes(node)) ?? -1;
  return row < 0 ? null : { row, n: ctx.rows[row].chips.indexOf(node) };
}

function focusAgain(place, ctx) {
  const row = place && ctx.rows[place.row];
  if (!row) return;
  if (place.n < 0) row.copy?.focus();
  else if (row.chips.length) goTo(row.chips[Math.min(place.n, row.chips.length - 1)], ctx);
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".rows");
  const fingerprint = JSON.stringify(data);
  const old = memory.get(root);
  if (old?.fingerprint === fingerprint) return;
  const card = parentElement.querySelector(".card");
  const ctx = { data, fingerprint, root, card, rows: [], owner: new WeakMap(), pinned: null, points: Array.from(data.text) };
  const place = focused(root, old);
  memory.set(root, ctx);
  root.classList.toggle("beside", data.beside);
  const drawn = data.rows.map((spec) => drawRow(spec, ctx));
  ctx.rows = drawn.map(({ row }) => row);
  card.hidden = true;
  parentElement.querySelector(".list").replaceChildren(...drawn.map((one) => one.root));
  listen(ctx);
  if (!old) listenToFocus(root);
  focusAgain(place, ctx);
}
