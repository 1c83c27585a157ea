// Step 2: the pieces the model reads, each with its number. Text reaches the page only through textContent.
export default function ({ data, parentElement }) {
  parentElement.querySelector(".title").textContent = data.title;
  const chips = data.tokens.map((token) => {
    const chip = make("span", token.added ? "chip added" : "chip");
    chip.title = token.tip;
    chip.append(make("span", "text", token.label), make("span", "id", String(token.id)));
    return chip;
  });
  const box = parentElement.querySelector(".chips");
  box.replaceChildren(...(chips.length ? chips : [make("span", "empty", data.empty)]));
  box.scrollTop = box.scrollHeight;
  parentElement.querySelector(".note").textContent = data.note;
}
