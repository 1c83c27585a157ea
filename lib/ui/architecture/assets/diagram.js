/* The block diagram: nested boxes from data, one of them selected. Text only through textContent.
   One tab stop: the arrow keys go from box to box. A box that stays is not made anew, so that focus stays too. */
const drawn = new WeakMap()

function box(id, ctx) {
  const b = ctx.data.boxes[id]
  const node = make("button", "box " + (b.colour ? "weights" : "plain"))
  node.type = "button"
  node.dataset.id = id
  if (b.tip) node.title = b.tip
  if (b.colour) node.style.setProperty("--c", `var(${b.colour})`)
  if (b.changed) node.classList.add("changed")
  node.classList.toggle("off", Boolean(b.off))
  node.append(make("span", "label", b.label))
  if (b.detail) node.append(make("span", "detail", b.detail))
  if (b.params) {
    const numbers = make("span", "numbers")
    numbers.append(make("span", "params", b.params), make("span", "share", b.share))
    const bar = make("span", "bar")
    const fill = make("span", "fill")
    fill.style.width = Math.max(1.5, Math.min(100, b.percent)) + "%"
    bar.append(fill)
    node.append(numbers, bar)
  }
  node.onclick = () => ctx.choose(id)
  return node
}

function flow(name, items, ctx) { // a column or a line: arrows between
  const node = make("div", name)
  const wide = (item) => (item.kind === "line" ? item.items.length : 1)
  items.forEach((item, i) => {
    if (i && item.kind !== "wire") {
      const arrow = make("div", "arrow"), from = wide(items[i - 1]), to = wide(item)
      if (from > 1 || to > 1) { // out of a line's last box, into a line's first
        arrow.classList.add(from > 1 ? "out" : "in")
        arrow.style.setProperty("--n", Math.max(from, to))
      }
      node.append(arrow)
    }
    node.append(draw(item, ctx))
  })
  return node
}

function draw(item, ctx) {
  if (typeof item === "string") return box(item, ctx)
  if (item.kind === "column" || item.kind === "line") return flow(item.kind, item.items, ctx)
  if (item.kind === "wire") return make("div", "wire")
  if (item.kind === "row") {
    const row = make("div", "row")
    row.append(...item.items.map((part) => draw(part, ctx)))
    return row
  }
  if (item.kind === "group") {
    const group = make("div", "group")
    group.style.setProperty("--c", `var(${ctx.data.groups[item.component]})`)
    const inside = make("div", "inside")
    inside.append(flow("column", item.items, ctx))
    group.append(make("div", "title", item.label), inside)
    return group
  }
  if (item.kind === "residual") {
    const wrap = make("div", "residual")
    const plus = make("button", "plus", "+")
    plus.type = "button"
    plus.dataset.id = item.add
    plus.title = "Residual connection"
    plus.setAttribute("aria-label", "Residual connection")
    plus.classList.toggle("off", Boolean(ctx.data.boxes[item.add].off))
    plus.onclick = () => ctx.choose(item.add)
    wrap.append(flow("column", item.items, ctx), make("div", "arrow"), plus)
    return wrap
  }
  const repeat = make("div", "repeat")
  const head = make("div", "times")
  head.append(make("b", "", "× " + item.times), make("span", "", (item.times === 1 ? " block" : " blocks of one shape, each with weights of its own")
    + (item.kinds ? ": " + item.kinds : "")))
  repeat.append(head, flow("column", item.items, ctx))
  return repeat
}

// Where the explanation beside the diagram is far away (a phone), the first words go under the box.
function note(root, ctx) {
  root.querySelectorAll(".note").forEach((node) => node.remove())
  const at = root.querySelector(`[data-id="${ctx.selected}"]`)
  const home = at && (at.closest(".row, .line") || at)
  const b = ctx.data.boxes[ctx.selected]
  if (home) home.after(make("div", "note", `${b.does} Without it: ${b.without}`))
}

function mark(root, ctx) {
  root.querySelectorAll("[data-id]").forEach((node) => {
    const on = node.dataset.id === ctx.selected
    node.classList.toggle("selected", on)
    node.setAttribute("aria-pressed", String(on))
    node.tabIndex = on ? 0 : -1
  })
  note(root, ctx)
}

function walk(event, root) {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -1e6, End: 1e6 }[event.key]
  const boxes = [...root.querySelectorAll("[data-id]")], at = boxes.indexOf(event.target)
  if (!step || at < 0) return
  event.preventDefault()
  boxes.forEach((node) => { node.tabIndex = -1 })
  const next = boxes[Math.max(0, Math.min(boxes.length - 1, at + step))]
  next.tabIndex = 0
  next.focus()
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const root = parentElement.querySelector(".diagram")
  if (!root || !data) return
  root.classList.toggle("notes", Boolean(data.notes))
  const ctx = drawn.get(root) || {}
  drawn.set(root, ctx)
  ctx.data = data
  ctx.selected = data.selected
  ctx.choose = (id) => {
    ctx.selected = id
    mark(root, ctx)
    setStateValue("selected", id)
  }
  const stamp = JSON.stringify([data.boxes, data.layout])
  if (ctx.stamp !== stamp) {
    ctx.stamp = stamp
    const held = root.querySelector(":focus")?.dataset.id
    root.replaceChildren(flow("column", data.layout, ctx))
    if (held) root.querySelector(`[data-id="${held}"]`)?.focus()
  }
  root.onkeydown = (event) => walk(event, root)
  mark(root, ctx)
}
