// What all pictures of a question begin with. Everything in it was typed or written by somebody: textContent alone.
function questionText(data) {
  const box = make("div", "asked " + data.kind);
  box.append(make("span", "words", data.text));
  if (data.kind === "token") box.append(make("span", "blank", " "));
  if (data.came) {
    box.lastChild.remove();
    box.append(tokenChip("span", data.came, { classes: "taken" }));
  }
  return box;
}
function optionLabel(data, place, tag = "span") { // the last option of a prompt is everything else
  const other = data.kind !== "token" || place === data.options.length - 1;
  return other ? make(tag, "label", data.options[place]) : tokenChip(tag, data.options[place], { classes: "label" });
}
