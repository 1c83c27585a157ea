// The Copy buttons of the code in replies. The page has them as plain HTML, so one listener serves all.
let listening = false; // an update of the page mounts this again
export default function () {
  if (listening) return;
  listening = true;
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".pg-reply .pg-copy");
    if (button) toClipboard(button.parentNode.querySelector("code").textContent, button);
  });
}
