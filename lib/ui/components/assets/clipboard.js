async function toClipboard(text, button) { // and say so in the button's words for a moment
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not where the page came over plain http
    const box = make("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
    button.focus();
  }
  const words = button.lastChild;
  button.dataset.words ??= words.data;
  words.data = button.dataset.words.replace(/\S.*/, "Copied"); // the space after an icon stays
  setTimeout(() => (words.data = button.dataset.words), 1500);
}
