"""The first demo: text -> tokens -> the five likeliest next tokens -> one click continues the text. Three steps."""

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib import engine as engines
from lib import models
from lib.text_format import percent
from lib.tokenization import Tokenizer
from lib.tokenization.display import label
from lib.ui import cache
from lib.ui.components import model_picker
from lib.ui.components.custom import component
from lib.ui.components.linked_text import at_most
from lib.ui.components.page import escape, explained

EXAMPLES = ("Once upon a time", "The capital of France is", "What is 2+2?", "Suggest a party theme.")
BARS = 5
RUN = 10  # tokens that "write" adds
_LONGEST = 2000  # characters
MAX_TOKENS = 300  # of text: enough to play, quick on two cores

# The demo has its height before it is there: the first visitor's model takes a while to load, and the lessons below
# would jump away from under the pointer.
_ROOM = """
<style>
.st-key-home-room, [data-testid="stLayoutWrapper"]:has(> .st-key-home-room) { height: auto !important;
  overflow: visible !important; }
.st-key-home-room { min-height: 36.8rem; }
@media (max-width: 1100px) { .st-key-home-room { min-height: 46.7rem; } }
@media (max-width: 640px) { .st-key-home-room { min-height: 56.1rem; } }
.st-key-home-chart { min-height: 21.1rem; }
@media (min-width: 1500px) { .st-key-home-chart { min-height: 19.3rem; } }
</style>
"""

_ASSETS = Path(__file__).with_name("assets")
_CSS = (_ASSETS / "home_demo.css").read_text(encoding="utf-8")


def _panel(step: int, body: str) -> str:
    return f"""
<div class="panel">
  <div class="head"><span class="step">{step}</span><span class="title"></span></div>
  <div class="{body}"></div>
  <div class="note"></div>
</div>
"""


_HEAD = st.components.v2.component(
    "playground_home_head",
    css=_CSS,
    html="""
<div class="panel">
  <div class="head"><span class="step">1</span><span class="title">Write something</span></div>
</div>
""",
)
_TOKENS = component(
    "playground_home_tokens",
    html=_panel(2, "chips"),
    css=_CSS,
    js=(_ASSETS / "home_tokens.js").read_text(encoding="utf-8"),
)
_BARS = component(
    "playground_home_bars", html=_panel(3, "bars"), css=_CSS, js=(_ASSETS / "home_bars.js").read_text(encoding="utf-8")
)


def model_for_demo() -> str:
    """The embedded model, because it is quick; another one if only that is here; with none the embedded one is got."""
    if models.where(models.EMBEDDED) is not None:
        return models.EMBEDDED
    if not models.local_models():
        model_picker.fetch(models.EMBEDDED)
    return models.default("base")


def room() -> DeltaGenerator:
    """The place of the demo, as high as it will be; once its style has come, it may grow.

    Without a height, a container that holds nothing yet is not on the page at all.
    """
    place = st.container(key="home-room", height=589, border=False)
    place.html(_ROOM)
    return place


@st.fragment
def first_demo() -> None:
    """The whole demo; a click reruns only this."""
    with st.container(border=True, key="home-demo"), explained():
        _HEAD(key="home-head")
        text = _text_input()
        left, right = st.columns(2, gap="large")
        chart = right.container(key="home-chart")
        row, below = right.container(horizontal=True, gap="small"), right.container()
        model_id = model_for_demo()
        tokenizer = cache.tokenizer(models.spec(model_id).tokenizer)
        ids = [token.id for token in tokenizer.encode(text)]
        if not ids:
            _restart()
        elif row.button(
            f"Write {RUN} more",
            key="home-write",
            icon=":material/play_arrow:",
            type="primary",
            disabled=len(ids) + len(_path()) + RUN > MAX_TOKENS,
            help="Again and again the likeliest token.",
        ):
            with below:
                _write(model_id, ids)
        with left:
            _show_tokens(tokenizer, ids, _path())
            if _path():
                st.markdown(f"**Your text so far:** {escape(tokenizer.decode([*ids, *_path()]))}")
        _undo_buttons(row)
        with chart:
            _show_bars(model_id, tokenizer, [*ids, *_path()])


def _path() -> list[int]:
    """Ids that were added by clicking, after the typed text."""
    path: list[int] = st.session_state.setdefault("home-path", [])
    return path


def _text_input() -> str:
    st.session_state.setdefault("home-text", EXAMPLES[0])
    text = st.text_input(
        "Your text",
        key="home-text",
        label_visibility="collapsed",
        on_change=_restart,
        persist_state="session",
        placeholder="Write the beginning of a text",
    )
    text = at_most(text or "", _LONGEST)
    columns = st.container(horizontal=True, gap="small")
    for index, example in enumerate(EXAMPLES):
        columns.button(example, key=f"home-example-{index}", on_click=_use, args=(example,))
    return text


def _use(example: str) -> None:
    st.session_state["home-text"] = example
    _restart()


def _restart() -> None:
    st.session_state["home-path"] = []


def _show_tokens(tokenizer: Tokenizer, ids: Sequence[int], path: Sequence[int]) -> None:
    added = [False] * len(ids) + [True] * len(path)
    tokens = [
        {
            "id": token_id,
            "label": label(tokenizer.token_bytes(token_id)),
            "added": new,
            "tip": f"Token {token_id}" + (", added by you" if new else ""),
        }
        for token_id, new in zip([*ids, *path], added, strict=True)
    ]
    count = len(tokens)
    _TOKENS(
        key="home-tokens",
        data={
            "title": f"It becomes {count:,} token{'s' * (count != 1)}",
            "tokens": tokens[-MAX_TOKENS:],
            "empty": "No text, no tokens.",
            "note": "The model never sees letters. It reads these pieces, each by its number. ␣ marks a space."
            + (" Framed pieces were added by clicking." if path else ""),
        },
    )


def next_bars(logits: np.ndarray, tokenizer: Tokenizer, stops: Container[int]) -> list[dict[str, Any]]:
    """The five likeliest tokens and everything else, from logits (V,): softmax at temperature 1, nothing cut off."""
    probs = engines.sampling.softmax(logits)
    best = np.argsort(-probs, kind="stable")[:BARS]
    bars: list[dict[str, Any]] = []
    for token_id in best.tolist():
        name = label(tokenizer.token_bytes(token_id))
        tip = f"Token {token_id}. Click to continue with it."
        if tokenizer.raw(token_id) in tokenizer.special:
            tip += (
                " A control token: here the model would end its text."
                if token_id in stops
                else " A control token: a sign for the program, not text."
            )
        bars.append({"id": token_id, "label": name, "prob": float(probs[token_id]), "tip": tip})
    rest = max(1.0 - float(probs[best].sum()), 0.0)
    bars.append({"id": None, "label": f"the other {probs.size - len(best):,}", "prob": rest, "tip": "All other tokens"})
    return [bar | {"percent": percent(bar["prob"])} for bar in bars]


def _show_bars(model_id: str, tokenizer: Tokenizer, ids: list[int]) -> None:
    if not ids:
        st.info("Write at least one character, and the model has something to continue.")
        return
    if len(ids) > MAX_TOKENS:
        st.info(
            f"That is {len(ids):,} tokens. This first demo stops at {MAX_TOKENS}; the Next token page takes "
            "longer texts."
        )
        return
    engine = cache.engine(model_id)
    bars = next_bars(cache.logits(model_id, "auto", tuple(ids)), tokenizer, engine.stop_ids)
    name, size = models.spec(model_id).name, engine.info.vocab_size
    st.session_state["home-offered"] = (len(ids), [bar["id"] for bar in bars[:BARS]])
    _BARS(
        key="home-bars",
        on_pick_change=_pick,
        data={
            "title": "It guesses the next one: click a bar",
            "bars": bars,
            "at": len(ids),
            "note": f"{name} gives each of its {size:,} tokens a probability. These are the five likeliest; your click "
            f"continues the text. {cache.precision(model_id)}".rstrip(),
        },
    )


def _pick() -> None:
    """A bar was clicked: continue with its token, if it is one of those on offer."""
    picked = st.session_state["home-bars"].get("pick")
    at, offered = st.session_state.get("home-offered", (0, []))
    if isinstance(picked, dict) and picked.get("at") == at and picked.get("id") in offered:
        st.session_state["home-path"] = [*_path(), int(picked["id"])]


def _write(model_id: str, ids: list[int]) -> None:
    """Continue greedily; the mark that ends a text is not written, it ends the writing."""
    with st.spinner("Writing …"):
        engine = cache.engine(model_id)
        steps = list(
            engine.generate(
                [*ids, *_path()], sampling=engines.Sampling(temperature=0.0), max_new_tokens=RUN, alternatives=1
            )
        )
    new = [step.id for step in steps if step.id not in engine.stop_ids]
    st.session_state["home-path"] = [*_path(), *new]
    if len(new) < len(steps):
        st.info(
            "The likeliest next token is now the mark that ends a text, so the model stops here. Click another bar "
            "to go on all the same.",
            icon=":material/stop_circle:",
        )


def _undo_buttons(row: Any) -> None:
    nothing = not _path()
    row.button("Undo", key="home-undo", icon=":material/undo:", disabled=nothing, on_click=_undo)
    row.button("Restart", key="home-reset", icon=":material/restart_alt:", disabled=nothing, on_click=_restart)


def _undo() -> None:
    st.session_state["home-path"] = _path()[:-1]
