// What the whole page listens for, once: Enter in the header's box, the projector's arrow keys, the skip link, printing.
const BOX = ".st-key-header textarea";
const EDITS = "input, textarea, select, [contenteditable], [role=slider], [role=tab], [role=radio], [role=option]";

// Streamlit makes its page dark and leaves out the popovers beside it: there light-dark() goes by the root.
function follow() {
  document.documentElement.style.colorScheme = getComputedStyle(document.querySelector(".stApp")).colorScheme;
}

function begin() {
  follow();
  oneStepForOneAct();
  new MutationObserver(follow).observe(document.querySelector(".stApp"), { attributes: true, attributeFilter: ["class"] });
  const skip = make("a", "pg-skip", "Skip to the result");
  skip.href = "#result";
  skip.onclick = (event) => {
    event.preventDefault();
    const result = document.querySelector(".st-key-result") ?? document.querySelector("[data-testid=stMain]");
    result.tabIndex = -1;
    result.focus();
  };
  document.body.prepend(skip);
  addEventListener("beforeprint", shrink);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches?.(BOX)) commit(event);
    else if (document.documentElement.dataset.projector === "on") walk(event);
  }, true);
}

function shrink() { // a chart keeps its screen's width on paper, and there is no time to draw it anew
  const paper = (186 / 25.4) * 96 / 0.75; // px: A4 without the margins, and the zoom of print.css
  const main = document.querySelector(".block-container");
  const room = main.clientWidth - 2 * parseFloat(getComputedStyle(main).paddingLeft);
  document.documentElement.style.setProperty("--pg-print-zoom", Math.min(1, paper / room));
}

function commit(event) { // Streamlit takes a text area's text at Ctrl+Enter
  if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  event.preventDefault();
  event.stopPropagation();
  event.target.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true, cancelable: true }));
}

function walk(event) {
  const step = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key];
  const within = event.composedPath()[0]; // an element in a component's shadow tree too
  if (!step || event.ctrlKey || event.metaKey || event.altKey || within.closest?.(EDITS) || within.getRootNode() !== document) return;
  const links = [...document.querySelectorAll(".st-key-steps a")];
  const page = location.pathname.split("/").pop();
  const course = document.querySelector(`.st-key-course-${step > 0 ? "next" : "back"} button`);
  const next = course ?? links[links.findIndex((link) => link.getAttribute("href") === page) + step];
  if (!next) return;
  event.preventDefault();
  next.click();
}

function keep({ projector, restore }, setStateValue) { // in this tab, over a reload
  const name = "llm-playground-projector";
  try {
    if (restore && sessionStorage.getItem(name) === "on") setStateValue("lit", true);
    else sessionStorage.setItem(name, projector ? "on" : "off");
  } catch (error) {} // a browser that keeps nothing
}

export default function ({ data, setStateValue }) {
  document.documentElement.dataset.projector = data.projector ? "on" : "off";
  document.documentElement.lang = "en";
  if (!document.querySelector(".pg-skip")) begin();
  keep(data, setStateValue);
}
