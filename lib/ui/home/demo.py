"""The first demo: text -> tokens -> what may come next at every place -> one click goes another way. The river."""

from dataclasses import dataclass
from functools import cached_property

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.engine import InspectableEngine, Sampling
from lib.figures.river import River
from lib.ui import cache
from lib.ui.components.kept_clicks import carried_out, carrying_out, kept_button
from lib.ui.components.linked_text import at_most, for_link
from lib.ui.components.live_updates import LiveUpdates
from lib.ui.components.page import escape, explained, page_style
from lib.ui.components.session import session_id
from lib.ui.home.state import State, follow, go, restart, turn_off, undo, write_link
from lib.ui.river.component import Road, Share, ShownRiver, show_river
from lib.ui.river.reading import river_of
from lib.ui.river.roads import read_ahead, read_so_far

EXAMPLES = ("Once upon a time", "The capital of France is", "What is 2+2?", "Suggest a party theme.")
RUN = 10  # tokens that "write" adds
LONGEST = 2000  # characters
MAX_TOKENS = 300  # of text: enough to play, quick on two cores


@dataclass
class _Text:
    """What is read: the typed text and the road taken after it."""

    view: State
    model_id: str
    typed: str
    engine: InspectableEngine

    @cached_property
    def prompt(self) -> tuple[int, ...]:
        """The typed text's ids."""
        return tuple(self.engine.tokenizer.ids(self.typed))

    @property
    def ids(self) -> tuple[int, ...]:
        """Prompt and path."""
        return (*self.prompt, *self.view.path)

    @property
    def whole(self) -> str:
        """The same as text."""
        return self.engine.tokenizer.decode(self.ids)


SHOWN = 60  # characters of the text beside the buttons
RIVER = "home-river-view"
_WRITE = "home-write"
_STEPS = "home-steps"  # in the session: the line of the three steps as it was last shown


def room() -> DeltaGenerator:
    """The place of the demo, as high as it will be; once its style has come, it may grow.

    Without a height, a container that holds nothing yet is not on the page at all.
    """
    place = st.container(key="result", height=476, border=False)
    with place:
        page_style(__file__, "home.css")
    return place


def first_demo(view: State, model_id: str, typed: str, updates: LiveUpdates) -> None:
    """The river of what was typed and of the road taken after it, the buttons, and previews as they come."""
    typed = at_most(typed, LONGEST)
    steps = st.empty()
    if known := st.session_state.get(_STEPS):
        steps.html(known)  # a line that comes again later would let what is below it jump
    place = st.container(key="home-river")
    row = st.container(horizontal=True, gap="small", key="home-row", vertical_alignment="center")
    with explained():
        text = _Text(view, model_id, typed, cache.inspectable(model_id))
        follow(view, text.engine.tokenizer.name, typed, text.engine.info.vocab_size)
        for problem in view.problems:  # said once, and nothing moves
            st.toast(escape(problem), icon=":material/link_off:", duration="infinite")
        view.problems = []
        _buttons(row, text)
        _steps(steps, text)
        if sentence := _unusable(len(text.ids)):
            place.info(sentence)
            return
        if view.path:
            row.markdown(f"**Your text so far:** {escape(_end_of(text.whole))}")
        with place:
            river = river_of(model_id, text.ids)
            shown = _show(river, text)
        view.temperature = shown.temperature
        write_link(view)
        if shown.taken is not None:
            _take(text, river, shown.taken)
        if precision := cache.precision(model_id):
            st.caption(precision)
        read_ahead(shown, river, text.engine, text.ids, updates)


def _end_of(text: str) -> str:
    """As much of a text's end as fits one line, with line breaks as ⏎: the line has one height."""
    text = text.replace("\n", "⏎")
    if len(text) <= SHOWN:
        return text
    end = text[-SHOWN:]
    return "… " + (end[end.index(" ") + 1 :] if " " in end[:-1] else end)  # from the beginning of a word


def _unusable(count: int) -> str:
    """Why there is no river of so many tokens; "" if there is one."""
    if not count:
        return "Write at least one character, and the model has something to continue."
    if count > MAX_TOKENS:
        return (
            f"That is {count:,} tokens. This first demo stops at {MAX_TOKENS}; the Next token page takes longer texts."
        )
    return ""


def _steps(place: DeltaGenerator, text: _Text) -> None:
    count = len(text.ids)
    tokens = f"{count:,} token{'s' * (count != 1)}"
    st.session_state[_STEPS] = (
        f'<ol class="home-steps"><li>Your text becomes <b>{tokens}</b>, each with its ID.</li>'
        f"<li>After each, all {text.engine.info.vocab_size:,} tokens get a probability: the wider, the likelier.</li>"
        "<li>Click a branch to take that road.</li></ol>"
    )
    place.html(st.session_state[_STEPS])


def _show(river: River, text: _Text) -> ShownRiver:
    query = for_link(prompt=text.typed)
    if query:
        query["model"] = text.model_id
        query |= {"path": ",".join(map(str, text.view.path))} if text.view.path else {}
    return show_river(
        RIVER,
        river,
        name="Your text, and the roads not taken",
        typed=len(text.prompt),
        vocabulary=text.engine.info.vocab_size,
        temperature=text.view.temperature,
        nonce=text.view.nonce,
        clickable=True,
        previews=read_so_far(river, text.engine, text.ids),
        share=Share(query, text.whole, text.engine.info.name),
        hint="Point at a branch to see where it leads. ␣ is a space; the more orange a token, the more it surprised "
        "the model.",
    )


def _take(text: _Text, river: River, road: Road) -> None:
    """Go another way, if it is one that the river shows."""
    place, token = road
    carried_out(RIVER)
    if not any(node.depth == place > 0 and node.id == token for node in river.nodes):
        return
    if place >= len(text.prompt):
        go(text.view, (*text.ids[len(text.prompt) : place], token))
    else:
        kept = text.engine.tokenizer.decode(text.ids[:place])
        if "\ufffd" in kept and "\ufffd" not in text.typed:
            st.toast("That token begins inside a character, and a text cannot be cut there.")
            return
        turn_off(text.view, kept, token)
    st.rerun()


def _buttons(row: DeltaGenerator, text: _Text) -> None:
    view, count = text.view, len(text.ids)
    if kept_button(
        f"Write {RUN} more (greedy)",
        place=row,
        key=_WRITE,
        icon=":material/play_arrow:",
        type="primary",
        disabled=not count or count + RUN > MAX_TOKENS,
        help="The likeliest token again and again, whatever the temperature dial says.",
    ):
        _write(text)
    nothing = not (view.path or view.undo)
    row.button("Undo", key="home-undo", icon=":material/undo:", disabled=not view.undo, on_click=undo)
    row.button("Restart", key="home-reset", icon=":material/restart_alt:", disabled=nothing, on_click=restart)


def _write(text: _Text) -> None:
    """Continue greedily; the mark that ends a text is not written, it ends the writing."""
    engine = text.engine
    with st.spinner("Writing …"), carrying_out(_WRITE):
        greedy = Sampling(temperature=0.0)
        steps = list(engine.generate(text.ids, sampling=greedy, max_new_tokens=RUN, alternatives=1, owner=session_id()))
        new = tuple(step.id for step in steps if step.id not in engine.stop_ids)
        if new:
            go(text.view, (*text.view.path, *new))
    if len(new) < len(steps):
        st.info(
            "The likeliest next token is now the mark that ends a text, so the model stops here. Click another branch "
            "to go on all the same.",
            icon=":material/stop_circle:",
        )
