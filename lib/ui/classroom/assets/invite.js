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
  copy.onclick = () => toClipboard(data.teacher ? `${link}#teacher=${data.teacher}` : link, copy);
  if (data.teacher) return root.replaceChildren(copy);
  root.replaceChildren(
    make("span", "where", `${address.host}${address.pathname}`),
    make("strong", "code", data.grouped),
    copy,
  );
}
