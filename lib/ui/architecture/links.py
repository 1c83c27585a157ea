"""The page's tabs and its links: those from before the tabs stood in one row go on working.

view=Block diagram  arch=gpt2  prompt=…  box=down  out=mlp        the clicked box, and what is taken out
view=A live pass  pass=Logit lens
"""

from collections.abc import Sequence

import streamlit as st

from lib.ui.components.followed_links import followed, wrote
from lib.ui.components.history import came_by_history
from lib.ui.components.link_values import left_out

DIAGRAM, PARAMETERS, COST, TREE = "Block diagram", "Parameters", "Cost", "Module tree"
LAYER, TWO, LIVE, SOFTMAX = "One linear layer", "Two models", "A live pass", "Softmax by hand"
QUESTIONS, SHORT = "Questions", "In short"
TABS = (DIAGRAM, LIVE, SOFTMAX, LAYER, PARAMETERS, COST, TREE, TWO, QUESTIONS, SHORT)


def follow_old() -> None:
    """Called before the tabs and the bar: `part` named a tab of the explorer, `text` the live pass's prompt."""
    link = st.query_params
    part = link.get("part")
    if part is not None:
        if part in TABS and link.get("view") not in TABS:
            link["view"] = st.session_state["view"] = part
        elif part not in TABS:
            left_out("part", part, "one of the tabs")
        del link["part"]
    if "text" in link:
        if "prompt" not in link:
            link["prompt"] = link["text"]
        del link["text"]


def chosen(name: str, options: Sequence[str], default: str) -> str:
    """What the link's parameter `name` says, or what was chosen on the page last; `default` for what is no option."""
    state, link = st.session_state, st.query_params.get(name)
    if link is not None and followed(f"architecture-{name}", link):
        if link in options:
            choose(name, link)
        else:
            left_out(name, link, "a part that can be chosen on this page")
    elif link is None and came_by_history():
        choose(name, default)
    value = state.get(f"architecture-{name}", default)
    return value if value in options else default


def choose(name: str, value: str) -> None:
    """Somebody chose."""
    st.session_state[f"architecture-{name}"] = value


def keep(name: str, value: str, default: str) -> None:
    """Put what is shown into the link, and remember that it was not a link that brought it there."""
    choose(name, value)
    if value != default:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]
    wrote(f"architecture-{name}", st.query_params.get(name))
