"""The app's rooms, shared by all its sessions."""

import threading
import time
from datetime import timedelta

import streamlit as st

from lib.classroom.journal import SqliteJournal
from lib.classroom.rooms import Rooms
from lib.settings import settings

EVERY = timedelta(seconds=1)  # how often a page asks whether its room has changed; each asking takes 4 ms of a core,
EVERY_OF_MANY = timedelta(seconds=2)  # so that students of a big class ask less often
BIG = 15  # students
_SWEEP = 60.0  # seconds between two looks for rooms that nobody uses


def every(students: int) -> timedelta:
    """How often a student's page asks in a room of so many."""
    return EVERY if students <= BIG else EVERY_OF_MANY


@st.cache_resource(show_spinner=False)
def rooms() -> Rooms:
    """In memory, or in the file that PLAYGROUND_CLASS_DB names. Raises ClassroomError where that cannot be used."""
    path = settings().class_db
    made = Rooms(SqliteJournal(path) if path else None)
    threading.Thread(target=_sweep, args=(made,), daemon=True, name="classroom-sweeper").start()
    return made


def _sweep(made: Rooms) -> None:
    while True:
        time.sleep(_SWEEP)
        made.sweep()
