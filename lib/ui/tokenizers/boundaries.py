"""Two tokenizers' cuts in one text, character by character: shared cuts, and cuts that only one of them makes."""

from collections.abc import Sequence
from itertools import pairwise

import streamlit as st

from lib.design import tokenizer_colour
from lib.text_format import percent
from lib.tokenization import Comparison
from lib.tokenization.display import visible
from lib.ui.components.custom import component
from lib.ui.components.page import escape
from lib.ui.tokenizers.options import TokenizerOption

_HTML = '<div class="cuts"><div class="legend"></div><div class="text" dir="auto"></div></div>'
_CSS = """
.cuts { font-family: var(--st-font); color: var(--st-text-color); }
.text {
  font-family: var(--st-code-font); font-size: var(--pg-size-body); line-height: 2.3; max-height: 16rem; overflow: auto;
  padding: 0.5rem 0.8rem; border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
  overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: plaintext;
}
.cut { display: inline-block; width: 3px; margin: 0 3px; height: 1.5em; vertical-align: middle; border-radius: 2px; }
.both { background: var(--st-text-color); }
.first { background: linear-gradient(var(--first) 50%, transparent 50%); width: 4px; }
.second { background: linear-gradient(transparent 50%, var(--second) 50%); width: 4px; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; font-size: var(--pg-size-small); margin-bottom: 0.4rem; }
"""
_JS = """
export default function ({ data, parentElement }) {
  const entry = (kind, text) => {
    const node = make("span");
    node.append(make("span", "cut " + kind), document.createTextNode(" " + text));
    return node;
  };
  const [first, second] = data.names;
  const box = parentElement.querySelector(".cuts");
  box.style.setProperty("--first", data.colours[0]);
  box.style.setProperty("--second", data.colours[1]);
  parentElement.querySelector(".legend").replaceChildren(
    entry("both", "both cut"), entry("first", "only " + first), entry("second", "only " + second));
  const nodes = [];
  for (const [text, kind] of data.pieces) {
    nodes.push(make("span", "", text));
    if (text.endsWith("⏎")) nodes.push(document.createElement("br"));
    if (kind) {
      const mark = make("span", "cut " + kind);
      mark.title = kind === "both" ? "both cut here" : `only ${kind === "first" ? first : second} cuts here`;
      nodes.push(mark);
    }
  }
  parentElement.querySelector(".text").replaceChildren(...nodes);
}
"""
_CUTS = component("playground_token_boundaries", html=_HTML, css=_CSS, js=_JS)


def pieces(text: str, both: set[int], first: set[int], second: set[int]) -> list[tuple[str, str]]:
    """`text` between all cuts, each piece with the kind of the cut after it ("" at the end).

    >>> pieces("ab cd", {2}, {1}, set())
    [('a', 'first'), ('b', 'both'), ('␣cd', '')]
    """
    kind = {at: name for name, cuts in (("first", first), ("second", second), ("both", both)) for at in cuts}
    edges = [0, *sorted(kind), len(text)]
    return [(visible(text[a:b]), kind.get(b, "")) for a, b in pairwise(edges) if b > a]


def boundary_panel(result: Comparison | None, choices: Sequence[TokenizerOption]) -> None:
    """The tab: choose two tokenizers and see their cuts in the text."""
    if result is None or len(choices) < 2:
        st.info("Choose two tokenizers or more in the bar above.", icon=":material/compare_arrows:")
        return
    titles = [choice.title for choice in choices]
    left, right = st.columns(2)
    first = left.selectbox("First", titles, index=0, key="cut-a", persist_state="page")
    second = right.selectbox("Second", titles, index=1, key="cut-b", persist_state="page")
    a, b = titles.index(first), titles.index(second)
    both, only_a, only_b = result.boundaries(a, b)
    end = min(result.reach(a), result.reach(b))
    colours = [tokenizer_colour(result.rows[n].name) for n in (a, b)]
    drawn = pieces(result.text[:end], both, only_a, only_b)
    _CUTS(key="compare-cuts", data={"pieces": drawn, "names": [first, second], "colours": colours})
    total = len(both) + len(only_a) + len(only_b)
    start = f"In the first {end:,} characters: " if end < len(result.text) else ""
    st.caption(
        f"{start}{total:,} places in all: {len(both):,} are cut by both, {len(only_a):,} only by {escape(first)}, "
        f"{len(only_b):,} only by {escape(second)}. Agreement {percent(result.agreement(a, b))}. "
        "Cuts inside a character (between its bytes) are not counted here."
    )
