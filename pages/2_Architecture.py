"""The architecture explorer: a language model is a huge composition of small, understandable layers."""

import streamlit as st

from lib.ui.architecture.compare import compare_panel
from lib.ui.architecture.cost import cost_panel
from lib.ui.architecture.lessons import most_parameters, saved_by_kv_heads
from lib.ui.architecture.linear import linear_panel
from lib.ui.architecture.panels import diagram_panel, facts, parameters_panel, style, tree_panel
from lib.ui.architecture.pick import pick_architecture
from lib.ui.components.page import explained, setup_page, takeaways

setup_page(
    "Architecture",
    icon="🏗️",
    lead="A language model is a long composition of small layers that you can understand one by one. "
    "Open a model, click its boxes, and account for every single parameter; only the live pass needs its weights.",
)
style()

explore, layer, two, live = st.tabs(
    ["Explore a model", "One linear layer", "Two models", "A live pass"], key="view", bind="query-params"
)

with explore:
    if explore.open:
        arch = pick_architecture()
        if arch:
            with explained():
                facts(arch)
                picture, ledger, cost, tree = st.tabs(
                    ["Block diagram", "Parameters", "Cost", "Module tree"], key="part", bind="query-params"
                )
                with picture:
                    if picture.open:
                        diagram_panel(arch)
                with ledger:
                    if ledger.open:
                        most_parameters()
                        parameters_panel(arch)
                with cost:
                    if cost.open:
                        cost_panel(arch)
                        saved_by_kv_heads()
                with tree:
                    if tree.open:
                        tree_panel(arch)

with layer:
    if layer.open:
        linear_panel()

with two:
    if two.open:
        with explained():
            compare_panel()

with live:
    if live.open:
        from lib.ui.architecture.live import live_panel  # torch and transformers only when a model is needed

        live_panel()

takeaways(
    "A model is a stack of **identical blocks**: attention lets tokens exchange information, the MLP works on each "
    "token alone, and both only add to a stream that runs through.",
    "Nearly all parameters are in **linear layers and the token table**. Attention's famous softmax has none.",
    "The **configuration alone** fixes every shape and the number of parameters; a number format and a text length fix "
    "the bytes. The values come from training.",
    "Memory is weights plus a **KV cache** that grows with the text; sharing KV heads shrinks the cache.",
    "Predictions form **layer by layer**: the logit lens shows candidates that rise and fall before the last one wins.",
)
