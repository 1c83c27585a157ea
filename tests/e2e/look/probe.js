// What can be seen to be wrong with a page that is open: each function gives a list of {rule, selector, text}.
// Everything here looks into shadow roots. A rule speaks only where a person would see the fault; the comments say what
// is left out and why. Installed as window.look before the page's own scripts.
(() => {
  const parentOf = (node) => node.assignedSlot ?? node.parentElement ?? node.getRootNode().host ?? null;
  const ancestors = function* (node) {
    for (let at = parentOf(node); at; at = parentOf(at)) yield at;
  };
  const walk = function* (root) {
    for (const node of root.children) {
      yield node;
      if (node.shadowRoot) yield* walk(node.shadowRoot);
      yield* walk(node);
    }
  };
  const all = () => [...walk(document)];
  const css = (node) => getComputedStyle(node);
  const isRange = (node) => node.matches("input[type=range]");

  const box = (rect) => ({ left: rect.left, top: rect.top, right: rect.right, bottom: rect.bottom });
  const width = (rect) => rect.right - rect.left;
  const height = (rect) => rect.bottom - rect.top;
  const meet = (a, b) => ({
    left: Math.max(a.left, b.left), top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom),
  });
  const empty = (rect) => width(rect) <= 0 || height(rect) <= 0;
  const inside = (a, b, slack = 1) =>
    a.left >= b.left - slack && a.right <= b.right + slack && a.top >= b.top - slack && a.bottom <= b.bottom + slack;

  // A short name by which a person finds the element: the nearest key or test id, then tag and classes.
  const name = (node) => {
    const tag = (n) => n.tagName.toLowerCase() + [...n.classList].filter((c) => !/^(st-?emotion|e[0-9a-z]{6,}|st-[a-z0-9]{1,3}$)/.test(c))
      .slice(0, 3).map((c) => "." + c).join("");
    const owner = (n) => {
      const key = [...n.classList].find((c) => c.startsWith("st-key-"));
      return key ? "." + key : n.dataset?.testid ? `[${n.dataset.testid}]` : "";
    };
    const path = [tag(node)];
    for (const at of ancestors(node)) {
      const own = owner(at);
      if (own) path.unshift(own);
      if (own.startsWith(".st-key") || path.length > 3) break;
    }
    return owner(node) && owner(node).startsWith(".st-key") ? owner(node) : path.join(" ");
  };
  // Where a shift or a movement is told of, the element's first words help more than its classes.
  const told = (node) => `${name(node)}${label(node) ? ` “${label(node).slice(0, 30)}”` : ""}`;
  const words = (text) => (text ?? "").replace(/\s+/g, " ").trim().slice(0, 60);
  const label = (node) => words(node.getAttribute?.("aria-label") || node.innerText || node.textContent || node.value || node.getAttribute?.("placeholder"));

  const cache = new Map(); // of one look: element -> seen
  const seen = (node) => {
    if (!cache.has(node)) {
      cache.set(node, node.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }));
    }
    return cache.get(node);
  };
  // Text for screen readers alone: a box of a pixel or two, or clipped away.
  const forReadersOnly = (node) => {
    for (const at of [node, ...ancestors(node)]) {
      const style = css(at);
      if (style.clip !== "auto" && style.position === "absolute") return true;
      if (/inset\((50|100)%/.test(style.clipPath)) return true;
      if (/hidden|clip/.test(style.overflowX) && at.clientWidth <= 2 && at.clientHeight <= 2 && !(at instanceof SVGElement)) return true;
    }
    return false;
  };

  // Ancestors that cut or scroll what is in `node`: [{node, x, y}], x and y being "cut", "scroll" or "".
  const frames = (node) => {
    const found = [];
    let escapes = css(node).position; // an absolute box is cut only by boxes that it is placed in
    for (const at of ancestors(node)) {
      if (escapes === "fixed") break;
      const style = css(at);
      const placed = style.position !== "static" || style.transform !== "none" || /paint|strict|content/.test(style.contain);
      if (escapes === "absolute" && !placed) continue;
      const svg = at instanceof SVGElement;
      const can = svg ? at.tagName === "svg" : !/^(inline|contents)$/.test(style.display);
      const kind = (value) => (/auto|scroll/.test(value) ? "scroll" : /hidden|clip/.test(value) ? "cut" : "");
      if (can && (kind(style.overflowX) || kind(style.overflowY))) {
        found.push({ node: at, x: kind(style.overflowX), y: kind(style.overflowY), style });
      }
      escapes = style.position;
    }
    return found;
  };
  const inner = (node) => {
    const rect = node.getBoundingClientRect();
    if (node instanceof SVGElement) return box(rect);
    const left = rect.left + node.clientLeft, top = rect.top + node.clientTop;
    // Text that runs into the padding is still seen, so the padding box counts.
    return { left, top, right: left + node.clientWidth, bottom: top + node.clientHeight };
  };
  // The part of `rect` that is left after every ancestor has cut it.
  const clipped = (rect, node) => {
    let left = box(rect);
    for (const frame of frames(node)) {
      const limit = inner(frame.node);
      if (!frame.x) Object.assign(limit, { left: -1e9, right: 1e9 });
      if (!frame.y) Object.assign(limit, { top: -1e9, bottom: 1e9 });
      left = meet(left, limit);
    }
    return left;
  };

  // The part of a line of text that its own element shows.
  const own = (rect, node) => {
    const style = css(node);
    if (/^(inline|contents)$/.test(style.display) || !/hidden|clip/.test(style.overflowX) || node instanceof SVGElement) return rect;
    return meet(rect, inner(node));
  };

  // Every run of text that is on the screen: {node (its element), rects, text}.
  const texts = () => {
    const found = [];
    for (const element of all()) {
      if (/^(SCRIPT|STYLE|NOSCRIPT|TITLE|DESC|TEXTAREA|OPTION)$/i.test(element.tagName)) continue;
      for (const child of element.childNodes) {
        if (child.nodeType !== Node.TEXT_NODE || !child.data.trim()) continue;
        if (!seen(element)) break;
        const style = css(element);
        if (/^rgba\(.*, 0\)$/.test(style.color) && !(element instanceof SVGElement)) break;
        const range = document.createRange();
        range.selectNodeContents(child);
        const rects = [...range.getClientRects()].filter((r) => r.width > 0.5 && r.height > 0.5).map(box);
        if (rects.length && !forReadersOnly(element)) found.push({ node: element, rects, text: words(child.data), style });
      }
    }
    return found;
  };
  const icon = (style) => /material|icon/i.test(style.fontFamily);
  const INTERACTIVE = "a[href], button, input:not([type=hidden]), select, textarea, summary, " +
    "[role=button], [role=tab], [role=slider], [role=switch], [role=link], [role=combobox], [role=menuitem], [role=radio]";
  const controls = () => all().filter((node) => node.matches(INTERACTIVE) && seen(node) && !forReadersOnly(node));

  // ---- rules ----

  // An ancestor that neither scrolls nor shows dots takes a part of a line (or of a control) away. What it takes away
  // whole is hidden on purpose: a closed drawer, a carousel's next slide.
  const cut = (texts, controls) => {
    const found = [];
    const check = (node, rects, text, slackY) => {
      let x = true, y = true;
      let parts = rects;
      const own = { node, x: "", y: "", style: css(node) };
      const before = [own, ...frames(node)];
      const dots = (from) => [node, ...ancestors(node)].slice(0, 6).some((at) => {
        const style = css(at);
        return style.textOverflow === "ellipsis" || (style.webkitLineClamp && style.webkitLineClamp !== "none");
      });
      for (const frame of before) {
        if (frame.node === node) {
          if (node instanceof SVGElement || /^(inline|contents)$/.test(frame.style.display)) continue;
          frame.x = /hidden|clip/.test(frame.style.overflowX) ? "cut" : /auto|scroll/.test(frame.style.overflowX) ? "scroll" : "";
          frame.y = /hidden|clip/.test(frame.style.overflowY) ? "cut" : /auto|scroll/.test(frame.style.overflowY) ? "scroll" : "";
        }
        if (frame.x === "scroll") x = false;
        if (frame.y === "scroll") y = false;
        const limit = inner(frame.node);
        if (empty(limit)) return;
        const shown = parts.filter((r) => !empty(meet(r, limit)));
        if (!shown.length) return;
        const over = (r) =>
          (x && frame.x === "cut" && Math.max(r.right - limit.right, limit.left - r.left) > 2) ||
          (y && frame.y === "cut" && Math.max(r.bottom - limit.bottom, limit.top - r.top) > Math.max(2, slackY * height(r)));
        if (parts.some(over)) {
          if (!dots()) found.push({ rule: "cut", selector: name(node), text: `“${text}” by ${name(frame.node)}` });
          return;
        }
        if (!x && !y) return;
      }
      const screen = { left: 0, right: innerWidth };
      if (x && parts.some((r) => r.left < screen.right && r.right > screen.left && (r.right > screen.right + 2 || r.left < -2))) {
        found.push({ rule: "cut", selector: name(node), text: `“${text}” by the edge of the screen` });
      }
    };
    for (const { node, rects, text } of texts) check(node, rects, text, 0.34);
    for (const node of controls) {
      if (node.matches("textarea, input:not([type=range])") || node instanceof SVGElement) continue;
      check(node, [box(node.getBoundingClientRect())], label(node), 0.2);
    }
    return found;
  };

  // What floats above the page (a sticky bar, a popover, a card at a token) may cover it: only boxes of one layer are
  // compared. A layer is the nearest ancestor that floats.
  const layer = (node) => {
    for (const at of [node, ...ancestors(node)]) {
      const style = css(at);
      if (/fixed|sticky/.test(style.position) || (style.position === "absolute" && style.zIndex !== "auto" && style.zIndex !== "0")) return at;
      if (at.matches?.("dialog, [popover], [role=dialog], [role=tooltip], [role=listbox]")) return at;
    }
    return document;
  };
  const related = (a, b) => a === b || [...ancestors(a)].includes(b) || [...ancestors(b)].includes(a);
  // Pairs of `items` ({node, rect}) whose boxes meet in more than `least(a, b)` allows.
  const pairs = (items, over) => {
    const sorted = items.filter((item) => !empty(item.rect)).sort((a, b) => a.rect.top - b.rect.top);
    const found = [];
    for (let i = 0; i < sorted.length; i++) {
      for (let j = i + 1; j < sorted.length && sorted[j].rect.top < sorted[i].rect.bottom; j++) {
        const shared = meet(sorted[i].rect, sorted[j].rect);
        if (!empty(shared) && over(sorted[i], sorted[j], shared)) found.push([sorted[i], sorted[j]]);
      }
    }
    return found;
  };
  const report = (rule, found) => found.map(([a, b]) => ({
    rule, selector: name(a.node), text: `“${a.text}” and “${b.text}” (${name(b.node)})`,
  }));
  const overlap = (texts, controls) => {
    const lines = texts.flatMap(({ node, rects, text }) =>
      rects.map((r) => ({ node, text, rect: own(clipped(r, node), node), layer: layer(node) })));
    // Lines of one text may touch: the box of a line is higher than its letters.
    const written = pairs(lines, (a, b, shared) => a.node !== b.node && a.layer === b.layer &&
      width(shared) > 3 && height(shared) > 0.45 * Math.min(height(a.rect), height(b.rect)));
    const apart = (a, b, shared) => width(shared) > 2 && height(shared) > 2 && a.layer === b.layer &&
      !related(a.node, b.node) && !inside(a.rect, b.rect) && !inside(b.rect, a.rect);
    const boxes = controls.filter((node) => !(node instanceof SVGElement)).flatMap((node) => // one in a text has a box a line
      [...node.getClientRects()].map((r) => ({ node, text: label(node), rect: clipped(r, node), layer: layer(node) })));
    const headings = all().filter((node) => node.matches("h1, h2, h3, h4, h5, h6, [role=heading]") && seen(node) && !forReadersOnly(node))
      .map((node) => ({ node, text: label(node), rect: clipped(node.getBoundingClientRect(), node), layer: layer(node) }));
    return [
      ...report("text over text", written),
      ...report("controls overlap", pairs(boxes, apart)),
      ...report("headings overlap", pairs(headings, apart)),
    ];
  };

  // Letters as they arrive on the screen: an SVG that is scaled down scales its text too. Icon fonts are pictures.
  const small = (texts) => texts.flatMap(({ node, style, text }) => {
    if (icon(style) || node.closest(".katex .mtight, sup, sub")) return []; // what stands high or low is set smaller
    const matrix = node instanceof SVGElement ? node.getScreenCTM?.() : null;
    const size = parseFloat(style.fontSize) * (matrix ? Math.hypot(matrix.b, matrix.d) : 1);
    return size < 11.95 ? [{ rule: "text under 12 px", selector: name(node), text: `${size.toFixed(1)} px: “${text}”` }] : [];
  });

  const order = () => {
    const found = [];
    let last = 0;
    const headings = all().filter((node) => node.matches("h1, h2, h3, h4, h5, h6, [role=heading]") && node.checkVisibility({ visibilityProperty: true }));
    for (const node of headings) {
      const level = Number(node.getAttribute("aria-level") ?? node.tagName[1]);
      if (level > last + 1) found.push({ rule: "heading order", selector: name(node), text: `h${level} after ${last ? "h" + last : "nothing"}: “${label(node)}”` });
      if (level === 1 && headings[0] !== node) found.push({ rule: "heading order", selector: name(node), text: `a second or late h1: “${label(node)}”` });
      last = level;
    }
    if (!headings.length) found.push({ rule: "heading order", selector: "body", text: "no heading" });
    return found;
  };

  const sideways = () => {
    const found = [];
    const places = [document.documentElement, document.querySelector("[data-testid=stMain]"), document.querySelector("[data-testid=stSidebar]")];
    for (const place of places.filter(Boolean)) {
      const over = place.scrollWidth - place.clientWidth;
      if (over <= 1 || (place !== document.documentElement && !/auto|scroll/.test(css(place).overflowX))) continue;
      const edge = inner(place).left + place.clientWidth;
      const widest = all().filter((node) => place.contains(node) && seen(node) && node.getBoundingClientRect().right > edge + 1 &&
        !frames(node).some((frame) => frame.node !== place && place.contains(frame.node))).pop();
      found.push({ rule: "scrolls sideways", selector: widest ? name(widest) : name(place), text: `${name(place)} is ${over} px too wide` });
    }
    return found;
  };

  // ---- what a script asks for ----

  const at = (rect) => (rect.width ? `${Math.round(rect.x)},${Math.round(rect.y)}` : "off");
  const shifts = []; // {value, input, at, names}
  try {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const names = entry.sources.filter((s) => s.node).slice(0, 4).map((s) => {
          const node = s.node.nodeType === 1 ? s.node : s.node.parentElement;
          return node ? `${told(node)} ${at(s.previousRect)}→${at(s.currentRect)}` : "gone";
        });
        shifts.push({ value: entry.value, input: entry.hadRecentInput, at: entry.startTime, names });
      }
    }).observe({ type: "layout-shift", buffered: true });
  } catch { /* another browser than Chromium */ }

  // When the page's title was on the screen for the first time. What Streamlit shows before that is its own empty frame,
  // in which no style of ours is yet: that it moves cannot be helped.
  let titled = Infinity;
  const wait = () => document.querySelector("h1")?.checkVisibility() ? requestAnimationFrame(() => (titled = performance.now()))
    : requestAnimationFrame(wait);
  wait();

  let stood = []; // what was on the screen, and where: [{node, top, left}]
  const places = () => all()
    .filter((node) => (node.matches(INTERACTIVE) || node.matches("h1, h2, h3, [role=tablist]")) && seen(node) && !forReadersOnly(node))
    .map((node) => ({ node, rect: node.getBoundingClientRect() }))
    .filter(({ rect }) => rect.bottom > 0 && rect.top < innerHeight && rect.width > 0);
  const scrolled = () => document.querySelector("[data-testid=stMain]")?.scrollTop;

  window.look = {
    name,
    // Before a click on `clicked`, and after it: controls and headings of the screen that are somewhere else now.
    // With `above`, only those that do not lie below it: a tab's content may push what comes after it.
    stand() {
      cache.clear();
      stood = places().map(({ node, rect }) => ({ node, top: rect.top, left: rect.left }));
      stood.scroll = scrolled();
    },
    moved(above) {
      cache.clear();
      if (stood.scroll !== scrolled()) return [];
      const limit = above === null ? Infinity : above;
      return stood.filter(({ node, top }) => node.isConnected && seen(node) && top < limit).flatMap(({ node, top, left }) => {
        const rect = node.getBoundingClientRect();
        const aside = frames(node).some((frame) => frame.x === "scroll" && !frame.node.matches("[data-testid=stMain]"));
        const by = Math.max(Math.abs(rect.top - top), aside ? 0 : Math.abs(rect.left - left)); // a row of tabs may scroll
        return by > 4 ? [{ rule: "moved by a click", selector: told(node), text: `${Math.round(left)}, ${Math.round(top)} → ${Math.round(rect.left)}, ${Math.round(rect.top)}` }] : [];
      });
    },
    findings() {
      cache.clear();
      const seenTexts = texts(), seenControls = controls();
      return [...cut(seenTexts, seenControls), ...overlap(seenTexts, seenControls), ...small(seenTexts), ...order(), ...sideways()];
    },
    shifts: (since = 0) => shifts.filter((shift) => shift.at >= since),
    titled: () => titled,
    now: () => performance.now(),
    // Nothing fades or slides any more (what moves for ever is left alone), and the page has the colours of `scheme`.
    still(scheme) {
      const ground = css(document.querySelector(".stApp") ?? document.body).backgroundColor.match(/[\d.]+/g).map(Number);
      if (ground[0] + ground[1] + ground[2] > 380 !== (scheme === "light")) return false;
      const roots = [document, ...all().map((node) => node.shadowRoot).filter(Boolean)];
      return !roots.some((root) => root.getAnimations().some((one) =>
        one.playState === "running" && one.effect?.getComputedTiming().endTime < 5000));
    },
    // Something that stays the same once the page is drawn.
    print: () => `${all().length} ${document.querySelector("[data-testid=stMain]")?.scrollHeight} ${document.title}`,
    // The result's box; whether the focus is before it (-1), in it (0) or behind it (1).
    result: () => {
      const node = document.querySelector(".st-key-result");
      return node ? box(node.getBoundingClientRect()) : null;
    },
    // The next Tab goes to the first stop of the page.
    begin: () => {
      document.body.tabIndex = -1;
      document.body.focus();
      document.body.removeAttribute("tabindex");
    },
    focus: () => {
      const node = document.querySelector(".st-key-result"), at = document.activeElement;
      if (!at || at === document.body) return { place: -1, name: "body" };
      const place = !node ? -1 : node.contains(at) ? 0 : node.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING ? 1 : -1;
      let deep = at;
      while (deep.shadowRoot?.activeElement) deep = deep.shadowRoot.activeElement;
      const aside = Boolean(at.closest("[data-testid=stSidebar]"));
      return { place, aside, name: `${name(deep)} “${label(deep)}”`, text: label(deep) };
    },
  };
})();
