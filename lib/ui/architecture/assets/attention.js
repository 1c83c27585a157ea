/* Attention maps: a thumbnail for every layer and head, the chosen map large, and the text with one token's weights.
   Weights come as the lower triangles of all maps, 16 bits each. Text only through textContent. */
const unpack = (text) => {
  const raw = atob(text)
  const bytes = new Uint8Array(raw.length)
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i)
  return new Uint16Array(bytes.buffer)
}

const colour = (root) => {
  const hex = getComputedStyle(root).getPropertyValue("--st-primary-color").trim()
  const m = /^#([0-9a-f]{6})/i.exec(hex)
  const n = m ? parseInt(m[1], 16) : 0x6366f1
  return [n >> 16, (n >> 8) & 255, n & 255]
}

const live = new WeakMap()

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const root = parentElement.querySelector(".attention")
  if (!root || !data) return
  const T = data.tokens.length, L = data.layers, H = data.heads, size = (T * (T + 1)) / 2
  let state = live.get(root)
  if (!state || state.stamp !== data.stamp) {
    state = { stamp: data.stamp, values: unpack(data.weights), layer: data.layer, head: data.head, row: T - 1 }
    live.set(root, state)
  }
  const weight = (l, h, i, j) => (j > i ? 0 : state.values[(l * H + h) * size + (i * (i + 1)) / 2 + j] / 65535)
  const $ = (name) => root.querySelector(name)
  const rgb = colour(root)
  const ratio = Math.min(2, window.devicePixelRatio || 1)

  const grid = $(".grid"), map = $(".map"), read = $(".read"), strip = $(".strip")
  const layerPick = $(".layer"), headPick = $(".head")

  // Thumbnails: one canvas, one cell of T x T pixels (at least 16) a head.
  const drawGrid = () => {
    const wide = $(".left").clientWidth || 400
    const cell = Math.max(15, Math.min(46, Math.floor((wide - 24) / H) - 3))
    state.cell = cell + 3
    grid.width = H * state.cell * ratio
    grid.height = L * state.cell * ratio
    grid.style.width = H * state.cell + "px"
    grid.style.height = L * state.cell + "px"
    const pen = grid.getContext("2d")
    const small = document.createElement("canvas")
    small.width = small.height = T
    const brush = small.getContext("2d")
    pen.imageSmoothingEnabled = T > cell
    for (let l = 0; l < L; l++) for (let h = 0; h < H; h++) {
      const image = brush.createImageData(T, T)
      for (let i = 0; i < T; i++) for (let j = 0; j <= i; j++) {
        const at = 4 * (i * T + j)
        image.data[at] = rgb[0]; image.data[at + 1] = rgb[1]; image.data[at + 2] = rgb[2]
        image.data[at + 3] = 30 + 225 * Math.sqrt(weight(l, h, i, j))
      }
      brush.putImageData(image, 0, 0)
      pen.drawImage(small, h * state.cell * ratio, l * state.cell * ratio, cell * ratio, cell * ratio)
    }
    const mark = $(".mark")
    mark.style.width = mark.style.height = cell + "px"
    mark.style.left = state.head * state.cell + "px"
    mark.style.top = state.layer * state.cell + "px"
  }

  const drawMap = (hover) => {
    const wide = $(".right").clientWidth || 420
    const font = T > 34 ? 8 : T > 22 ? 10 : 12
    const pen = map.getContext("2d")
    pen.font = `${font}px ui-monospace, monospace`
    const longest = Math.min(110, Math.max(...data.tokens.map((t) => pen.measureText(t).width)) + 8)
    const cell = Math.max(8, Math.min(38, Math.floor((wide - longest - 4) / T)))
    state.big = { cell, longest }
    map.width = (longest + cell * T + 2) * ratio
    map.height = (longest + cell * T + 2) * ratio
    map.style.width = longest + cell * T + 2 + "px"
    map.style.height = longest + cell * T + 2 + "px"
    pen.scale(ratio, ratio)
    pen.font = `${font}px ui-monospace, monospace`
    const ink = getComputedStyle(root).color
    pen.textBaseline = "middle"
    const clip = (t) => { let s = t; while (s.length > 1 && pen.measureText(s).width > longest - 6) s = s.slice(0, -1); return s === t ? t : s.slice(0, -1) + "…" }
    for (let i = 0; i < T; i++) {
      pen.fillStyle = ink
      pen.globalAlpha = hover && (hover[0] === i) ? 1 : 0.75
      pen.textAlign = "right"
      pen.fillText(clip(data.tokens[i]), longest - 4, longest + cell * (i + 0.5))
      pen.save()
      pen.globalAlpha = hover && (hover[1] === i) ? 1 : 0.75
      pen.translate(longest + cell * (i + 0.5), longest - 4)
      pen.rotate(-Math.PI / 2)
      pen.textAlign = "left"
      pen.fillText(clip(data.tokens[i]), 0, 0)
      pen.restore()
      for (let j = 0; j < T; j++) {
        pen.globalAlpha = 1
        pen.fillStyle = j > i ? "rgba(128,128,128,0.08)" : `rgba(${rgb.join(",")},${0.06 + 0.94 * weight(state.layer, state.head, i, j)})`
        pen.fillRect(longest + cell * j, longest + cell * i, cell - 1, cell - 1)
      }
    }
    if (hover) {
      pen.strokeStyle = ink
      pen.lineWidth = 1.5
      pen.strokeRect(longest + cell * hover[1] - 0.5, longest + cell * hover[0] - 0.5, cell, cell)
    }
  }

  const drawStrip = () => {
    strip.replaceChildren(...data.tokens.map((text, j) => {
      const chip = document.createElement("button")
      chip.type = "button"
      chip.className = "chip" + (j === state.row ? " from" : "") + (j > state.row ? " later" : "")
      chip.textContent = text
      const w = weight(state.layer, state.head, state.row, j)
      chip.style.background = j > state.row ? "transparent" : `rgba(${rgb.join(",")},${0.85 * w})`
      chip.title = j > state.row ? "comes later: masked" : percent(w)
      chip.onmouseenter = () => { if (state.row !== j) { state.row = j; drawStrip() } }
      chip.onclick = () => { state.row = j; drawStrip() }
      return chip
    }))
    const ranked = data.tokens.map((t, j) => [weight(state.layer, state.head, state.row, j), t, j]).slice(0, state.row + 1)
      .sort((a, b) => b[0] - a[0]).slice(0, 3)
    $(".says").textContent = `“${data.tokens[state.row]}” looks at ` + ranked.map(([w, t]) => `“${t}” ${percent(w)}`).join(", ")
  }

  const fill = (pick, count, word) => {
    if (pick.options.length === count) return
    pick.replaceChildren(...Array.from({ length: count }, (_, i) => {
      const option = document.createElement("option")
      option.value = i
      option.textContent = word + " " + i
      return option
    }))
  }
  const idle = "Point at a cell to read a weight. Rows look at columns; every row sums to 100%."
  const all = () => {
    fill(layerPick, L, "Block"); fill(headPick, H, "Head")
    layerPick.value = state.layer; headPick.value = state.head
    drawGrid(); drawMap(); drawStrip()
    read.textContent = idle
  }
  const choose = (l, h) => {
    state.layer = l; state.head = h
    all()
    setStateValue("picked", [l, h])
  }
  layerPick.onchange = () => choose(+layerPick.value, state.head)
  headPick.onchange = () => choose(state.layer, +headPick.value)
  const spot = (event) => {
    const box = grid.getBoundingClientRect()
    return [Math.floor((event.clientY - box.top) / state.cell), Math.floor((event.clientX - box.left) / state.cell)]
  }
  grid.onclick = (event) => { const [l, h] = spot(event); if (l >= 0 && l < L && h >= 0 && h < H) choose(l, h) }
  grid.onmousemove = (event) => { const [l, h] = spot(event); grid.title = `Block ${l}, head ${h}` }
  map.onmousemove = (event) => {
    const box = map.getBoundingClientRect(), { cell, longest } = state.big
    const j = Math.floor((event.clientX - box.left - longest) / cell), i = Math.floor((event.clientY - box.top - longest) / cell)
    if (i < 0 || j < 0 || i >= T || j >= T) { read.textContent = idle; return }
    drawMap([i, j])
    read.textContent = j > i ? `“${data.tokens[i]}” cannot look at “${data.tokens[j]}”: it comes later.`
      : `“${data.tokens[i]}” looks at “${data.tokens[j]}”: ${percent(weight(state.layer, state.head, i, j))}`
  }
  map.onmouseleave = () => { drawMap(); read.textContent = idle }
  all()
  if (state.watch) state.watch.disconnect()
  let wide = root.clientWidth
  state.watch = new ResizeObserver(() => { if (Math.abs(root.clientWidth - wide) > 4) { wide = root.clientWidth; all() } })
  state.watch.observe(root)
  return () => state.watch && state.watch.disconnect()
}
