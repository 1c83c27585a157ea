"""The teacher's header bar: a prompt, a quiz question, or a page for all screens; and the room itself."""

from random import SystemRandom
from urllib.parse import urlsplit

import streamlit as st

from lib.classroom.border import checked_link, grouped
from lib.classroom.questions import checked_quiz, shuffled
from lib.classroom.quiz import QUIZ
from lib.classroom.results import as_csv
from lib.classroom.room import Snapshot
from lib.ui.classroom.ask import token_question
from lib.ui.classroom.pictures import invitation
from lib.ui.classroom.places import PAGES, full_link
from lib.ui.classroom.seat import Seat, leave
from lib.ui.classroom.store import rooms
from lib.ui.components import header, model_picker
from lib.ui.components.kept_clicks import carried_out, carrying_out, kept_button
from lib.ui.components.linked_text import for_link, kept_text
from lib.ui.components.page import explained, switch

EXAMPLES = (
    "Once upon a time, there was a little",
    "The capital of France is",
    "I opened the door and saw",
    "Two plus two is",
    "The best thing about school is",
    "To be, or not to",
)
_KINDS = ("Next token", "Quiz", "Open a page")
_OWN = "A question of your own"
_ASK = "class-ask"


def ask_bar(seat: Seat, room: Snapshot) -> None:
    """What is to be asked next. Raises PlaygroundError for what cannot be asked."""
    with st.container(key="class-top", horizontal=True, vertical_alignment="center"):
        kind = switch("What to do", _KINDS, key="class-kind")
        _room_menu(seat, room)
    with header.bar():
        if kind == _KINDS[0]:
            _prompt(seat, room)
        elif kind == _KINDS[1]:
            _quiz(seat, room)
        else:
            _page(seat, room)


def _ask_button(room: Snapshot) -> bool:
    return kept_button(
        "Ask the class",
        type="primary",
        key=_ASK,
        disabled=room.open is not None,
        wrap=False,
        help="Reveal or withdraw the open question first." if room.open else None,
    )


def _prompt(seat: Seat, room: Snapshot) -> None:
    prompt = header.prompt_box("Prompt", EXAMPLES[0])
    header.examples(EXAMPLES)
    model_id = model_picker.pick_model("model", role="capable")
    if _ask_button(room):
        with carrying_out(_ASK):
            rooms().ask(seat.code, seat.secret, token_question(model_id, prompt))
        st.rerun()


def _quiz(seat: Seat, room: Snapshot) -> None:
    texts = [question.text for question in QUIZ]
    chosen = st.selectbox("Question", [*texts, _OWN], key="class-quiz", label_visibility="collapsed")
    own = ""
    if chosen == _OWN:
        with st.popover("Write it", icon=":material/edit:", key="class-own", wrap=False):
            own = st.text_area(
                "Your question",
                key="class-own-text",
                height=180,
                placeholder="The question\nan option\n* the right option\nan option",
                help="The first line is the question; then one option a line, with a * before the right one.",
            )
    if _ask_button(room):
        with carrying_out(_ASK):
            question = checked_quiz(own) if chosen == _OWN else shuffled(QUIZ[texts.index(chosen)], SystemRandom())
            rooms().ask(seat.code, seat.secret, question)
        st.rerun()


def _page(seat: Seat, room: Snapshot) -> None:
    names = {address: step.title for address, step in PAGES.items()}
    page = st.selectbox(
        "Page",
        list(names),
        index=list(names).index("Next_Token"),
        format_func=names.__getitem__,
        key="class-page",
        label_visibility="collapsed",
    )
    link = st.text_input(
        "Link",
        key="class-link",
        label_visibility="collapsed",
        placeholder="or paste the address of a page, as you have set it up",
    )
    if kept_button("Open on students' screens", type="primary", key="class-push", wrap=False):
        carried_out("class-push")
        prompts = [question.text for question in room.questions if question.kind == "token"]
        prompt = kept_text("prompt") or (prompts[-1] if prompts else "")
        host = urlsplit(str(st.context.url or "")).netloc
        place = checked_link(link or full_link(page, for_link(prompt=prompt) if prompt else {}), PAGES, host)
        rooms().show_place(seat.code, seat.secret, place)
        st.toast(f"Open on students' screens: {PAGES[place.page].title}.", icon=":material/cast:")


def _room_menu(seat: Seat, room: Snapshot) -> None:
    with st.popover("Room", icon=":material/settings:", key="class-room", wrap=False):
        st.download_button(
            "Answers as CSV",
            as_csv(room),
            file_name=f"class-{grouped(seat.code)}.csv",
            mime="text/csv",
            icon=":material/download:",
            key="class-csv",
            on_click="ignore",
        )
        st.markdown("Your own link brings you back as the teacher, from any browser. Whoever has it is the teacher.")
        invitation("class-teacher-link", seat.code, grouped(seat.code), teacher=seat.secret)
        st.markdown("Closing deletes the room with all names and answers. Download them first.")
        sure = st.checkbox("Delete all names and answers", key="class-close-sure")
        if kept_button("Close the room", icon=":material/delete:", key="class-close", disabled=not sure):
            with carrying_out("class-close"):
                with explained():
                    rooms().close(seat.code, seat.secret)
                leave()
            st.rerun()
