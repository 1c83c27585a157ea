// Tokens look the same everywhere: token.css has the look, these say how surprised the model was.
function surprise(logprob) { // 0 … 1 of a log-probability (natural logarithm); null where nobody looked
  return logprob === null || logprob === undefined ? 0 : Math.min(1, Math.max(0, -logprob / Math.LN2 / HEAT_BITS));
}
function tokenChip(tag, label, { id, logprob, classes = "" } = {}) { // a new element; `id` is shown under the label if given
  const chip = make(tag, ("pg-token " + classes).trim(), label);
  if (id !== undefined && id !== null) {
    chip.classList.add("with-id");
    chip.append(make("span", "id", String(id)));
  }
  chip.style.setProperty("--surprise", surprise(logprob).toFixed(3));
  return chip;
}
