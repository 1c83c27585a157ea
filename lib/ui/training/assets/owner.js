// A random name of this browser, so that a page that is loaded again may still stop its run. It leaves the browser only
// for this server, and says nothing about anybody.
export default function ({ data, setStateValue }) {
  const KEY = "llm-playground-training";
  let name = data.name;
  try {
    name = localStorage.getItem(KEY);
    if (!/^[0-9a-f]{32}$/.test(name ?? "")) {
      name = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      localStorage.setItem(KEY, name);
    }
  } catch {
    return; // a browser that keeps nothing: the tab's own name is used
  }
  if (name !== data.name) setStateValue("name", name);
}
