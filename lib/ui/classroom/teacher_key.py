"""On a public host: what only a teacher may do, and the box for the key. Elsewhere everybody may, without a box."""

import streamlit as st

from lib.classroom.border import ClassroomError
from lib.classroom.teacher_key import LOCK, missing
from lib.errors import PlaygroundError
from lib.settings import settings

_GIVEN, _BOX, _SAID = "teacher-key-given", "teacher-key", "teacher-key-said"


def may_change() -> bool:
    """Whether this visitor may get, unload and train models."""
    return not settings().public or st.session_state.get(_GIVEN) == settings().teacher_key != ""


def require_teacher() -> None:
    """Raises PlaygroundError where this visitor may not: called before anything is done, whatever was drawn."""
    if not may_change():
        raise PlaygroundError("On this public server only a teacher gets, unloads and trains models.")


def key_box() -> None:
    """Why there are no buttons, and the box for the key; once it was given, the way to give it back."""
    if may_change():
        if settings().public:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption("This tab has the teacher's key until it is reloaded.", width="content")
                st.button("Give it back", key="teacher-key-back", on_click=_give_back)
        return
    st.caption("This server is public: models are got, unloaded and trained with the teacher's key only.")
    if why := missing():
        st.caption(why)
        return
    st.text_input("Teacher's key", type="password", key=_BOX, max_chars=200, on_change=_try, autocomplete="off")
    if said := st.session_state.pop(_SAID, ""):
        st.error(said, icon=":material/key_off:")


def _give_back() -> None:
    st.session_state.pop(_GIVEN, None)


def _try() -> None:
    typed = st.session_state[_BOX]
    st.session_state[_BOX] = ""  # it stays in no box
    try:
        LOCK.check(typed)
        st.session_state[_GIVEN] = settings().teacher_key
    except ClassroomError as error:
        st.session_state[_SAID] = str(error)
