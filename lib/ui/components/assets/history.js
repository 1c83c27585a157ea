// One step of the browser's Back for one thing that somebody did. Streamlit adds an entry for every parameter that the
// server writes, and none for a widget that is bound to one. Here what a page writes by itself joins the last step, and so
// does typing that goes on.
const TOGETHER = 1500; // ms in which changes of the same parameters are one step

function changed(from, to) { // the names of the parameters that differ
  const names = new Set([...from.searchParams.keys(), ...to.searchParams.keys()]);
  return [...names].filter((name) => `${from.searchParams.getAll(name)}` !== `${to.searchParams.getAll(name)}`).sort().join();
}

function oneStepForOneAct() {
  const push = history.pushState, replace = history.replaceState;
  let acted = false, last = "", when = 0;
  const act = (event) => {
    acted = true;
    if (event.type === "pointerdown" || event.key === "Enter") last = ""; // not the typing that goes on
  };
  for (const kind of ["pointerdown", "keydown", "input"]) addEventListener(kind, act, true);
  addEventListener("popstate", () => { acted = false; last = ""; }, true);
  history.pushState = history.replaceState = function (state, unused, url) {
    const from = new URL(location.href), to = new URL(url ?? "", location.href);
    const names = changed(from, to), now = performance.now();
    const other = from.pathname !== to.pathname;
    const goesOn = names === last && now - when < TOGETHER;
    (other || (names && acted && !goesOn) ? push : replace).call(history, state, unused, url);
    if (names || other) [acted, last, when] = [false, other ? "" : names, now];
  };
}
