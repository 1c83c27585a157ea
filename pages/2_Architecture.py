"""The architecture explorer: a language model is a huge composition of small, understandable layers."""

import streamlit as st

from lib.ui.architecture import links
from lib.ui.architecture.compare import compare_panel, pick_two
from lib.ui.architecture.cost import cost_panel
from lib.ui.architecture.diagram import diagram_panel
from lib.ui.architecture.lessons import in_short, questions
from lib.ui.architecture.linear import linear_panel
from lib.ui.architecture.look import style
from lib.ui.architecture.parameters import parameters_panel
from lib.ui.architecture.pick import pick_architecture
from lib.ui.architecture.take_home import page_menu
from lib.ui.architecture.tree import tree_panel
from lib.ui.components import header
from lib.ui.components.page import explained, setup_page

setup_page(
    "Architecture",
    icon="🏗️",
    lead="A language model is a stack of small layers. Click its boxes and account for every parameter.",
)
style()
links.follow_old()
bar = header.bar()
tabs = st.tabs(links.TABS, key="view", bind="query-params")
view, place = next((name, tab) for name, tab in zip(links.TABS, tabs, strict=True) if tab.open)
result = place.container(key="result")

if view == links.LIVE:
    from lib.ui.architecture.live import live_panel, pick_pass  # what reads a pass is needed here alone

    with explained():
        with bar:
            text, model_id = pick_pass()
        with result:
            live_panel(text, model_id)
        page_menu(text=text, model_id=model_id)
elif view == links.TWO:
    with bar:
        left, right = pick_two()
    with result, explained():
        compare_panel(left, right)
    page_menu(left)
else:
    with bar:
        picked = pick_architecture()
    panels = {
        links.DIAGRAM: diagram_panel,
        links.PARAMETERS: parameters_panel,
        links.COST: cost_panel,
        links.TREE: tree_panel,
    }
    with result, explained():
        if view == links.LAYER:
            linear_panel(picked.arch)
        elif view == links.QUESTIONS:
            questions()
        elif view == links.SHORT:
            in_short()
        elif picked.arch:
            panels[view](picked.arch)
        else:
            picked.show()
    page_menu(picked.arch)
