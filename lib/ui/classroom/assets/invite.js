// The room's code and link. The link is made from the page's own address, so that it is right behind any proxy.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  const address = new URL(location.pathname, location.origin);
  const link = `${address}?room=${data.code}`;
  root.className = "root" + (data.large ? " large" : "");
  const copy = make("button", "copy");
  copy.type = "button";
  const words = data.teacher ? " Copy teacher link" : " Copy link";
  copy.append(icon("link"), words);
  copy.onclick = () => toClipboard(data.teacher ? `${link}#teacher=${data.teacher}` : link, copy, words);
  if (data.teacher) return root.replaceChildren(copy);
  root.replaceChildren(
    make("span", "where", `${address.host}${address.pathname}`),
    make("strong", "code", data.grouped),
    copy,
  );
}
async function toClipboard(text, button, words) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // without https browsers have no clipboard for pages
    const box = make("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  button.lastChild.textContent = " Copied";
  setTimeout(() => (button.lastChild.textContent = words), 2000);
}
