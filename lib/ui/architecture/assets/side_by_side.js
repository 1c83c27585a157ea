/* Small distributions side by side. Text only through textContent. */
function line(row) {
  const node = make("li", row.rest ? "rest" : row.first ? "first" : "")
  const bar = make("span", "bar"), fill = make("span", "fill")
  fill.style.width = `${(100 * row.share).toFixed(2)}%`
  bar.append(fill)
  node.append(make("span", "name", row.name), make("span", "said", row.said), bar)
  return node
}

export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector(".distributions")
  if (!root || !data) return
  root.replaceChildren(...data.panels.map((panel) => {
    const box = make("div", "panel")
    box.append(make("p", "title", panel.title))
    if (panel.rows.length) {
      const list = make("ol", "")
      list.append(...panel.rows.map(line))
      box.append(list)
    } else box.append(make("p", "broken", data.broken))
    return box
  }))
}
