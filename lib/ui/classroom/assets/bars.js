// A question's options with a bar for each of several probabilities, and a tick for every student's points.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  const parts = data.text ? [questionText(data)] : [];
  const legend = make("div", "legend");
  data.series.forEach(({ name, colour }) => {
    const entry = make("span", "entry", name);
    entry.style.setProperty("--colour", colour);
    legend.append(entry);
  });
  const list = make("div", "rows " + data.kind + (data.series.length ? "" : " plain"));
  list.setAttribute("role", "list");
  data.options.forEach((option, place) => {
    const row = make("div", "row" + (place === data.answer ? " right" : ""));
    row.setAttribute("role", "listitem");
    const head = make("div", "head");
    head.append(optionLabel(data, place));
    if (place === data.answer) head.append(make("span", "mark"));
    if (place === data.answer) head.lastChild.append(icon("check"), " " + data.mark);
    const bars = make("div", "bars");
    data.series.forEach(({ name, colour, values, ticks }) => {
      const line = make("div", "line"), track = make("div", "track"), bar = make("div", "bar");
      const value = values[place];
      line.style.setProperty("--colour", colour);
      bar.style.width = `${100 * value}%`;
      track.append(bar);
      (ticks?.[place] ?? []).forEach((points) => {
        const tick = make("i", "tick");
        tick.style.left = `${points}%`;
        track.append(tick);
      });
      const text = percent(value);
      line.append(track, make("span", "value", text));
      line.setAttribute("aria-label", `${name}: ${text}`);
      line.title = `${name}: ${text}`;
      bars.append(line);
    });
    row.append(head, bars);
    list.append(row);
  });
  if (data.series.length) parts.push(legend);
  root.replaceChildren(...parts, list);
}
