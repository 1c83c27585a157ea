// Dialogues as tokens: what the loss counts on stands out, what is masked is grey.
export default function ({ data, parentElement }) {
  const root = make("div", "dialogues");
  for (const row of data.rows) {
    const line = make("p", "dialogue");
    for (const token of row) {
      const classes = [token.counts ? "counts taken" : "masked", token.special ? "control" : ""].join(" ");
      line.append(tokenChip("span", token.label, { classes }));
    }
    root.append(line);
  }
  const key = make("p", "key");
  key.append(tokenChip("span", "counts", { classes: "counts taken" }), " the loss counts here ",
    tokenChip("span", "masked", { classes: "masked" }), " read, and not counted");
  root.append(key);
  parentElement.querySelector(".mount").replaceChildren(root); // beside it is the style
}
