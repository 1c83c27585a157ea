// The buttons in and under messages. The page has them as plain HTML, so one listener serves all.
let listening = false; // an update of the page mounts this again
let press; // of the newest mount
export default function ({ setTriggerValue }) {
  press = ({ act, message }) => setTriggerValue("press", { act, message });
  if (listening) return;
  listening = true;
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".pg-copy, .pg-act");
    if (!button?.closest(".st-key-chat-messages, .pg-reply")) return;
    if (button.matches(".pg-act")) press(button.dataset);
    else toClipboard(button.parentNode.querySelector("code").textContent, button);
  });
}
