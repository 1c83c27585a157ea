"""Texts that grow on a page: the run of the page stays, looks at them now and then, and paints what is new.

A page adds its growing things and calls `follow` as its last line. Any click ends the run in there, as it ends every
run, and the next one goes on painting; the texts are written on meanwhile by the engine. Once something is finished
the page is drawn anew, with the buttons and charts that a finished text has. A look costs a millisecond or two, and
there are fewer of them when many people look.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, Timer

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

from lib.ui.components.session import draw_page_of, runs_now, session_id

_QUICK, _EACH, _SLOW = 0.1, 0.03, 1.0  # seconds between two looks: alone, for everybody who looks, and at most
_AFTER_STOP = 1.0  # seconds after which a run that was to follow has begun
_looking: set[object] = set()  # runs of all sessions that look now
_mutex = Lock()


def pause() -> float:
    """Seconds until the next look."""
    return min(_SLOW, max(_QUICK, _EACH * len(_looking)))


@dataclass(frozen=True)
class LiveRegion:
    """Something on the page that grows. `look` paints it; `stop` ends it, keeping what is there, from any thread."""

    over: Callable[[], bool]
    look: Callable[[], None]
    stop: Callable[[], None]


_RUNS = "painting-runs"  # in the session: a list with the number of its runs


def new_run() -> None:
    """Called by every page first."""
    st.session_state.setdefault(_RUNS, [0])[0] += 1


class LiveUpdates:
    """What grows on one page in one run."""

    def __init__(self) -> None:
        self._growing: list[LiveRegion] = []
        self._session = session_id()
        self._runs: list[int] = st.session_state.setdefault(_RUNS, [0])
        self._number = self._runs[0]

    def add(self, growing: LiveRegion) -> None:
        """Paint this too. It was drawn as something that grows, even if it should be over by now."""
        self._growing.append(growing)

    def follow(self) -> None:
        """Paint until something is over, then draw the page anew. Returns at once where nothing grows."""
        if not self._growing:
            return
        with _mutex:
            _looking.add(self)
        try:
            while not any(one.over() for one in self._growing):
                time.sleep(pause())
                for one in self._growing:
                    one.look()
        except StopException:  # by a click, which starts another run, or by the browser's Stop, which starts none
            self._look_again_soon()
            raise
        finally:
            with _mutex:
                _looking.discard(self)
        st.rerun()

    def _end_after_stop(self) -> None:
        if self._session is None or self._runs[0] != self._number:
            return
        if runs_now(self._session):  # on a busy machine a run may take a while to begin
            self._look_again_soon()
            return
        for one in self._growing:
            one.stop()
        draw_page_of(self._session)  # with the buttons of a finished text

    def _look_again_soon(self) -> None:
        timer = Timer(_AFTER_STOP, self._end_after_stop)
        timer.daemon = True
        timer.start()
