// A link and a picture of the river: methods of River in river.js.

const CARD = { width: 1200, height: 630 };

Object.assign(River.prototype, {
  buildShare() {
    this.shareBox = make("div", "share");
    for (const [name, glyph, words, act] of [["copy", "link", "Copy link", () => this.copyLink()],
                                             ["picture", "download", "Save picture", () => this.savePicture()]]) {
      const button = make("button", name);
      button.type = "button";
      button.title = words;
      button.append(icon(glyph), make("span", "", words));
      button.onclick = act;
      this.shareBox.append(button);
    }
  },

  // The address of this page with what is on it: the prompt, the road taken, the temperature, the model.
  address() {
    const url = new URL(location.href);
    url.search = new URLSearchParams({ ...this.data.share.query, ...this.temperatureQuery() }).toString();
    url.hash = "";
    return url.href;
  },

  temperatureQuery() {
    const t = this.tree.temperatures[this.step];
    return t === 1 ? {} : { t: String(t) };
  },

  async copyLink() {
    const address = this.address();
    try {
      await navigator.clipboard.writeText(address);
      this.say("The link is in the clipboard.");
    } catch { // no permission, or a page without https
      window.prompt("The link:", address);
    }
  },

  async savePicture() {
    const canvas = this.picture();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    const link = make("a");
    link.href = URL.createObjectURL(blob);
    link.download = "river.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    this.say("The picture is saved: 1200 × 630 pixels.");
  },

  // The newest places of the river as they are drawn, with the title, the text and the model's name.
  picture() {
    const canvas = make("canvas"), { share } = this.data, style = getComputedStyle(this.root);
    Object.assign(canvas, CARD);
    const draw = canvas.getContext("2d");
    draw.fillStyle = getComputedStyle(this.card).backgroundColor;
    draw.fillRect(0, 0, CARD.width, CARD.height);
    const font = style.fontFamily, ink = style.color, soft = getComputedStyle(this.status).color;
    const line = (text, x, y, size, colour, weight = 400) => {
      draw.font = `${weight} ${size}px ${font}`;
      draw.fillStyle = colour;
      draw.fillText(text, x, y);
    };
    line(share.title, 48, 62, 24, soft, 600);
    this.textOn(draw, font, ink);
    line(`${share.model} · temperature ${this.tree.temperatures[this.step].toFixed(2)}`, 48, 600, 20, soft);
    draw.textAlign = "right";
    line("LLM Playground", CARD.width - 48, 600, 20, soft, 600);
    draw.textAlign = "left";
    this.riverOn(draw, ink, soft);
    return canvas;
  },

  // The text in two lines at most, its end where it is longer.
  textOn(draw, font, ink) {
    draw.font = `650 34px ${font}`;
    draw.fillStyle = ink;
    const lines = [""];
    for (const word of this.data.share.text.replace(/\s+/g, " ").split(/(?= )/)) {
      const longer = lines[lines.length - 1] + word;
      if (draw.measureText(longer).width < CARD.width - 100) lines[lines.length - 1] = longer;
      else lines.push(word.trimStart());
    }
    const shown = lines.slice(-2);
    if (lines.length > 2) shown[0] = `… ${shown[0]}`;
    shown.forEach((text, row) => draw.fillText(text, 48, 112 + 44 * row, CARD.width - 96));
  },

  riverOn(draw, ink, soft) {
    const { size } = this, scale = 390 / size.height, wide = Math.min(size.total, 1104 / scale), from = size.total - wide;
    draw.save();
    draw.beginPath();
    draw.rect(48, 165, 1104, 400);
    draw.clip();
    draw.translate(48 + (1104 - wide * scale) / 2, 172);
    draw.scale(scale, scale);
    draw.translate(-from, 0);
    for (const path of this.ribbons.children) {
      const d = path.getAttribute("d");
      if (!d) continue;
      draw.fillStyle = this.paint(draw, path);
      draw.fill(new Path2D(d));
    }
    for (const button of this.items.children) this.chipOn(draw, button, ink, soft);
    draw.restore();
    if (from > 0) this.fadeOn(draw);
  },

  // What goes on to the left goes into the ground's colour.
  fadeOn(draw) {
    const ground = getComputedStyle(this.card).backgroundColor, fade = draw.createLinearGradient(46, 0, 110, 0);
    fade.addColorStop(0, ground);
    fade.addColorStop(1, `rgb(from ${ground} r g b / 0)`);
    draw.fillStyle = fade;
    draw.fillRect(46, 165, 64, 400);
  },

  // A path's colour for a canvas, or its gradient.
  paint(draw, path) {
    const name = path.getAttribute("fill")?.match(/#([\w-]+)/)?.[1];
    if (!name) return getComputedStyle(path).fill;
    const { x, width } = path.getBBox(), fade = draw.createLinearGradient(x, 0, x + width, 0);
    for (const stop of this.svg.querySelectorAll(`[id="${name}"] stop`)) {
      const { stopColor, stopOpacity } = getComputedStyle(stop);
      fade.addColorStop(Number(stop.getAttribute("offset")), `rgb(from ${stopColor} r g b / ${stopOpacity})`);
    }
    return fade;
  },

  chipOn(draw, button, ink, soft) {
    const box = button.getBoundingClientRect(), home = this.content.getBoundingClientRect();
    const [x, y, width, height] = [box.left - home.left, box.top - home.top, box.width, box.height].map((one) => one / this.unit);
    const style = getComputedStyle(button);
    draw.fillStyle = style.backgroundColor;
    draw.beginPath();
    draw.roundRect(x, y, width, height, 4);
    draw.fill();
    if (button !== this.others) {
      draw.fillStyle = `rgb(from ${soft} r g b / 0.6)`;
      draw.fillRect(x + 1, y + height - 2, width - 2, 2);
    }
    for (const part of button.childElementCount ? button.children : [button]) {
      const at = part.getBoundingClientRect(), look = getComputedStyle(part);
      if (!part.textContent || !at.width) continue;
      draw.font = `${look.fontWeight} ${parseFloat(look.fontSize) / this.unit}px ${look.fontFamily}`;
      draw.fillStyle = part === this.others || !part.matches(".label, .next .percent") ? soft : ink;
      draw.textBaseline = "middle";
      const left = (at.left - home.left) / this.unit, middle = (at.top - home.top + at.height / 2) / this.unit;
      draw.fillText(fitting(draw, part.textContent, at.width / this.unit + 1), left, middle);
      draw.textBaseline = "alphabetic";
    }
  },
});

// As much of a text as the width has room for.
function fitting(draw, text, width) {
  if (draw.measureText(text).width <= width) return text;
  let count = text.length;
  while (count > 1 && draw.measureText(`${text.slice(0, count)}…`).width > width) count--;
  return `${text.slice(0, count)}…`;
}
