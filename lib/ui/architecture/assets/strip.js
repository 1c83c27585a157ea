/* The tokens of a text in a row, buttons with one tab stop; the arrow keys go along. */
const drawn = new WeakMap()

function fill(root, data, choose) {
  root.replaceChildren(...data.labels.map((label, i) => {
    const chip = tokenChip("button", label)
    chip.title = `token ${i}, id ${data.ids[i]}`
    chip.type = "button"
    chip.setAttribute("aria-label", `Token ${i}: ${label}`)
    chip.onclick = () => choose(i)
    return chip
  }))
}

function mark(root, at) {
  [...root.children].forEach((chip, i) => {
    chip.classList.toggle("selected", i === at)
    chip.setAttribute("aria-pressed", String(i === at))
    chip.tabIndex = i === at ? 0 : -1
  })
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const root = parentElement.querySelector(".strip")
  if (!root || !data) return
  const choose = (i) => {
    mark(root, i)
    setStateValue("picked", [data.stamp, i])
  }
  if (drawn.get(root) !== data.stamp) {
    drawn.set(root, data.stamp)
    fill(root, data, choose)
  }
  root.setAttribute("role", "group")
  root.setAttribute("aria-label", "Tokens of the text: after which one?")
  root.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -1e6, End: 1e6 }[event.key]
    const chips = [...root.children], i = chips.indexOf(event.target)
    if (!step || i < 0) return
    event.preventDefault()
    const next = chips[Math.max(0, Math.min(chips.length - 1, i + step))]
    chips.forEach((chip) => { chip.tabIndex = -1 })
    next.tabIndex = 0
    next.focus()
  }
  mark(root, data.at)
}
