/* The block diagram: nested boxes from data, one of them selected. Text only through textContent. */
const arrow = () => make("div", "arrow")

function box(id, ctx) {
  const b = ctx.data.boxes[id]
  const node = make("button", "box " + (b.component === "none" ? "plain" : "weights"))
  node.type = "button"
  node.dataset.id = id
  node.style.setProperty("--c", ctx.data.colours[b.component] || "var(--st-border-color)")
  node.setAttribute("aria-pressed", String(id === ctx.selected))
  if (id === ctx.selected) node.classList.add("selected")
  if (b.changed) node.classList.add("changed")
  const words = make("span", "words")
  words.append(make("span", "label", b.label))
  if (b.detail) words.append(make("span", "detail", b.detail))
  node.append(words)
  if (b.params) {
    const numbers = make("span", "numbers")
    numbers.append(make("span", "params", b.params))
    numbers.append(make("span", "share", b.share))
    node.append(numbers)
    const bar = make("span", "bar")
    const fill = make("span", "fill")
    fill.style.width = Math.max(1.5, Math.min(100, b.percent)) + "%"
    bar.append(fill)
    node.append(bar)
  }
  node.onclick = () => ctx.choose(id)
  return node
}

function column(items, ctx) {
  const node = make("div", "column")
  items.forEach((item, i) => {
    if (i) node.append(arrow())
    node.append(draw(item, ctx))
  })
  return node
}

function draw(item, ctx) {
  if (typeof item === "string") return box(item, ctx)
  if (item.kind === "row") {
    const row = make("div", "row")
    item.items.forEach((part) => row.append(draw(part, ctx)))
    return row
  }
  if (item.kind === "column") return column(item.items, ctx)
  if (item.kind === "group") {
    const group = make("div", "group")
    group.style.setProperty("--c", ctx.data.colours[item.component] || "var(--st-border-color)")
    group.append(make("div", "title", item.label))
    group.append(column(item.items, ctx))
    return group
  }
  if (item.kind === "residual") {
    const wrap = make("div", "residual")
    const inside = column(item.items, ctx)
    wrap.append(inside)
    const plus = make("button", "plus" + (item.add === ctx.selected ? " selected" : ""), "+")
    plus.type = "button"
    plus.dataset.id = item.add
    plus.title = "Residual connection"
    plus.setAttribute("aria-label", "Residual connection")
    plus.onclick = () => ctx.choose(item.add)
    wrap.append(arrow(), plus)
    return wrap
  }
  const repeat = make("div", "repeat")
  const head = make("div", "times")
  head.append(make("b", "", "× " + item.times))
  head.append(make("span", "", item.times === 1 ? " block" : " identical blocks"))
  repeat.append(head, column(item.items, ctx))
  return repeat
}

// Where the explanation beside the diagram is far away (a phone), the first words go under the box.
function note(root, ctx) {
  root.querySelectorAll(".note").forEach((node) => node.remove())
  const at = root.querySelector(`[data-id="${ctx.selected}"]`)
  const home = at && (at.parentElement.classList.contains("row") ? at.parentElement : at)
  if (home) home.after(make("div", "note", ctx.data.boxes[ctx.selected].what))
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const root = parentElement.querySelector(".diagram")
  if (!root || !data) return
  root.classList.toggle("notes", Boolean(data.notes))
  const ctx = { data, selected: data.selected }
  ctx.choose = (id) => {
    ctx.selected = id
    note(root, ctx)
    root.querySelectorAll("[data-id]").forEach((node) => {
      const on = node.dataset.id === id
      node.classList.toggle("selected", on)
      node.setAttribute("aria-pressed", String(on))
    })
    setStateValue("selected", id)
  }
  root.replaceChildren(column(data.layout, ctx))
  note(root, ctx)
}
