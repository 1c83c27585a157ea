"""Texts that grow on a page: the run of the page stays, looks at them now and then, and paints what is new.

A page adds its growing things and calls `follow` as its last line. Any click ends the run in there, as it ends every
run, and the next one goes on painting; the texts are written on meanwhile by the engine. Once something is finished
the page is drawn anew, with the buttons and charts that a finished text has. A look costs a millisecond or two, and
there are fewer of them when many people look.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

_QUICK, _EACH, _SLOW = 0.1, 0.03, 1.0  # seconds between two looks: alone, for everybody who looks, and at most
_looking: set[object] = set()  # runs of all sessions that look now
_mutex = Lock()


def pause() -> float:
    """Seconds until the next look."""
    return min(_SLOW, max(_QUICK, _EACH * len(_looking)))


@dataclass(frozen=True)
class Growing:
    """Something on the page that grows. `look` paints it; `stop` ends it, keeping what is there."""

    over: Callable[[], bool]
    look: Callable[[], None]
    stop: Callable[[], None]


class Painting:
    """What grows on one page in one run."""

    def __init__(self) -> None:
        self._growing: list[Growing] = []
        self._stopped = False

    def add(self, growing: Growing) -> None:
        """Paint this too. It was drawn as something that grows, even if it should be over by now."""
        self._growing.append(growing)

    def follow(self) -> None:
        """Paint until something is over, then draw the page anew. Returns at once where nothing grows."""
        if not self._growing:
            return
        self._draw_after_stop()
        with _mutex:
            _looking.add(self)
        try:
            self._look()
        except StopException:  # the browser's Stop, or a closed tab: nobody would paint them any more
            self._stopped = True
            for one in self._growing:
                one.stop()
            raise
        finally:
            with _mutex:
                _looking.discard(self)
        st.rerun()

    def _look(self) -> None:
        while not any(one.over() for one in self._growing):
            time.sleep(pause())
            for one in self._growing:
                one.look()

    def _draw_after_stop(self) -> None:
        """The browser's Stop ends a run and starts no other: this does, so that what was stopped has its buttons."""

        @st.fragment(run_every=_SLOW)
        def watch() -> None:
            if self._stopped:
                self._stopped = False
                st.rerun()

        watch()
