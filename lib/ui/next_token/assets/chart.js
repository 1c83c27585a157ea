// The next-token chart: holds one prompt's logits and redraws on every movement of a knob, without the server.
// Only textContent is ever written: token text is hostile. Nodes are kept and given new content, so that the focus
// stays where it is.

const SCALES = [["linear", "Probability"], ["log", "Log"], ["logit", "Logits"]];
const VIEWS = [["bars", "Bars"], ["steps", "Filter by filter"]];
const FLOOR = -7; // the log scale begins at 1e-7
const views = new WeakMap();

export default function (component) {
  let view = views.get(component.parentElement);
  if (!view) views.set(component.parentElement, (view = new View(component.parentElement)));
  view.receive(component);
  return () => clearTimeout(view.settling); // the page is left: nothing more to report
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

class View {
  constructor(parent) {
    this.root = make("div", "root");
    this.tip = make("div", "tip");
    this.tip.hidden = true;
    parent.append(this.root, this.tip);
    this.knobs = null;
    this.build();
  }

  receive({ data, setStateValue, setTriggerValue }) {
    this.setState = setStateValue;
    this.trigger = setTriggerValue;
    const { header, logits, u } = unpack(data);
    const fresh = header.key !== this.header?.key;
    const reset = this.header?.nonce !== header.nonce;
    this.header = header;
    this.u = u;
    if (fresh) {
      this.logits = logits;
      this.e = new Float64Array(logits.length);
      this.cumulative = new Float64Array(logits.length);
      this.raw = reshape(logits, { t: 1, k: null, p: 1, m: 0 });
    }
    if (reset) this.knobs = { ...header.settings };
    this.syncControls();
    this.layout();
    this.redraw();
  }
}
