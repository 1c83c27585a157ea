// A text box that reports what is typed after a short pause, and at once at Enter; Shift+Enter begins a line.
// The server sets the text only when `version` changes (an example, a link), so that typing is never overwritten.
const PAUSE = 150; // ms
const areas = new WeakMap();

const LONG = 20_000; // characters
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

// dir="auto" and unicode-bidi: plaintext look for the direction of every line, which takes Chromium 3 s for a megabyte.
// A long text has one direction, that of its first letter; `start` is enough of it to find one.
function direct(area, length, start) {
  const long = length > LONG;
  area.classList.toggle("long", long);
  area.dir = !long ? "auto" : RIGHT_TO_LEFT.test(/\p{L}/u.exec(start)?.[0] ?? "") ? "rtl" : "ltr";
}

export default function ({ data, parentElement, setStateValue }) {
  const area = parentElement.querySelector("textarea");
  const state = areas.get(area) ?? { version: null, sent: "", timer: 0 };
  areas.set(area, state);
  state.send = () => {
    clearTimeout(state.timer);
    const text = area.value.toWellFormed ? area.value.toWellFormed() : area.value;
    if (text === state.sent) return;
    state.sent = text;
    setStateValue("typed", { version: state.version, text });
  };
  area.setAttribute("aria-label", data.label);
  area.placeholder = data.placeholder;
  if (state.version !== data.version) {
    clearTimeout(state.timer);
    state.version = data.version;
    direct(area, data.text.length, data.text);
    area.value = data.text;
    state.sent = data.text;
  }
  area.onbeforeinput = (event) => {
    const added = event.data ?? "";
    if (added.length > LONG) direct(area, added.length, area.value.slice(0, LONG) || added); // before it is laid out
  };
  area.oninput = (event) => {
    direct(area, area.value.length, area.value);
    clearTimeout(state.timer);
    const pasted = event.inputType?.startsWith("insertFrom");
    state.timer = setTimeout(() => state.send(), pasted ? 0 : PAUSE);
  };
  area.onkeydown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    state.send();
  };
  area.onblur = () => {
    area.scrollTop = 0; // its first line
    state.send();
  };
}
