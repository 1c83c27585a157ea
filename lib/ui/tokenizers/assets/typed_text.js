// A text area that reports what is typed after a short pause, without waiting for Ctrl+Enter.
// The server sets the text only when `version` changes (a sample, a link), so that typing is never overwritten.
const PAUSE = 150; // ms
const areas = new WeakMap();

const TALL = 320; // px
const LONG = 20_000; // characters; measuring a longer text costs more than it tells

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
    area.value = data.text;
    state.sent = data.text;
    area.placeholder = data.placeholder;
    area.dir = "auto";
    grow(area);
  }
  area.oninput = () => {
    grow(area);
    clearTimeout(state.timer);
    state.timer = setTimeout(() => state.send(), PAUSE);
  };
  area.onblur = () => state.send();
}
