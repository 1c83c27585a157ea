"""The architecture explorer: a language model is a huge composition of small, understandable layers."""

import streamlit as st

from lib.ui.architecture import links
from lib.ui.architecture.compare import compare_panel, pick_two
from lib.ui.architecture.cost import cost_panel
from lib.ui.architecture.diagram import diagram_panel
from lib.ui.architecture.lessons import in_short, questions
from lib.ui.architecture.linear import linear_panel
from lib.ui.architecture.live import live_panel
from lib.ui.architecture.look import style
from lib.ui.architecture.parameters import parameters_panel
from lib.ui.architecture.pick import pick_architecture, prompt
from lib.ui.architecture.softmax import softmax_panel
from lib.ui.architecture.take_home import page_menu
from lib.ui.architecture.tree import tree_panel
from lib.ui.components import header
from lib.ui.components.link_values import in_link
from lib.ui.components.page import explained, setup_page

setup_page(
    "Architecture",
    icon="🏗️",
    lead="A language model is a stack of small layers. Click one, see its numbers, take it out.",
)
style()
links.follow_old()
bar = header.bar()
bar.empty()  # a bar that holds nothing is not on the page, and the tabs, which say what is in it, would be in its place
tabs = st.tabs(links.TABS, key="view", on_change="rerun", **in_link("view", links.TABS))
view, place = next((name, tab) for name, tab in zip(links.TABS, tabs, strict=True) if tab.open)
result = place.container(key="result")

if view == links.TWO:
    with bar:
        left, right = pick_two()
    with result, explained():
        compare_panel(left, right)
    page_menu(left)
else:
    reads = view in {links.DIAGRAM, links.LIVE}  # a text goes through the model there
    with bar:
        text = prompt() if reads else ""
        picked = pick_architecture(with_facts=not reads)
    panels = {links.PARAMETERS: parameters_panel, links.COST: cost_panel, links.TREE: tree_panel}
    with result, explained():
        if view == links.LAYER:
            linear_panel(picked.arch)
        elif view == links.SOFTMAX:
            softmax_panel()
        elif view == links.QUESTIONS:
            questions()
        elif view == links.SHORT:
            in_short()
        elif not picked.arch:
            picked.show()
        elif view == links.DIAGRAM:
            diagram_panel(picked.arch, picked.model_id, text)
        elif view == links.LIVE:
            live_panel(picked.arch, text, picked.model_id)
        else:
            panels[view](picked.arch)
    page_menu(picked.arch, text=text, model_id=picked.model_id)
