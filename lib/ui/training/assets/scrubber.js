// What the model wrote after so many steps, and the scrubber over all snapshots. All of them are here, and so is the
// chart: a movement of the scrubber asks nobody; where it comes to rest is told, for the page's tabs.

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
    const pair = make("div", "pair");
    this.chart = new Chart(pair);
    const root = make("div", "snapshots"), row = make("div", "row");
    this.step = make("output", "step");
    this.back = this.button("back", "The snapshot before");
    this.next = this.button("play", "The next snapshot");
    this.range = make("input");
    Object.assign(this.range, { type: "range", min: 0, step: 1 });
    this.range.setAttribute("aria-label", "Snapshot");
    this.newest = make("button", "newest", "Newest");
    this.newest.type = "button";
    this.list = make("ul", "samples");
    this.list.setAttribute("tabindex", "0");
    this.list.setAttribute("aria-label", "What the model writes");
    row.append(this.step, this.back, this.range, this.next, this.newest);
    root.append(row, this.list);
    pair.append(root);
    parent.append(pair);
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
    if (this.moved === undefined || this.moved === data.at || data.of !== this.data.of) {
      this.moved = undefined; // the page has come to where the scrubber is
      this.at = data.at;
    }
    this.data = data;
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
    const { items } = this.data, place = this.place(), item = items[place];
    this.range.max = Math.max(0, items.length - 1);
    this.range.value = place;
    this.range.disabled = items.length < 2;
    this.back.disabled = place <= 0;
    this.next.disabled = place >= items.length - 1;
    this.newest.setAttribute("aria-pressed", String(this.at === ""));
    this.newest.disabled = !items.length;
    this.step.textContent = item ? `Step ${item.step.toLocaleString("en")}` : "No snapshot yet";
    this.range.setAttribute("aria-valuetext", this.step.textContent);
    this.chart.show(this.data, item ? item.step : null);
    const key = `${this.data.of} ${item?.name}`;
    if (key === this.drawn && item) return; // a text that somebody reads or selects stays as it is
    this.drawn = key;
    this.list.replaceChildren(...(item ? item.samples.map((one) => this.sample(one)) : [make("li", "empty", this.data.empty)]));
  }

  sample({ prompt, text, ended }) {
    const line = make("li"), dialogue = this.data.dialogue;
    line.append(make("span", "prompt", prompt));
    if (dialogue) line.append(make("br"));
    line.append(make("span", "text", text));
    if (ended) line.append(make("span", "end", dialogue ? "<|im_end|>" : "<|endoftext|>"));
    return line;
  }
}
