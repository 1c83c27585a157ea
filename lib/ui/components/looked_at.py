"""Which prompts a visitor has looked at in this session, for the worksheet."""

import streamlit as st

from lib.takehome.worksheet import MAX_PICTURES

_LOOKS = "prompts-looked-at"

Look = tuple[str, tuple[int, ...]]  # (model id, ids)


def keep_look(model_id: str, ids: tuple[int, ...], settings: object) -> None:
    """A prompt whose next token was looked at, with the sampling settings it had last."""
    looks: dict[Look, object] = st.session_state.setdefault(_LOOKS, {})
    looks.pop((model_id, ids), None)
    looks[model_id, ids] = settings
    while len(looks) > MAX_PICTURES:
        del looks[next(iter(looks))]


def looks() -> tuple[tuple[Look, object], ...]:
    """The latest prompts, the oldest first."""
    return tuple(st.session_state.get(_LOOKS, {}).items())
