/* Attention maps: a thumbnail for every layer and head, the chosen map large, and the text with one token's weights.
   Weights come as the lower triangles of all maps, 16 bits each. Text only through textContent. The pictures are
   canvases; over each lies a grid with one cell that the arrow keys move and that names what is under it. */
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }
const LETTERS = "13px ui-monospace, monospace", GAP = 3, SHARP = 40
const live = new WeakMap()
const within = (value, count) => Math.max(0, Math.min(count - 1, value))

function unpack(text) {
  const raw = atob(text)
  const bytes = new Uint8Array(raw.length)
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i)
  return new Uint16Array(bytes.buffer)
}

// A grid of rows x columns whose one cell is moved by the arrow keys; `say(i, j)` names it.
function walked(grid, rows, columns, say, moved) {
  const cell = grid.querySelector(".cell")
  grid.setAttribute("aria-rowcount", rows)
  grid.setAttribute("aria-colcount", columns)
  const show = (i, j, x, y, size) => {
    Object.assign(cell.style, { left: x + "px", top: y + "px", width: size + "px", height: size + "px" })
    cell.parentElement.setAttribute("aria-rowindex", i + 1)
    cell.setAttribute("aria-colindex", j + 1)
    cell.setAttribute("aria-label", say(i, j))
    grid.at = [i, j]
  }
  grid.onkeydown = (event) => {
    const step = MOVES[event.key], [i, j] = grid.at
    const to = step ? [within(i + step[0], rows), within(j + step[1], columns)]
      : event.key === "Home" ? [i, 0] : event.key === "End" ? [i, columns - 1] : null
    if (!to) return
    event.preventDefault()
    moved(...to)
    cell.scrollIntoView({ block: "nearest", inline: "nearest" })
  }
  return show
}

function resized(canvas, width, height) { // to so many CSS pixels; its pen, scaled
  const ratio = Math.min(2, window.devicePixelRatio || 1)
  canvas.width = width * ratio
  canvas.height = height * ratio
  canvas.style.width = width + "px"
  canvas.style.height = height + "px"
  const pen = canvas.getContext("2d")
  pen.scale(ratio, ratio)
  return pen
}

function thumbnails(canvas, cell, view) { // one canvas, a picture of T x T pixels a head
  const { L, H, T, weight, rgb } = view, pen = resized(canvas, H * (cell + GAP), L * (cell + GAP))
  const small = document.createElement("canvas")
  small.width = small.height = T
  const brush = small.getContext("2d")
  pen.imageSmoothingEnabled = T > cell
  for (let l = 0; l < L; l++) for (let h = 0; h < H; h++) {
    const image = brush.createImageData(T, T)
    for (let i = 0; i < T; i++) for (let j = 0; j <= i; j++) {
      image.data.set([...rgb, 30 + 225 * Math.sqrt(weight(l, h, i, j))], 4 * (i * T + j))
    }
    brush.putImageData(image, 0, 0)
    pen.drawImage(small, h * (cell + GAP), l * (cell + GAP), cell, cell)
  }
}

function large(canvas, wide, view, l, h) { // the map of one head; gives back where its cells are
  const { T, tokens, weight, rgb, ink } = view, measure = canvas.getContext("2d")
  measure.font = LETTERS
  const longest = Math.min(120, Math.max(...tokens.map((t) => measure.measureText(t).width)) + 8)
  const high = window.innerHeight - 350 - longest // the map stays on the first screen
  const cell = Math.max(15, Math.min(38, Math.floor((wide - longest - 4) / T), Math.floor(high / T)))
  const pen = resized(canvas, longest + cell * T + 2, longest + cell * T + 2)
  pen.font = LETTERS
  pen.textBaseline = "middle"
  const clip = (t) => {
    let s = t
    while (s.length > 1 && pen.measureText(s).width > longest - 6) s = s.slice(0, -1)
    return s === t ? t : s.slice(0, -1) + "…"
  }
  for (let i = 0; i < T; i++) {
    pen.fillStyle = ink
    pen.textAlign = "right"
    pen.fillText(clip(tokens[i]), longest - 4, longest + cell * (i + 0.5))
    pen.save()
    pen.translate(longest + cell * (i + 0.5), longest - 4)
    pen.rotate(-Math.PI / 2)
    pen.textAlign = "left"
    pen.fillText(clip(tokens[i]), 0, 0)
    pen.restore()
    for (let j = 0; j < T; j++) {
      pen.fillStyle = j > i ? "rgba(128, 128, 128, 0.08)" : `rgba(${rgb}, ${0.06 + 0.94 * weight(l, h, i, j)})`
      pen.fillRect(longest + cell * j, longest + cell * i, cell - 1, cell - 1)
    }
  }
  pen.strokeStyle = ink
  pen.lineWidth = 1.5
  for (const [i, j] of view.marks) pen.strokeRect(longest + cell * j, longest + cell * i, cell - 1, cell - 1)
  return { cell, longest }
}

function chips(strip, tokens, look) { // made once a text; `look(j)`: somebody points at token j, or goes there by keys
  strip.replaceChildren(...tokens.map((text, j) => {
    const chip = tokenChip("button", text, { id: "–", classes: "chip" })
    chip.type = "button"
    chip.onmouseenter = chip.onclick = chip.onfocus = () => look(j)
    chip.onkeydown = (event) => {
      const step = MOVES[event.key]
      if (!step) return
      event.preventDefault()
      strip.children[within(j + step[0] + step[1], tokens.length)].focus()
    }
    return chip
  }))
}

function strips(root, view, state) {
  const { tokens, T, weight } = view, row = state.row
  ;[...root.querySelector(".strip").children].forEach((chip, j) => {
    const later = j > row, w = later ? 0 : weight(state.layer, state.head, row, j)
    chip.classList.toggle("selected", j === row)
    chip.classList.toggle("later", later)
    chip.tabIndex = j === row ? 0 : -1
    chip.querySelector(".id").textContent = later ? "–" : percent(w)
    chip.title = later ? "comes later: masked" : percent(w)
    chip.style.backgroundColor = later ? "" : `color-mix(in srgb, var(--pg-accent) ${(SHARP * w).toFixed(1)}%, var(--st-background-color))`
  })
  const ranked = tokens.map((t, j) => [j > row ? -1 : weight(state.layer, state.head, row, j), t]).slice(0, Math.min(T, row + 1))
    .sort((a, b) => b[0] - a[0]).slice(0, 3)
  root.querySelector(".says").textContent = `“${tokens[row]}” looks at ` + ranked.map(([w, t]) => `“${t}” ${percent(w)}`).join(", ")
}

function fill(pick, count, word) {
  if (pick.options.length === count) return
  pick.replaceChildren(...Array.from({ length: count }, (_, i) => {
    const option = make("option", "", word + " " + i)
    option.value = i
    return option
  }))
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const root = parentElement.querySelector(".attention")
  if (!root || !data) return
  const { tokens, layers: L, heads: H } = data, T = tokens.length, size = (T * (T + 1)) / 2
  const $ = (name) => root.querySelector(name)
  const state = live.get(root) || {}
  live.set(root, state)
  const fresh = state.stamp !== data.stamp
  if (fresh) Object.assign(state, { stamp: data.stamp, values: unpack(data.weights), row: T - 1 })
  const told = `${data.layer} ${data.head}`
  if (state.sent === told) state.sent = null
  const moved = fresh || (state.told !== told && !state.sent) // a head chosen here may still be on its way to the server
  state.told = told
  if (moved) Object.assign(state, { layer: data.layer, head: data.head, sent: null })
  const weight = (l, h, i, j) => (j > i ? 0 : state.values[(l * H + h) * size + (i * (i + 1)) / 2 + j] / 65535)
  const view = { tokens, T, L, H, weight, marks: [] }
  const probe = $(".probe"), grid = $(".grid"), map = $(".map"), read = $(".read"), idle = "Point at a cell, or go there with the arrow keys. Rows look at columns; every row sums to 100%."
  const pair = (i, j) => (j > i ? `“${tokens[i]}” cannot look at “${tokens[j]}”: it comes later.`
    : `“${tokens[i]}” looks at “${tokens[j]}”: ${percent(weight(state.layer, state.head, i, j))}`)

  const showHead = walked($(".heads"), L, H, (l, h) => `Block ${l}, head ${h}`, (l, h) => choose(l, h))
  const showPair = walked($(".pairs"), T, T, pair, (i, j) => pointed(i, j, true))
  const pointed = (i, j, on) => {
    showPair(i, j, state.big.longest + state.big.cell * j, state.big.longest + state.big.cell * i, state.big.cell - 1)
    $(".maps .cell").classList.toggle("on", on)
    read.textContent = on ? pair(i, j) : idle
  }
  const one = () => { // what depends on the chosen head
    $(".layer").value = state.layer
    $(".head").value = state.head
    showHead(state.layer, state.head, state.head * (state.cell + GAP), state.layer * (state.cell + GAP), state.cell)
    view.marks = data.marks[`${state.layer} ${state.head}`] || []
    state.big = large(map, $(".right").clientWidth || 420, view, state.layer, state.head)
    pointed(...($(".pairs").at || [T - 1, T - 1]).map((at) => within(at, T)), false)
    strips(root, view, state)
  }
  const colours = () => {
    view.rgb = getComputedStyle(probe).color.match(/\d+/g).slice(0, 3).map(Number)
    view.ink = getComputedStyle(root).color
  }
  const all = () => {
    colours()
    state.cell = Math.max(15, Math.min(46, Math.floor((($(".left").clientWidth || 400) - 24) / H) - GAP))
    thumbnails(grid, state.cell, view)
    one()
  }
  const choose = (l, h) => {
    Object.assign(state, { layer: l, head: h, sent: `${l} ${h}` === state.told ? null : `${l} ${h}` })
    one()
    clearTimeout(state.later) // while somebody walks over the heads, the server hears of the last one
    state.later = setTimeout(() => setStateValue("picked", [state.layer, state.head]), 150)
  }

  fill($(".layer"), L, "Block")
  fill($(".head"), H, "Head")
  if (fresh) chips($(".strip"), tokens, (j) => { state.row = j; strips(root, view, state) })
  $(".layer").onchange = (event) => choose(+event.target.value, state.head)
  $(".head").onchange = (event) => choose(state.layer, +event.target.value)
  const spot = (event) => [event.offsetY, event.offsetX].map((at) => Math.floor(at / (state.cell + GAP)))
  grid.onclick = (event) => {
    const [l, h] = spot(event)
    if (l < L && h < H) choose(l, h)
  }
  grid.onmousemove = (event) => {
    const [l, h] = spot(event)
    grid.title = `Block ${l}, head ${h}`
  }
  map.onmousemove = (event) => {
    const [i, j] = [event.offsetY, event.offsetX].map((at) => Math.floor((at - state.big.longest) / state.big.cell))
    if (i < 0 || j < 0 || i >= T || j >= T) pointed(...$(".pairs").at, false)
    else pointed(i, j, true)
  }
  map.onmouseleave = () => pointed(...$(".pairs").at, false)
  $(".pairs").onfocus = () => pointed(...$(".pairs").at, true)
  $(".pairs").onblur = () => pointed(...$(".pairs").at, false)
  probe.ontransitionend = all // the page became dark, or light
  colours()
  if (fresh || !state.cell) all()
  else if (moved) one()
  let wide = root.clientWidth
  state.watch?.disconnect()
  state.watch = new ResizeObserver(() => {
    if (Math.abs(root.clientWidth - wide) <= 4) return
    wide = root.clientWidth
    all()
  })
  state.watch.observe(root)
  return () => state.watch.disconnect()
}
