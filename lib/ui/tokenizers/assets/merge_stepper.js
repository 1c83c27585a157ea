// Steps through BPE training in the browser. Pair counts and merges come from Python; the browser only replays the
// joins on the words it shows. Everything is set with textContent.
function draw(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

// Words after `step` merges: kept every 20 steps, replayed from the last kept state.
function wordsAt(state, step) {
  let from = Math.floor(step / 20) * 20;
  while (!state.kept.has(from)) from -= 20;
  let words = state.kept.get(from);
  for (let n = from; n < step; n++) {
    words = words.map((ids) => join(ids, state.data.merges[n].ids));
    if ((n + 1) % 20 === 0) state.kept.set(n + 1, words);
  }
  return words;
}

function pairs(box, merge, data) {
  box.replaceChildren();
  const most = merge.candidates[0]?.[2] ?? 1;
  for (const [left, right, count] of merge.candidates) {
    const chosen = left === merge.ids[0] && right === merge.ids[1] ? " chosen" : "";
    box.append(make("span", "pair" + chosen, `${data.labels[left]} + ${data.labels[right]}`));
    const track = make("span");
    const bar = make("div", "bar" + chosen);
    bar.style.width = Math.max(2, (100 * count) / most) + "%";
    track.append(bar);
    box.append(track, make("span", "num", count.toLocaleString("en")));
  }
}

const SHOWN = 130; // words of the corpus on screen

// Where the words on screen begin: at the start, or a little before the first place that this merge joins.
function windowOf(words, data, pair) {
  const joined = words.map((ids) => ids.some((id, i) => id === pair[0] && ids[i + 1] === pair[1]));
  const first = data.order.findIndex((n) => joined[n]);
  return first < SHOWN - 20 ? 0 : first - 10;
}

function text(box, words, start, data, mark) {
  box.dataset.start = String(start);
  const shown = data.order.slice(start, start + SHOWN).map((n) => {
    const word = make("span", "word");
    const ids = words[n];
    for (let i = 0; i < ids.length; i++) {
      const kind = mark(ids, i);
      word.append(make("span", "pg-token sym" + (kind || (ids[i] >= 256 ? " long" : "")), data.labels[ids[i]]));
    }
    return word;
  });
  box.replaceChildren(...(start ? [make("span", "word", "…")] : []), ...shown);
  const first = box.querySelector(".going, .made");
  box.scrollTop = first ? Math.max(0, first.offsetTop - 60) : 0;
}

function going(pair) {
  let joined = null; // index of a right half whose left half was marked just before
  return (ids, i) => {
    if (i === 0) joined = null;
    if (joined === i) return " going";
    if (ids[i] === pair[0] && ids[i + 1] === pair[1]) {
      joined = i + 1;
      return " going";
    }
    return "";
  };
}

function curve(svg, data, step) {
  const W = 300, H = 100, L = 46, B = 22;
  const totals = [data.tokens, ...data.merges.map((merge) => merge.left)];
  const x = (n) => L + ((W - L - 8) * n) / Math.max(1, totals.length - 1);
  const y = (value) => 8 + (H - B - 8) * (1 - value / data.tokens);
  const path = (upTo) => totals.slice(0, upTo + 1).map((v, n) => `${n ? "L" : "M"}${x(n).toFixed(1)},${y(v).toFixed(1)}`).join("");
  svg.replaceChildren(
    draw("line", { class: "axis", x1: L, x2: W - 8, y1: y(0), y2: y(0) }),
    draw("line", { class: "axis", x1: L, x2: L, y1: 8, y2: y(0) }),
    draw("text", { x: L - 6, y: 14, "text-anchor": "end" }, data.tokens.toLocaleString("en")),
    draw("text", { x: L - 6, y: y(0), "text-anchor": "end" }, "0"),
    draw("text", { x: L, y: H - 5 }, "0 merges"),
    draw("text", { x: W - 8, y: H - 5, "text-anchor": "end" }, `${totals.length - 1}`),
    draw("path", { class: "curve", d: path(totals.length - 1) }),
    draw("path", { class: "done", d: path(step) }),
    draw("circle", { class: "dot", cx: x(step), cy: y(totals[step]), r: 4.5 }),
    draw("text", { x: W - 10, y: 16, "text-anchor": "end" },
      `${totals[step].toLocaleString("en")} tokens, ${(data.bytes / totals[step]).toFixed(2)} bytes each`),
  );
}

function say(box, state, step) {
  const { data } = state;
  if (step === 0) {
    box.textContent = `Before training: every byte is a token. ${data.tokens.toLocaleString("en")} tokens, 256 entries in the vocabulary. Press play.`;
    return;
  }
  const merge = data.merges[step - 1];
  const [left, right, made] = merge.ids;
  box.replaceChildren(
    document.createTextNode(`Merge ${step}: `), make("code", "", data.labels[left]), document.createTextNode(" + "),
    make("code", "", data.labels[right]), document.createTextNode(" → "), make("code", "new", data.labels[made]),
    document.createTextNode(`, id ${made}. The pair stood side by side ${merge.count.toLocaleString("en")} times; ` +
      `${merge.left.toLocaleString("en")} tokens are left.`),
  );
  const tied = merge.candidates.filter(([, , count]) => count === merge.count).length;
  if (tied > 1)
    box.append(document.createTextNode(` ${tied === merge.candidates.length ? "At least " : ""}${tied} pairs were equally frequent: the smaller left id wins, then the smaller right id.`));
}

function show(state, step) {
  const { data, part } = state;
  state.step = step;
  part.slider.value = String(step);
  part.slider.setAttribute("aria-valuetext", `merge ${step} of ${data.merges.length}`);
  part.where.textContent = `${step} of ${data.merges.length}`;
  const over = step === data.merges.length; // a button that is off keeps the focus
  for (const [node, off] of [[part.first, step === 0], [part.back, step === 0], [part.next, over], [part.last, over]])
    node.setAttribute("aria-disabled", String(off));
  say(part.say, state, step);
  const shown = Math.max(1, step);
  const merge = data.merges[shown - 1];
  part.pairsTitle.textContent = step === 0 ? "Pair counts before merge 1" : `Pair counts before merge ${step}: the first is joined`;
  pairs(part.pairs, merge, data);
  const before = wordsAt(state, shown - 1);
  const start = windowOf(before, data, merge.ids);
  text(part.before, before, start, data, going(merge.ids));
  if (step === 0) part.after.replaceChildren(make("span", "empty", "Nothing is joined yet. Press play, or go one merge on."));
  else text(part.after, wordsAt(state, step), start, data, (ids, i) => (ids[i] === merge.ids[2] ? " made" : ""));
  const learned = [...new Set(data.merges.slice(0, step).map((one) => one.ids[2]))];
  part.vocabTitle.textContent = `Vocabulary: 256 bytes + ${learned.length} learned`;
  if (!learned.length) part.vocab.replaceChildren(make("span", "empty", "Only the single bytes, token IDs 0 to 255. Every merge adds one entry."));
  else part.vocab.replaceChildren(...learned.map((id) => {
    const node = make("span", "pg-token sym" + (step && id === merge.ids[2] ? " made" : " long"), data.labels[id]);
    node.title = `id ${id}`;
    return node;
  }));
  part.vocab.scrollTop = part.vocab.scrollHeight;
  curve(part.svg, data, step);
}

function panel(title, body) {
  const box = make("div", "panel");
  const head = make("div", "title", title);
  if (body instanceof HTMLElement) body.tabIndex = 0; // it may scroll
  box.append(head, body);
  return [box, head];
}

function build(root, state) {
  const { part } = state;
  part.speed = make("select", "speed");
  part.speed.setAttribute("aria-label", "speed");
  for (const [name, pace] of [["slow", 1800], ["normal", 800], ["fast", 150]]) {
    const option = make("option", "", name);
    option.value = String(pace);
    option.selected = name === (matchMedia("(prefers-reduced-motion: reduce)").matches ? "slow" : "normal");
    part.speed.append(option);
  }
  part.speed.onchange = () => state.timer && (stop(state), play(state));
  part.say = make("div", "say");
  part.say.setAttribute("aria-live", "polite");
  const grid = make("div", "grid");
  part.pairs = make("div", "pairs");
  part.svg = draw("svg", { class: "curves", viewBox: "0 0 300 100", role: "img", "aria-label": "tokens left after each merge" });
  part.before = make("div", "text");
  part.after = make("div", "text");
  part.vocab = make("div", "vocab");
  const [pairsBox, pairsTitle] = panel("", part.pairs);
  part.pairsTitle = pairsTitle;
  const right = make("div", "side");
  const [vocabBox, vocabTitle] = panel("", part.vocab);
  part.vocabTitle = vocabTitle;
  right.append(panel("Compression: tokens left in the corpus", part.svg)[0], vocabBox);
  const [afterBox] = panel("Corpus after", part.after);
  grid.append(pairsBox, right, panel("Corpus before: what will be joined", part.before)[0], afterBox);
  root.replaceChildren(controls(state, "merge", part.speed), part.say, grid);
}

export default function ({ data, parentElement }) {
  const own = { count: data.merges.length, show, pace: (state) => Number(state.part.speed.value), kept: new Map([[0, data.words]]) };
  mountStepper(parentElement.querySelector(".stepper"), data, build, own);
}
