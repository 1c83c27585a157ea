"""A session of a running Streamlit app, kept as a browser keeps it but without a browser: runs, widgets, timers.

The server is asked for all that a browser asks for: the page by its hash, the widgets that were touched, the fragment
around them, the timers of `run_every` (a run of the whole page ends them). Nothing is drawn, and a message is looked
into no further than it must be. Known difference: a browser also sends the defaults of widgets that nobody touched.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.classroom.screen import BADGE, Element, Screen
from benchmarks.classroom.signs import Watch
from benchmarks.classroom.wire import PATIENCE, Path, Wire

DONE, COMPILE_ERROR, CUT_SHORT, FRAGMENT_DONE = range(4)  # ForwardMsg.script_finished
_TRIGGERS = frozenset({"trigger_value", "chat_input_value"})  # sent once, not kept

Values = Mapping[str, tuple[str, Any]]  # widget id -> (field of WidgetState, value)


class Session(Wire):
    """One tab's session. `badge` is in every text of its own student; one of the `others` on its page is an error."""

    def __init__(self, url: str, badge: str, others: Collection[str], errors: list[str]) -> None:
        super().__init__(url, errors)
        self.badge, self.others = badge.encode(), {other.encode() for other in others}
        self.screen = Screen(errors)
        self.watch: Watch | None = None
        self.running = False  # whether a script run is going on
        self.echoes = self.ticks = 0  # messages with one's own badge, timers that went off
        self.timers: dict[str, tuple[float, asyncio.TimerHandle]] = {}  # by fragment; (seconds, the next time)
        self.on_component: Callable[[Element], None] = lambda element: None
        self._query, self._hash, self._pages = "", "", dict[str, str]()  # the address; the page; all pages by name
        self._values: dict[str, tuple[str, Any]] = {}  # what the widgets of this page were set to
        self._asked: str | None = None  # the fragment whose run is awaited, "" for the page's, None for nothing
        self._answer = ""  # the id of the run that answers
        self._told = False  # whether a component has spoken and no run has begun since
        self._fragments = frozenset[str]()  # of the run that is going on
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    async def close(self) -> None:
        """Close the tab, whatever is going on."""
        self._end_timers()
        await super().close()

    async def until(self, condition: Callable[[], bool], what: str, timeout: float = PATIENCE) -> bool:
        """Wait until a message makes `condition` true; False, and an error, if that takes more than `timeout` s."""
        if condition():
            return True
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((condition, future))
        try:
            await asyncio.wait_for(future, timeout)
        except TimeoutError:
            self.errors.append(f"after {timeout:.0f} s still waiting for {what}")
        return future.done() and not future.cancelled()

    async def quiet(self) -> None:
        """Wait until the page is at rest: no run, no timer."""
        await self.until(lambda: not (self.running or self._told or self.timers), "the page to be at rest")

    async def visit(self, page: str, query: str = "") -> float:
        """Go to a page by its name in the address ("" is the first); seconds until it is drawn to its end."""
        self._query, self.watch = query, None
        self._values.clear()
        return await self._ran("", page=page)

    async def act(self, widget: Element, field: str, value: Any) -> float:
        """Set a widget; seconds until the run of its fragment, or else of the page, has ended."""
        if field not in _TRIGGERS:
            self._values[widget.id] = (field, value)
        return await self._ran(widget.fragment, once={widget.id: (field, value)})

    def tell(self, widget: Element, field: str, value: Any) -> None:
        """Set a widget and wait for nothing: what a component does by itself."""
        self._values[widget.id] = (field, value)
        self._told = True
        self._request(widget.fragment)

    def stop(self) -> None:
        """Stop the script's run, as the Stop of the chat input does."""
        self.send(BackMsg(stop_script=True))

    async def _ran(self, fragment: str, *, page: str | None = None, once: Values | None = None) -> float:
        start = time.perf_counter()
        self._asked, self._answer = fragment, ""
        self._request(fragment, page=page, once=once)
        await self.until(lambda: self._asked is None, "the end of the run")
        return time.perf_counter() - start

    def _request(
        self, fragment: str, *, auto: bool = False, page: str | None = None, once: Values | None = None
    ) -> None:
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string, rerun.fragment_id, rerun.is_auto_rerun = self._query, fragment, auto
        rerun.page_script_hash = self._hash if page is None else self._pages.get(page, "")
        if page is not None and not rerun.page_script_hash:
            rerun.page_name = page
        for identity, (field, value) in {**self._values, **(once or {})}.items():
            state = rerun.widget_states.widgets.add(id=identity)
            if field == "chat_input_value":
                state.chat_input_value.data = value
            else:
                setattr(state, field, value)
        self.send(message)

    def take(self, message: ForwardMsg, path: Path, raw: bytes) -> None:
        """Do what the browser does with a message; most kinds mean nothing without a screen."""
        kind = message.WhichOneof("type")
        if kind == "delta":
            self._draw(path, message.delta, raw)
        elif kind == "new_session":
            self._begin(message)
        elif kind == "script_finished":
            self._end(message)
        elif kind == "navigation":
            self._hash = message.navigation.page_script_hash
            self._know(message.navigation.app_pages)
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self._start_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self._end_timers(fragment)
        elif kind == "page_not_found":
            self.errors.append("page not found")

    def _draw(self, path: Path, delta: Any, raw: bytes) -> None:
        for found in BADGE.findall(raw):
            if found == self.badge:
                self.echoes += 1
            elif found in self.others:  # a model makes up badges too: "badge-15ae5c, badge-15ae5d, …"
                self.errors.append(f"a text of another session: {found.decode()} instead of {self.badge.decode()}")
        if delta.WhichOneof("type") != "new_element":
            return
        element = self.screen.put(path, delta)
        kind = delta.new_element.WhichOneof("type")
        if self.watch and self.watch.look((element and element.id) or path, kind, raw, time.perf_counter()):
            self._changed()
        if element and kind == "bidi_component":
            self.on_component(element)

    def _begin(self, message: ForwardMsg) -> None:
        session, run = message.new_session, message.metadata.run
        self.running, self._told, self._fragments = True, False, frozenset(run.fragment_ids)
        self.screen.begin(other_page=session.page_script_hash != self._hash)
        self._hash = session.page_script_hash
        self._know(session.app_pages)
        if not self._fragments:
            self._end_timers()
        if self._asked is not None and (not self._fragments or self._asked in self._fragments):
            self._answer = run.script_run_id

    def _end(self, message: ForwardMsg) -> None:
        if message.script_finished == CUT_SHORT:  # another run follows
            return
        if message.script_finished == COMPILE_ERROR:
            self.errors.append("the script does not compile")
        self.running, run = False, message.metadata.run.script_run_id
        self.screen.end(self._fragments)
        if not self._fragments:
            self.forget_old()
        if self._answer and run in ("", self._answer):
            self._asked, self._answer = None, ""
        self._changed()

    def _changed(self) -> None:
        for condition, future in self._waiting:
            if not future.done() and condition():
                future.set_result(None)
        self._waiting = [entry for entry in self._waiting if not entry[1].done()]

    def _know(self, pages: Any) -> None:
        self._pages.update({"" if page.is_default else page.url_pathname: page.page_script_hash for page in pages})

    def _start_timer(self, fragment: str, interval: float) -> None:
        if self.timers.get(fragment, (None,))[0] == interval:
            return  # it goes on as it is
        self._end_timers(fragment)
        self._arm(fragment, interval)

    def _arm(self, fragment: str, interval: float) -> None:
        loop = asyncio.get_running_loop()
        self.timers[fragment] = (interval, loop.call_later(interval, self._tick, fragment, interval))

    def _tick(self, fragment: str, interval: float) -> None:
        self._arm(fragment, interval)  # setInterval: whatever the server does
        self.ticks += 1
        self._request(fragment, auto=True)

    def _end_timers(self, *fragments: str) -> None:
        for fragment in fragments or tuple(self.timers):
            if timer := self.timers.pop(fragment, None):
                timer[1].cancel()
