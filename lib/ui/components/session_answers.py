"""What a visitor has answered and looked at in this session, for the worksheet."""

from dataclasses import replace

import streamlit as st

from lib.takehome.worksheet import MOST_PICTURES, Answer

_ANSWERS, _LOOKS, _PAGE = "answers-given", "prompts-looked-at", "answers-page"
_MOST = 500  # answers that are kept

Look = tuple[str, tuple[int, ...]]  # (model id, ids)


def on_page(title: str) -> None:
    """The page that is drawn now: answers from here on are given there."""
    st.session_state[_PAGE] = title


def keep_answer(key: str, question: str, chosen: str, *, right: str = "", why: str = "") -> None:
    """An answer to a question of our own (texts are Markdown). Once the right one is known, it is not changed."""
    kept: dict[str, Answer] = st.session_state.setdefault(_ANSWERS, {})
    known = kept.get(key)
    if known is None:
        kept[key] = Answer(str(st.session_state.get(_PAGE, "")), question, chosen, right, why)
    elif not known.right:
        kept[key] = replace(known, chosen=chosen, right=right, why=why)
    while len(kept) > _MOST:
        del kept[next(iter(kept))]


def answers() -> tuple[Answer, ...]:
    """All answers of this session, in the order in which the questions were first answered."""
    return tuple(st.session_state.get(_ANSWERS, {}).values())


def keep_look(model_id: str, ids: tuple[int, ...], settings: object) -> None:
    """A prompt whose next token was looked at, with the sampling settings it had last."""
    looks: dict[Look, object] = st.session_state.setdefault(_LOOKS, {})
    looks.pop((model_id, ids), None)
    looks[model_id, ids] = settings
    while len(looks) > MOST_PICTURES:
        del looks[next(iter(looks))]


def looks() -> tuple[tuple[Look, object], ...]:
    """The latest prompts, the oldest first."""
    return tuple(st.session_state.get(_LOOKS, {}).items())
