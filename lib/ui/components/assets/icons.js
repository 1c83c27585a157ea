// Icons as SVG: characters such as ⏮ show as boxes where fonts lack them. Paths on a 24 x 24 grid.
const ICONS = {
  fork: "M6 3v6c0 3 2 5 6 6v6M18 3v6c0 3-2 5-6 6",
  first: "M6 5v14M19 5l-9 7 9 7z",
  back: "M16 5l-9 7 9 7z",
  play: "M8 5l10 7-10 7z",
  pause: "M8 5v14M16 5v14",
  last: "M18 5v14M5 5l9 7-9 7z",
  check: "M5 13l4 4L19 7",
  newline: "M19 6v7H6M10 9l-4 4 4 4",
  link: "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1-1",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
};
function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg"), path = document.createElementNS(space, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", width: "1em", height: "1em", fill: "none", stroke: "currentColor",
    "stroke-width": "2.5", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" })) svg.setAttribute(key, value);
  svg.style.verticalAlign = "-0.12em";
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
