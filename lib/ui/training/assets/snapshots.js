// What the model wrote after so many steps, and the scrubber over all snapshots. All of them are here: a movement of the
// scrubber asks nobody; where it comes to rest is told, for the chart and the tabs.

const boxes = new WeakMap();
const REST = 180; // ms after which the scrubber has come to rest

export default function ({ data, parentElement, setTriggerValue }) {
  let box = boxes.get(parentElement);
  if (!box) boxes.set(parentElement, (box = new Box(parentElement)));
  box.tell = (name) => setTriggerValue("at", name);
  box.show(data);
}

class Box {
  constructor(parent) {
    this.root = make("div", "snapshots");
    const row = make("div", "row");
    this.step = make("output", "step");
    this.back = this.button("back", "The snapshot before");
    this.next = this.button("play", "The next snapshot");
    this.range = make("input");
    Object.assign(this.range, { type: "range", min: 0, step: 1 });
    this.range.setAttribute("aria-label", "Snapshot");
    this.newest = make("button", "newest", "Newest");
    this.newest.type = "button";
    this.list = make("ol", "samples");
    this.list.setAttribute("tabindex", "0");
    this.list.setAttribute("aria-label", "What the model writes");
    row.append(this.step, this.back, this.range, this.next, this.newest);
    this.root.append(row, this.list);
    parent.append(this.root);
    this.range.oninput = () => this.go(Number(this.range.value));
    this.back.onclick = () => this.go(this.place() - 1);
    this.next.onclick = () => this.go(this.place() + 1);
    this.newest.onclick = () => this.rest("");
  }

  button(name, label) {
    const button = make("button");
    button.type = "button";
    button.title = label;
    button.setAttribute("aria-label", label);
    button.append(icon(name));
    return button;
  }

  show(data) {
    this.data = data;
    if (this.moved === undefined || this.moved === data.at || data.of !== this.of) {
      this.moved = undefined; // the page has come to where the scrubber is
      this.at = data.at;
    }
    this.of = data.of;
    this.draw();
  }

  place() {
    const found = this.data.items.findIndex((item) => item.name === this.at);
    return found < 0 ? this.data.items.length - 1 : found;
  }

  go(place) {
    const item = this.data.items[Math.max(0, Math.min(place, this.data.items.length - 1))];
    this.at = this.moved = item.name;
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(item.name), REST);
  }

  rest(name) {
    clearTimeout(this.timer);
    this.at = this.moved = name;
    this.draw();
    this.tell(name);
  }

  draw() {
    const { items, unit } = this.data, place = this.place(), item = items[place];
    const only = items.length < 2;
    this.range.max = Math.max(0, items.length - 1);
    this.range.value = place;
    this.range.disabled = only;
    this.back.disabled = place <= 0;
    this.next.disabled = place >= items.length - 1;
    this.newest.setAttribute("aria-pressed", String(this.at === ""));
    this.newest.disabled = !items.length;
    this.step.textContent = item ? `Step ${item.step.toLocaleString("en")}` : "No snapshot yet";
    this.range.setAttribute("aria-valuetext", this.step.textContent);
    this.list.classList.toggle("dialogue", unit === "dialogue");
    const texts = item ? item.samples.map((sample) => this.sample(sample, unit)) : [make("li", "empty", this.data.empty)];
    this.list.replaceChildren(...texts);
  }

  sample({ prompt, text, ended }, unit) {
    const line = make("li");
    line.append(make("span", "prompt", prompt));
    if (unit === "dialogue") line.append(make("br"));
    line.append(make("span", "text", text));
    if (ended) line.append(make("span", "end", unit === "dialogue" ? "<|im_end|>" : "<|endoftext|>"));
    return line;
  }
}
