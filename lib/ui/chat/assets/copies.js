// The Copy buttons of the code in replies. The page has them as plain HTML, so one listener serves all.
let listening = false; // an update of the page mounts this again
export default function () {
  if (listening) return;
  listening = true;
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".pg-reply .pg-copy");
    if (button) copy(button, button.parentNode.querySelector("code").textContent);
  });
}

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not where the page came over plain http
    const box = make("textarea", "", "");
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
    button.focus();
  }
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 1500);
}
