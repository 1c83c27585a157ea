// Tokens as coloured text; a card on hover, focus or tap; a click on an alternative goes back to Python.
// Text reaches the page only through textContent. Runs again for every update: spans are reused, never rebuilt.

const views = new WeakMap();
const TALL = 270; // px of a card: more options scroll in it, so that it covers little of what stands below

export default function (component) {
  const root = component.parentElement;
  let view = views.get(root);
  if (!view) {
    view = createView(root);
    views.set(root, view);
  }
  view.update(component);
  return view.destroy;
}

function createView(root) {
  const host = root.querySelector(".stream");
  const text = host.querySelector(".text");
  const caret = make("span", "caret");
  caret.setAttribute("aria-hidden", "true");
  const card = make("div", "card");
  card.setAttribute("role", "dialog");
  card.setAttribute("aria-label", "About this token");
  if ("popover" in card) card.popover = "manual";
  host.appendChild(card);

  let component = null;
  let data = { tokens: [] };
  let spans = [];
  let painted = []; // what each span shows, to leave unchanged ones alone
  const known = new Map(); // whole tokens seen so far: live updates carry only the latest ones whole
  let current = -1; // token whose card is open
  let pinned = false;
  let hushed = false;
  let closing = 0;

  const whole = (index) => {
    const seen = known.get(index);
    return seen && seen.key === keyOf(index) ? { ...seen.token, ...data.tokens[index] } : data.tokens[index];
  };
  const keyOf = (index) => data.tokens[index].id + ":" + (index ? data.tokens[index - 1].id : "");

  function paint(index) {
    const token = data.tokens[index];
    const mark = (data.marks || {})[index];
    const grouped = token.group !== index || (data.tokens[index + 1] || {}).group === index;
    const chosen = data.selected === index;
    const signature = [token.id, token.text, token.label, token.logprob, token.forced, grouped, mark, chosen].join("\u0000");
    let span = spans[index];
    if (!span) {
      span = make("span");
      span.setAttribute("role", "button");
      span.tabIndex = index === 0 ? 0 : -1;
      text.insertBefore(span, caret.parentNode === text ? caret : null);
      spans[index] = span;
    }
    span.dataset.index = index;
    if (painted[index] === signature) return;
    painted[index] = signature;
    span.replaceChildren();
    span.className = "tok pg-token";
    span.classList.toggle("special", Boolean(token.special));
    span.classList.toggle("forced", Boolean(token.forced));
    span.classList.toggle("grouped", grouped);
    span.classList.toggle("inside", token.group !== index);
    span.classList.toggle("marked", Boolean(mark));
    span.classList.toggle("selected", chosen);
    span.classList.toggle("open", index === current);
    span.style.setProperty("--surprise", surprise(token.logprob).toFixed(3));
    if (mark) span.appendChild(make("span", "flag")).append(icon("fork"));
    if (token.special) span.appendChild(make("span", "chip", token.label));
    else if (grouped) {
      if (token.text) span.appendChild(document.createTextNode(token.text));
      span.appendChild(make("span", "bytes", token.label.replace(/[⟨⟩]/g, "")));
    } else if (!token.text) span.appendChild(make("span", "chip", token.label));
    else {
      token.text.split("\n").forEach((line, i) => {
        if (i) span.appendChild(make("span", "newline")).append(icon("newline"));
        if (i) span.append("\n");
        if (line) span.append(line);
      });
    }
    const p = token.logprob === null || token.logprob === undefined ? "" : ", probability " + percent(Math.exp(token.logprob));
    span.setAttribute("aria-label", `token ${index + 1}: ${token.label}${p}${mark ? ", " + mark : ""}`);
  }

  function row(name, value, hint) {
    const line = make("div", "row");
    line.append(make("span", "name", name), make("span", "value", value));
    if (hint) line.title = hint;
    return line;
  }

  function fill(index) {
    const token = whole(index);
    const list = token.alternatives || [];
    card.replaceChildren();
    const place = list.findIndex((item) => item.id === token.id);
    const order = token.rank ?? (place >= 0 ? place : null); // from 0
    const rank = order !== null ? ` · rank ${order + 1}` : list.length ? ` · rank above ${list.length}` : "";
    const head = make("div", "head");
    head.append(make("span", "chip", token.label), make("span", "muted", `token ${index + 1} · ID ${token.id}${rank}`));
    head.lastChild.title = rank ? "Rank 1 is the model's first guess." : "";
    card.appendChild(head);
    const mark = (data.marks || {})[index];
    if (mark) card.appendChild(make("div", "marknote")).append(icon("fork"), " " + mark);
    if (token.forced) card.appendChild(make("div", "muted", "Given when the branch was made, not generated."));
    if (token.logprob !== null && token.logprob !== undefined) {
      card.append(
        row("model (T = 1)", percent(Math.exp(token.logprob)), "the model's own probability: temperature 1, nothing filtered"),
        row("log-probability", token.logprob.toFixed(3).replace("-", "−"), "natural logarithm"),
      );
    }
    if (token.prob !== null && token.prob !== undefined && !token.forced) {
      card.appendChild(row(data.after || "after sampling settings", percent(token.prob), "what the strategy drew from"));
    }
    if (!list.length) return;
    const canBranch = Boolean(data.branch);
    card.appendChild(make("div", "caption", canBranch ? "Choose another one to branch from here:" : "What it could have been:"));
    const options = make("div", "options");
    const header = make("div", "option header");
    header.append(make("span", "label", ""), make("span", "value", "model"));
    if (list.some((item) => item.prob !== null && item.prob !== undefined)) header.append(make("span", "after", data.column || "after"));
    options.appendChild(header);
    const top = Math.max(...list.map((item) => Math.exp(item.logprob)), 1e-12);
    const own = { id: token.id, label: token.label, logprob: token.logprob, prob: token.forced ? null : token.prob };
    (place < 0 && token.logprob !== null ? [...list, own] : list).forEach((item) => {
      const own = item.id === token.id;
      const active = canBranch && !own;
      const option = make(active ? "button" : "div", "option" + (own ? " own" : ""));
      const bar = make("span", "bar");
      bar.style.width = `${(100 * Math.exp(item.logprob)) / top}%`;
      const dropped = item.prob === 0;
      option.append(bar, make("span", "label", item.label));
      if (own) option.lastChild.append(" ", icon("check"));
      option.appendChild(make("span", "value", percent(Math.exp(item.logprob))));
      if (item.prob !== null && item.prob !== undefined) {
        option.appendChild(make("span", "after" + (dropped ? " dropped" : ""), dropped ? "dropped" : percent(item.prob)));
      }
      if (active) {
        option.type = "button";
        option.setAttribute("aria-label", `branch with ${item.label}, probability ${percent(Math.exp(item.logprob))}`);
        option.onclick = () => {
          component.setTriggerValue("branch", { index, id: item.id });
          close();
          focus(index, true); // the button that had it is gone
        };
      }
      options.appendChild(option);
    });
    card.appendChild(options);
  }

  // Where a card may lie: not over the header bar, and not over the box at the bottom in which one writes.
  function room() {
    const header = document.querySelector(".st-key-header")?.getBoundingClientRect();
    const bottom = document.querySelector("[data-testid=stBottom]")?.getBoundingClientRect();
    const top = header && header.bottom < window.innerHeight / 2 ? header.bottom : 0;
    return { top: Math.max(8, top + 4), bottom: Math.min(window.innerHeight - 8, bottom?.height ? bottom.top - 4 : Infinity) };
  }

  // Under the token or over it, never on it: where it does not fit it is cut to what room there is, and scrolls.
  function place() {
    const anchor = spans[current];
    if (!anchor || !anchor.isConnected) return close();
    const lines = anchor.getClientRects();
    const first = lines[0] ?? anchor.getBoundingClientRect();
    const last = lines[lines.length - 1] ?? first;
    const { top, bottom } = room();
    card.style.maxHeight = "";
    const width = card.offsetWidth;
    const height = card.scrollHeight;
    const above = first.top - 4 - top;
    const below = bottom - last.bottom - 4;
    const under = Math.min(TALL, height) <= below || below >= above;
    card.style.maxHeight = `${Math.max(96, Math.min(TALL, under ? below : above))}px`;
    card.style.left = `${Math.max(8, Math.min((under ? last : first).left, window.innerWidth - width - 8))}px`;
    card.style.top = `${under ? last.bottom + 4 : Math.max(top, first.top - 4 - card.offsetHeight)}px`;
  }

  function open(index, pin) {
    clearTimeout(closing);
    if (pinned && !pin) return;
    pinned = pin;
    if (current >= 0 && spans[current]) spans[current].classList.remove("open");
    current = index;
    spans[index].classList.add("open");
    fill(index);
    card.classList.add("shown");
    card.classList.toggle("pinned", pin);
    if (card.showPopover && !card.matches(":popover-open")) card.showPopover();
    place();
  }

  function close() {
    clearTimeout(closing);
    if (current >= 0 && spans[current]) spans[current].classList.remove("open");
    current = -1;
    pinned = false;
    card.classList.remove("shown", "pinned");
    if (card.hidePopover && card.matches(":popover-open")) card.hidePopover();
  }

  const later = () => {
    clearTimeout(closing);
    closing = setTimeout(() => pinned || close(), 220);
  };
  const indexOf = (event) => {
    const span = event.target.closest ? event.target.closest(".tok") : null;
    return span ? Number(span.dataset.index) : -1;
  };
  const focus = (index, quietly = false) => { // quietly: without its card, which was closed just now
    const span = spans[Math.max(0, Math.min(index, spans.length - 1))];
    if (!span) return;
    spans.forEach((other) => (other.tabIndex = -1));
    span.tabIndex = 0;
    hushed = quietly;
    span.focus();
    hushed = false;
  };
  const choose = (index) => {
    open(index, true);
    if (data.select && data.selected !== index) component.setTriggerValue("select", index);
  };

  text.onpointerover = (event) => {
    const index = indexOf(event);
    if (index >= 0 && event.pointerType !== "touch") open(index, false);
  };
  text.onpointerleave = later;
  card.onpointerenter = () => clearTimeout(closing);
  card.onpointerleave = later;
  text.onclick = (event) => {
    const index = indexOf(event);
    if (index < 0) return;
    if (pinned && current === index) close();
    else choose(index);
  };
  text.addEventListener("focusin", (event) => { // there is no property onfocusin
    const index = indexOf(event);
    if (index >= 0 && !hushed && event.target.matches(":focus-visible")) open(index, false);
  });
  text.addEventListener("focusout", (event) => {
    if (!card.contains(event.relatedTarget)) later();
  });
  text.onkeydown = (event) => {
    const index = indexOf(event);
    if (index < 0) return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) focus(index + step);
    else if (event.key === "Home") focus(0);
    else if (event.key === "End") focus(spans.length - 1);
    else if (event.key === "Enter" || event.key === " ") {
      choose(index);
      const first = card.querySelector("button");
      if (first) first.focus();
    } else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  };
  card.onkeydown = (event) => {
    const buttons = [...card.querySelectorAll("button")];
    const here = buttons.indexOf(event.target);
    if (event.key === "Escape") {
      const back = current;
      close();
      if (back >= 0) focus(back, true);
    } else if (event.key === "ArrowDown") buttons[Math.min(here + 1, buttons.length - 1)]?.focus();
    else if (event.key === "ArrowUp") buttons[Math.max(here - 1, 0)]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const outside = (event) => {
    if (current >= 0 && !event.composedPath().includes(host)) close();
  };
  const moved = () => {
    if (current < 0) return;
    const box = spans[current].getBoundingClientRect();
    const frame = text.getBoundingClientRect(); // a long text may scroll in itself
    const gone = box.bottom < Math.max(0, frame.top) || box.top > Math.min(window.innerHeight, frame.bottom);
    if (gone) close(); // a card without its token would cover something else
    else place();
  };
  document.addEventListener("pointerdown", outside, true); // tabs and menus keep it from bubbling
  window.addEventListener("scroll", moved, true);
  window.addEventListener("resize", moved);

  function say(selector, words) {
    const node = host.querySelector(selector);
    if (node.textContent !== words) node.textContent = words;
  }

  function update(next) {
    component = next;
    data = next.data || { tokens: [] };
    const count = data.tokens.length;
    const atEnd = text.scrollTop + text.clientHeight >= text.scrollHeight - 4; // a growing text is followed there
    for (const extra of spans.splice(count)) extra.remove();
    painted.length = Math.min(painted.length, count);
    data.tokens.forEach((token, index) => {
      if (token.alternatives) known.set(index, { key: keyOf(index), token });
    });
    if (data.live && count && caret.parentNode !== text) text.appendChild(caret);
    if (!data.live || !count) caret.remove();
    for (let index = 0; index < count; index++) paint(index);
    const ended = host.classList.contains("live") && !data.live;
    host.classList.toggle("live", Boolean(data.live));
    if (atEnd && data.live) text.scrollTop = text.scrollHeight;
    else if (atEnd && ended) text.scrollTop = 0; // one reads it from its beginning now
    text.setAttribute("aria-label", data.name || "generated tokens");
    say(".placeholder", count ? "" : data.placeholder || "");
    say(".note", data.note || "");
    host.querySelector(".legend").hidden = !data.legend;
    if (current >= count) close();
    else if (current >= 0) place();
  }

  function destroy() {
    clearTimeout(closing);
    document.removeEventListener("pointerdown", outside, true);
    window.removeEventListener("scroll", moved, true);
    window.removeEventListener("resize", moved);
    card.remove();
    text.replaceChildren();
    views.delete(root);
  }
  return { update, destroy };
}
