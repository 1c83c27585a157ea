// Who somebody is outlives a reload: a student's secret in the browser's storage, a teacher's in the tab's, which ends
// with the tab. A teacher's own link has the secret behind the #, which browsers never send; it is taken off at once.
export default function ({ data, setStateValue }) {
  const stores = { student: "localStorage", teacher: "sessionStorage" };
  const found = { student: "", teacher: "" };
  for (const [role, store] of Object.entries(stores)) {
    try {
      const name = `llm-playground-class-${role}`;
      if (data.forget === role) window[store].removeItem(name);
      else if (data[role]) window[store].setItem(name, data[role]);
      found[role] = window[store].getItem(name) || "";
    } catch { // a browser that keeps nothing
    }
  }
  const secret = new URLSearchParams(location.hash.slice(1)).get("teacher");
  if (secret) {
    found.teacher = `${new URLSearchParams(location.search).get("room") ?? ""} ${secret}`;
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  if (data.restore) setStateValue("found", found);
}
