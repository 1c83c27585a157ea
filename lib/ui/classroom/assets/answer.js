// Spread 100 points: moving one bar, the bars that were not touched yet give or take first; at least 1 stays on each.
const TOTAL = 100;

function shared(sum, weights) { // whole numbers of 1 and more in these proportions, `sum` in all
  const spare = sum - weights.length;
  const all = weights.reduce((a, b) => a + b, 0);
  const exact = weights.map((weight) => (all ? (spare * weight) / all : spare / weights.length));
  const parts = exact.map(Math.floor);
  const order = exact.map((value, place) => place).sort((a, b) => exact[b] - parts[b] - (exact[a] - parts[a]) || a - b);
  for (let left = spare - parts.reduce((a, b) => a + b, 0), at = 0; left > 0; left -= 1, at += 1) parts[order[at]] += 1;
  return parts.map((part) => part + 1);
}

function moved(points, touched, place, value) { // new points after option `place` was set to `value`
  const count = points.length;
  const mine = Math.max(1, Math.min(TOTAL - (count - 1), Math.round(value)));
  const others = points.map((_, at) => at).filter((at) => at !== place);
  const loose = others.filter((at) => !touched.has(at)), fixed = others.filter((at) => touched.has(at));
  const kept = fixed.reduce((sum, at) => sum + points[at], 0);
  const next = [...points];
  next[place] = mine;
  const give = (places, sum) => shared(sum, places.map((at) => points[at] - 1)).forEach((part, at) => (next[places[at]] = part));
  const rest = TOTAL - mine;
  if (loose.length && rest - kept >= loose.length) give(loose, rest - kept);
  else {
    loose.forEach((at) => (next[at] = 1));
    give(fixed, rest - loose.length);
  }
  return next;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const even = shared(TOTAL, data.options.map(() => 1));
  if (!root.state || root.state.serial !== data.serial) {
    root.state = { serial: data.serial, points: data.points ?? even, touched: new Set(data.points ? data.points.keys() : []) };
    if (root.childElementCount) document.querySelector("[data-testid=stMain]")?.scrollTo({ top: 0 }); // a new question
    build();
  }
  const state = root.state;
  state.send = () => setTriggerValue("sent", { serial: data.serial, points: state.points });
  state.sent = data.points;
  paint();

  function build() {
    root.replaceChildren(questionText(data));
    const list = make("div", "options");
    data.options.forEach((_, place) => {
      const row = make("div", "option");
      const name = make("button", "name");
      name.type = "button";
      name.append(optionLabel(data, place));
      name.title = "20 points more";
      name.onclick = () => set(place, root.state.points[place] + 20);
      const bar = make("input", "bar");
      Object.assign(bar, { type: "range", min: 1, max: TOTAL - (data.options.length - 1), step: 1 });
      bar.setAttribute("aria-label", `points for ${data.options[place]}`);
      bar.oninput = () => set(place, Number(bar.value));
      row.append(name, make("output", "points"), bar);
      list.append(row);
    });
    const send = make("button", "send");
    send.type = "button";
    send.onclick = () => root.state.send();
    root.append(list, send);
  }

  function set(place, value) {
    root.state.points = moved(root.state.points, root.state.touched, place, value);
    root.state.touched.add(place);
    paint();
  }

  function paint() {
    const { points, sent } = root.state;
    root.querySelectorAll(".option").forEach((row, place) => {
      const bar = row.querySelector(".bar");
      bar.value = points[place];
      bar.style.setProperty("--share", `${((points[place] - 1) / (Number(bar.max) - 1)) * 100}%`);
      row.querySelector(".points").textContent = points[place];
      row.classList.toggle("most", points[place] === Math.max(...points) && points[place] > Math.min(...points));
    });
    const same = sent && sent.every((value, place) => value === points[place]);
    const send = root.querySelector(".send");
    send.replaceChildren(...(same ? [icon("check"), " Sent. You can still change it."] : [sent ? "Send again" : "Send"]));
    send.disabled = Boolean(same);
  }
}
