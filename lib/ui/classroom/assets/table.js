// A table of texts; a row may have a button that takes its student out.
export default function ({ data, parentElement, setTriggerValue }) {
  const table = make("table"), head = make("tr"), body = make("tbody");
  data.columns.forEach(({ name, number }) => head.append(make("th", number ? "number" : "", name)));
  if (data.remove) head.append(make("th"));
  data.rows.forEach((cells, place) => {
    const row = make("tr", data.own === place ? "own" : "");
    cells.forEach((cell, at) => row.append(make("td", data.columns[at].number ? "number" : "", cell)));
    if (data.remove) {
      const button = make("button", "", "Remove"), cell = make("td", "number");
      button.type = "button";
      button.setAttribute("aria-label", `remove ${cells[0]}`);
      button.onclick = () => setTriggerValue("removed", data.remove[place]);
      cell.append(button);
      row.append(cell);
    }
    body.append(row);
  });
  const top = make("thead");
  top.append(head);
  table.append(top, body);
  parentElement.querySelector(".root").replaceChildren(table);
}
