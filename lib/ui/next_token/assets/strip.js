// The text as tokens: one chip each, coloured by surprisal when it is known. Only textContent is written.

export default function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(".strip");
  if (!root) {
    root = make("div", "strip");
    const tip = make("div", "tip");
    tip.hidden = true;
    parentElement.append(root, tip);
  }
  const tip = parentElement.querySelector(".tip");
  tip.hidden = true;
  const add = (parent, tag, name, text) => {
    const element = make(tag, name, text);
    parent.append(element);
    return element;
  };
  root.replaceChildren();
  if (data.hidden > 0) add(root, "span", "note", `… ${data.hidden.toLocaleString("en")} earlier tokens`);
  for (const token of data.tokens) {
    const chip = add(root, data.clickable && token.place > 0 ? "button" : "span", "chip", "");
    add(chip, "span", "text", token.label);
    add(chip, "span", "id", token.note ?? String(token.id));
    chip.dataset.place = token.place;
    if (token.path) chip.classList.add("path");
    if (token.special) chip.classList.add("special");
    if (token.place === data.at) chip.classList.add("at");
    if (token.heat !== null) chip.style.setProperty("--heat", `${Math.round(100 * token.heat)}%`);
    chip.onpointerenter = chip.onfocus = () => show(tip, chip, token, add);
    chip.onpointerleave = chip.onblur = () => (tip.hidden = true);
    if (chip.tagName === "BUTTON") {
      chip.type = "button";
      chip.onclick = () => setTriggerValue("pick", token.place);
    }
  }
}

function show(tip, chip, token, add) {
  tip.replaceChildren();
  add(tip, "b", "", token.label);
  for (const [name, value] of token.facts) {
    add(tip, "span", "", name);
    add(tip, "span", "", value);
  }
  tip.hidden = false;
  const box = chip.getBoundingClientRect(), own = tip.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(box.left, window.innerWidth - own.width - 8)) + "px";
  tip.style.top = (box.bottom + own.height + 8 > window.innerHeight ? box.top - own.height - 6 : box.bottom + 6) + "px";
}
