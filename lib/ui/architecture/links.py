"""The page's tabs and its links: those from before the tabs stood in one row go on working."""

import streamlit as st

DIAGRAM, PARAMETERS, COST, TREE = "Block diagram", "Parameters", "Cost", "Module tree"
LAYER, TWO, LIVE = "One linear layer", "Two models", "A live pass"
QUESTIONS, SHORT = "Questions", "In short"
TABS = (DIAGRAM, PARAMETERS, COST, TREE, LAYER, TWO, LIVE, QUESTIONS, SHORT)


def follow_old() -> None:
    """Called before the tabs and the bar: `part` named a tab of the explorer, `text` the live pass's prompt."""
    link = st.query_params
    part = link.get("part")
    if part is not None:
        if part in TABS and link.get("view") not in TABS:
            link["view"] = st.session_state["view"] = part
        del link["part"]
    if "text" in link:
        if "prompt" not in link:
            link["prompt"] = link["text"]
        del link["text"]
