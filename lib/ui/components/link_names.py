"""What may be in the link of each page: the names of its parameters.

A name that is not here means nothing on that page and is taken out of the address (`leave_out_unknown` in
`link_values.py`). Whoever gives a page another parameter names it here: `in_link` and the helpers in `linked_text.py`
take no other. Of a page that is not here, any parameter is taken and none is left out.
"""

import streamlit as st

from lib.ui.components.pages import page_called

_COURSE = ("step", "course")
_TEXT = ("prompt", "model")
_OWN_SIZES = ("style", "layers", "heads", "inner", "context", "width", "kv", "vocab", "tied_own")

# By the page's part of the URL, "" for Home. Names of links that were copied before a change are among them.
NAMES: dict[str, frozenset[str]] = {
    address: frozenset((*names, *more))
    for address, names, more in (
        ("", ("t", "path", "home"), (*_TEXT, *_COURSE)),
        (
            "Tokenizers",
            ("text", "rows", "show", "spaces", "tokenizers", "tab", "learn", "merges", "measure", "rivals", "world"),
            ("control-tokenizer", "control-parse", *_COURSE),
        ),
        (
            "Architecture",
            ("arch", "view", "pass", "box", "out", "hub", "left", "right", *_OWN_SIZES),
            ("part", "text", "from", *_TEXT, *_COURSE),
        ),
        ("Next_Token", ("t", "k", "p", "minp", "n", "seed", "draws", "path", "next-token-tabs"), (*_TEXT, *_COURSE)),
        ("Decoding", ("s", "n", "seed", "section"), (*_TEXT, *_COURSE)),
        (
            "Training",
            ("run", "at", "train-tab", "train-text", "train-size", "train-family"),
            ("train-steps", "train-rate", "train-batch", "train-context", "train-seed", *_COURSE),
        ),
        (
            "Completion_vs_Chat",
            ("prompt", "base", "instruct", "cvc-prefill", "cvc-system", "cvc-n", "cvc-seed", "cvc-tab"),
            ("cvc-prompt", *_COURSE),
        ),
        (
            "Chat",
            ("chat", "model", "chat-template", "chat-dtype", "chat-lessons"),
            ("chat-t", "chat-p", "chat-k", "chat-r", "chat-n", "chat-seed", *_COURSE),
        ),
        ("Class", ("room",), _TEXT),
        ("Glossary", ("word",), ()),
    )
}


def declared(name: str) -> None:
    """Holds that the page being drawn has this parameter: undeclared, it would be taken out of every link."""
    page = page_called(str(st.session_state.get("page-title", "")))
    names = NAMES.get(page.address) if page else None
    assert names is None or name in names, f"{name} is missing in link_names.NAMES"
