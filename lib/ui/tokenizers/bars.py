"""A bar a tokenizer, drawn by the browser: too simple a chart to build a Plotly figure for at every key press."""

from collections.abc import Sequence

from lib.ui.components.custom import component

_CSS = """
.bars { display: grid; grid-template-columns: max-content 1fr; gap: 0.45rem 0.8rem; align-items: center;
  font-family: var(--st-font); color: var(--st-text-color); font-size: var(--pg-size-small); }
.line { display: flex; align-items: center; gap: 0.5rem; }
.bar { height: 1.3rem; min-width: 1px; border-radius: 3px; transition: width 0.15s; }
.value { font-variant-numeric: tabular-nums; white-space: nowrap; }
.unit { grid-column: 2; font-size: var(--pg-size-caption); }
@media (max-width: 640px) { .bars { gap: 0.4rem 0.5rem; } }
@media (prefers-reduced-motion: reduce) { .bar { transition: none; } }
"""
_JS = """
export default function ({ data, parentElement }) {
  const most = Math.max(...data.bars.map((bar) => bar.value), 0);
  const nodes = data.bars.flatMap(({ name, value, text, colour }) => {
    const line = make("div", "line"), bar = make("div", "bar");
    bar.style.width = `${most ? (82 * value) / most : 0}%`; // the value stands beside it
    bar.style.background = colour;
    line.append(bar, make("span", "value", text));
    line.title = `${name}: ${text} ${data.unit}`;
    return [make("span", "name", name), line];
  });
  const box = parentElement.querySelector(".bars");
  box.setAttribute("aria-label", data.unit + ", by tokenizer");
  box.replaceChildren(...nodes, make("span", "unit", data.unit));
}
"""
_BARS = component("playground_bars", html='<div class="bars" role="group"></div>', css=_CSS, js=_JS)


def tokenizer_bars(
    key: str, names: Sequence[str], values: Sequence[float], colours: Sequence[str], *, unit: str, digits: int = 0
) -> None:
    """One horizontal bar a tokenizer, in the order given and in its colour, with its value written beside it."""
    drawn = [
        {"name": name, "value": value, "text": f"{value:,.{digits}f}", "colour": colour}
        for name, value, colour in zip(names, values, colours, strict=True)
    ]
    _BARS(key=key, data={"bars": drawn, "unit": unit})
