"""What one app does once for all its sessions: start the models' process early, collect garbage now and then, tell
training which models are in memory, and run no page that was left.

Streamlit would collect after every run of every session (`runner.postScriptGC`, off in .streamlit/config.toml): with
thirty sessions that took 92 % of the interpreter's time.
"""

import ctypes
import gc
import sys
import threading
import time

import streamlit as st

from lib.models.memory import give_memory_back
from lib.settings import settings
from lib.training.jobs import JOBS
from lib.ui import cache
from lib.ui.left_page import ignore_left_pages

_EVERY = 10.0  # seconds between two collections, and
_SHARE = 0.01  # at most this share of the time
_ARENA_MAX = -8  # glibc's M_ARENA_MAX


@st.cache_resource(show_spinner=False)
def begin() -> None:
    """Called by every page; does something the first time."""
    JOBS.in_use = lambda: [model_id for model_id, _ in cache.loaded()]
    if not settings().engine_inside:
        from lib.engine.process import HOST

        threading.Thread(target=HOST.link, daemon=True, name="models-start").start()
    if settings().public:  # an error that nobody foresaw: a traceback has folders and code in it
        st.set_option("client.showErrorDetails", "none")
    ignore_left_pages()
    _few_arenas()
    gc.freeze()  # what is imported by now stays: no collection looks at it again
    threading.Thread(target=_collect, daemon=True, name="collector").start()


def _few_arenas() -> None:
    """Every run of a page is a new thread, and glibc would keep freed memory for each of up to 16 of them."""
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libc.so.6").mallopt(_ARENA_MAX, 2)
        except (OSError, AttributeError):  # another C library
            return


def _collect() -> None:
    pause = _EVERY
    while True:
        time.sleep(pause)
        began = time.perf_counter()
        give_memory_back()
        pause = max(_EVERY, (time.perf_counter() - began) / _SHARE)
