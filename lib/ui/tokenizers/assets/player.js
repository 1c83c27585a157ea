// What both steppers have: joining a pair, and buttons and a slider that go through steps.
// A stepper's state has `count` steps, `show(state, step)`, `pace(state)` in ms, and its elements in `part`.
const memory = new WeakMap();

function join(ids, [left, right, made]) {
  const out = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      out.push(made);
      i++;
    } else out.push(ids[i]);
  }
  return out;
}

function stop(state) {
  clearInterval(state.timer);
  state.timer = 0;
  state.part.play.replaceChildren(icon("play"), " Play");
}

function play(state) {
  if (state.timer) return stop(state);
  if (state.step === state.count) state.show(state, 0);
  state.part.play.replaceChildren(icon("pause"), " Pause");
  state.timer = setInterval(() => {
    if (!state.part.root.isConnected || state.step >= state.count) return stop(state);
    state.show(state, state.step + 1);
  }, state.pace(state));
}

// The row of buttons, `more` elements, the slider called `name`, and where one is.
function controls(state, name, ...more) {
  const { part } = state, row = make("div", "controls");
  const button = (name, hint, act, cls) => {
    const node = make("button", cls);
    node.append(icon(name));
    node.type = "button";
    node.title = hint;
    node.setAttribute("aria-label", hint);
    node.onclick = act;
    return node;
  };
  const go = (step) => { stop(state); state.show(state, Math.min(Math.max(step, 0), state.count)); };
  part.first = button("first", "to the start", () => go(0));
  part.back = button("back", "one merge back", () => go(state.step - 1));
  part.play = button("play", "play or pause", () => play(state), "play");
  part.play.append(" Play");
  part.next = button("play", "one merge on", () => go(state.step + 1));
  part.last = button("last", "to the end", () => go(state.count));
  part.slider = make("input");
  Object.assign(part.slider, { type: "range", min: "0", max: String(state.count) });
  part.slider.setAttribute("aria-label", name);
  part.slider.oninput = () => go(Number(part.slider.value));
  part.where = make("span", "where");
  row.append(part.first, part.back, part.play, part.next, part.last, ...more, part.slider, part.where);
  return row;
}

// Build a stepper once for the same data; another text begins at the start.
function mountStepper(root, data, build, own) {
  const fingerprint = JSON.stringify(data);
  const old = memory.get(root);
  if (old?.fingerprint === fingerprint) return;
  if (old) stop(old);
  const state = { data, fingerprint, step: 0, timer: 0, part: { root }, ...own };
  memory.set(root, state);
  build(root, state);
  state.show(state, 0);
}
