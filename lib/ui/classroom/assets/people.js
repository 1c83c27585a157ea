// Who is in the room: a chip for each, with a check mark for those who have answered.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  const line = make("p", "count", data.line);
  const chips = data.people.map(({ name, done }) => {
    const chip = make("li", "chip" + (done ? " done" : ""));
    if (done) chip.append(icon("check"), " ");
    chip.append(make("span", "name", name));
    return chip;
  });
  const list = make("ul", "chips");
  list.append(...chips);
  root.replaceChildren(line, list);
}
