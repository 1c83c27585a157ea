// The merges that training learned, played on a text that somebody typed: those that apply, in the order they were
// learned. Python says which; the browser only joins. Everything shown is set with textContent.
const memory = new WeakMap();

function joined(ids, [left, right, made]) {
  const out = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      out.push(made);
      i++;
    } else out.push(ids[i]);
  }
  return out;
}

const after = (data, step) => data.steps.slice(0, step).reduce((words, one) => words.map((ids) => joined(ids, one.ids)), data.words);
const count = (words) => words.reduce((sum, ids) => sum + ids.length, 0);

function say(box, data, step, words) {
  const learned = `${data.learned.toLocaleString("en")} merges were learned`;
  if (!data.steps.length) {
    box.textContent = `${learned}, and none of them applies to this text: every byte stays a token of its own.`;
    return;
  }
  if (step === 0) {
    box.textContent = `${learned}; ${data.steps.length} of them apply to this text. It begins as ${count(words)} bytes. Press play.`;
    return;
  }
  const { number, ids } = data.steps[step - 1];
  box.replaceChildren(
    document.createTextNode(`Merge ${number} of training: `), make("code", "", data.labels[ids[0]]), document.createTextNode(" + "),
    make("code", "", data.labels[ids[1]]), document.createTextNode(" → "), make("code", "new", data.labels[ids[2]]),
    document.createTextNode(`. ${count(words)} tokens` + (step === data.steps.length ? ": no further merge applies. These are the tokens." : " left.")),
  );
}

function show(state, step) {
  const { data, part } = state, words = after(data, step), made = step ? data.steps[step - 1].ids[2] : -1;
  state.step = step;
  part.slider.value = String(step);
  part.slider.setAttribute("aria-valuetext", `merge ${step} of ${data.steps.length} that apply`);
  part.where.textContent = `${step} of ${data.steps.length}`;
  const over = step === data.steps.length; // a button that is off keeps the focus
  for (const [node, off] of [[part.first, step === 0], [part.back, step === 0], [part.next, over], [part.last, over]])
    node.setAttribute("aria-disabled", String(off));
  say(part.say, data, step, words);
  part.text.replaceChildren(...words.map((ids) => {
    const word = make("span", "word");
    for (const id of ids) word.append(make("span", "pg-token sym" + (id === made ? " made" : id >= 256 ? " long" : ""), data.labels[id]));
    return word;
  }));
}

function stop(state) {
  clearInterval(state.timer);
  state.timer = 0;
  state.part.play.replaceChildren(icon("play"), " Play");
}

function play(state) {
  if (state.timer) return stop(state);
  if (state.step === state.data.steps.length) show(state, 0);
  state.part.play.replaceChildren(icon("pause"), " Pause");
  state.timer = setInterval(() => {
    if (!state.part.root.isConnected || state.step >= state.data.steps.length) return stop(state);
    show(state, state.step + 1);
  }, 800);
}

function build(root, state) {
  const part = (state.part = { root }), controls = make("div", "controls");
  const button = (name, hint, act, cls) => {
    const node = make("button", cls);
    node.append(icon(name));
    node.type = "button";
    node.title = hint;
    node.setAttribute("aria-label", hint);
    node.onclick = act;
    return node;
  };
  const go = (step) => { stop(state); show(state, Math.min(Math.max(step, 0), state.data.steps.length)); };
  part.first = button("first", "to the start", () => go(0));
  part.back = button("back", "one merge back", () => go(state.step - 1));
  part.play = button("play", "play or pause", () => play(state), "play");
  part.play.append(" Play");
  part.next = button("play", "one merge on", () => go(state.step + 1));
  part.last = button("last", "to the end", () => go(state.data.steps.length));
  part.slider = make("input");
  Object.assign(part.slider, { type: "range", min: "0", max: String(state.data.steps.length) });
  part.slider.setAttribute("aria-label", "merge that applies");
  part.slider.oninput = () => go(Number(part.slider.value));
  part.where = make("span", "where");
  controls.append(part.first, part.back, part.play, part.next, part.last, part.slider, part.where);
  part.say = make("div", "say");
  part.say.setAttribute("aria-live", "polite");
  part.text = make("div", "text typed");
  part.text.tabIndex = 0; // it may scroll
  root.replaceChildren(controls, part.say, part.text);
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".stepper");
  const fingerprint = JSON.stringify(data);
  const old = memory.get(root);
  if (old?.fingerprint === fingerprint) return;
  if (old) stop(old);
  const state = { data, fingerprint, step: 0, timer: 0 };
  memory.set(root, state);
  build(root, state);
  show(state, 0);
}
