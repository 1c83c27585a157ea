// A text area that reports what is typed after a short pause, without waiting for Ctrl+Enter.
// The server sets the text only when `version` changes (a sample, a link), so that typing is never overwritten.
const PAUSE = 150; // ms
const areas = new WeakMap();

const TALL = 320; // px
const LONG = 20_000; // characters; measuring a longer text costs more than it tells
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

// dir="auto" and unicode-bidi: plaintext look for the direction of every line, which takes Chromium 3 s for a megabyte.
// A long text has one direction, that of its first letter; `start` is enough of it to find one.
function direct(area, length, start) {
  const long = length > LONG;
  area.classList.toggle("long", long);
  area.dir = !long ? "auto" : RIGHT_TO_LEFT.test(/\p{L}/u.exec(start)?.[0] ?? "") ? "rtl" : "ltr";
}

function grow(area) {
  if (area.value.length > LONG) {
    area.style.height = TALL + "px";
    return;
  }
  area.style.height = "auto";
  area.style.height = Math.min(Math.max(area.scrollHeight + 2, 84), TALL) + "px";
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
  parentElement.querySelector("label").textContent = data.label;
  if (state.version !== data.version) {
    clearTimeout(state.timer);
    state.version = data.version;
    direct(area, data.text.length, data.text);
    area.value = data.text;
    state.sent = data.text;
    area.placeholder = data.placeholder;
    grow(area);
  }
  area.onbeforeinput = (event) => {
    const added = event.data ?? "";
    if (added.length > LONG) direct(area, added.length, area.value.slice(0, LONG) || added); // before it is laid out
  };
  area.oninput = (event) => {
    direct(area, area.value.length, area.value);
    grow(area);
    clearTimeout(state.timer);
    const pasted = event.inputType?.startsWith("insertFrom");
    state.timer = setTimeout(() => state.send(), pasted ? 0 : PAUSE);
  };
  area.onblur = () => state.send();
}
