// The merges that training learned, played on a text that somebody typed: those that apply, in the order they were
// learned. Python says which; the browser only joins. Everything shown is set with textContent.
const after = (data, step) => data.steps.slice(0, step).reduce((words, one) => words.map((ids) => join(ids, one.ids)), data.words);
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

function build(root, state) {
  const { part } = state;
  part.say = make("div", "say");
  part.say.setAttribute("aria-live", "polite");
  part.text = make("div", "text typed");
  part.text.tabIndex = 0; // it may scroll
  root.replaceChildren(controls(state, "merge that applies"), part.say, part.text);
}

export default function ({ data, parentElement }) {
  const own = { count: data.steps.length, show, pace: () => 800 };
  mountStepper(parentElement.querySelector(".stepper"), data, build, own);
}
