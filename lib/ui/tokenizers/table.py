"""A small table, drawn in the browser as it is. `st.dataframe` would load pandas and pyarrow for it: 64 MB."""

from collections.abc import Mapping, Sequence

from lib.ui.components.custom import component

Cell = str | int | float | None

_CSS = """
.box { overflow-x: auto; font-family: var(--st-font); color: var(--st-text-color); font-size: var(--pg-size-small);
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); }
table { border-collapse: collapse; width: 100%; }
th, td { padding: 0.35rem 0.7rem; text-align: start; vertical-align: top; }
th { font-weight: 500; color: color-mix(in srgb, currentColor 78%, transparent); white-space: nowrap; }
td { border-top: 1px solid var(--st-border-color); overflow-wrap: anywhere; min-width: 4.5rem; }
td { unicode-bidi: plaintext; }
td:first-child { overflow-wrap: normal; }
.number { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
th[title] { text-decoration: underline dotted; cursor: help; }
"""
_JS = """
const watched = new WeakSet();
function watch(box) { // a table that scrolls sideways can be reached with the keyboard
  if (watched.has(box)) return;
  watched.add(box);
  new ResizeObserver(() => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }).observe(box);
}
export default function ({ data, parentElement }) {
  const name = (column) => (data.numbers[column] ? "number" : "");
  const head = make("tr");
  data.columns.forEach((title, column) => {
    const cell = make("th", name(column), title);
    cell.scope = "col";
    if (data.help[title]) cell.title = data.help[title];
    head.append(cell);
  });
  const rows = data.rows.map((row) => {
    const line = make("tr");
    line.append(...row.map((text, column) => make("td", name(column), text)));
    return line;
  });
  const thead = make("thead"), tbody = make("tbody");
  thead.append(head);
  tbody.append(...rows);
  const box = parentElement.querySelector(".box");
  box.firstElementChild.replaceChildren(thead, tbody);
  watch(box);
}
"""
_TABLE = component("playground_table", html='<div class="box"><table></table></div>', css=_CSS, js=_JS)


def small_table(key: str, columns: Mapping[str, Sequence[Cell]], *, help: Mapping[str, str] | None = None) -> None:
    """Draw `columns` (title to cells, all of one length). Numbers stand at the right; `help` explains titles."""
    numbers = [not any(isinstance(cell, str) for cell in cells) for cells in columns.values()]
    rows = [list(map(shown, row)) for row in zip(*columns.values(), strict=True)]
    _TABLE(key=key, data={"columns": list(columns), "rows": rows, "numbers": numbers, "help": dict(help or {})})


def shown(cell: Cell) -> str:
    """A cell as people read it.

    >>> [shown(cell) for cell in (151936, 2.5, None, "kept")]
    ['151,936', '2.50', '–', 'kept']
    """
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:.2f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
