"""A student: a tab that lasts longer than its sessions, with a badge of the student's own in all that is typed."""

import hashlib
import json
import random
import re
import time
from collections.abc import Awaitable

from benchmarks.classroom.screen import Element
from benchmarks.classroom.session import Session
from benchmarks.classroom.signs import Signs, Watch

_VERSION = re.compile(r'"version": ?(\d+)')


class Student:
    """One of the class. The same number has the same badge and dice every time; in another `year`, another badge."""

    def __init__(self, url: str, number: int, year: str = "") -> None:
        self.url, self.number = url, number
        self.badge = "badge-" + hashlib.sha256(f"student {number} {year}".encode()).hexdigest()[:6]
        self.others: frozenset[str] = frozenset()  # the badges of the rest of the class
        self.dice = random.Random(number)
        self.page = self._query = ""
        self.errors: list[str] = []
        self.storage = ""  # the tab's sessionStorage: the conversations that the chat page keeps in it
        self.counts = {"messages": 0, "echoes": 0, "ticks": 0}  # of the sessions that are over

    async def open(self, page: str = "", query: str = "") -> float:
        """Open the app at a page; seconds until it is drawn to its end."""
        start = time.perf_counter()
        self.session = Session(self.url, self.badge, self.others, self.errors)
        self.session.on_component = self._component
        await self.session.connect()
        await self.visit(page, query)
        return time.perf_counter() - start

    async def close(self) -> None:
        """Close the tab, whatever is going on in it."""
        await self.session.close()
        session = self.session
        for name, more in (("messages", session.received), ("echoes", session.echoes), ("ticks", session.ticks)):
            self.counts[name] += more

    async def reload(self) -> float:
        """Reload the page in the same tab; seconds until it is there."""
        await self.close()
        return await self.open(self.page, self._query)

    async def visit(self, page: str, query: str = "") -> float:
        """Click on another page; seconds until it is drawn to its end."""
        self.page, self._query, self._restored = page, query, False
        return await self.session.visit(page, query)

    def mine(self, text: str) -> str:
        """The text with the student's badge."""
        return f"{text} {self.badge}"

    async def type(self, label: str, text: str) -> float:
        """Put `text` over what the text box holds; seconds until the page has answered."""
        screen = self.session.screen
        area = next((one for one in screen.all("text_area") if one.text == label), None)
        if area is not None:
            return await self.session.act(area, "string_value", text)
        own = next(one for one in screen.all("bidi_component") if f'"label": "{label}"' in one.data)
        version = _VERSION.search(own.data)
        typed = {"version": int(version[1]) if version else 0, "text": text}
        return await self.session.act(own, "json_value", json.dumps({"typed": typed}))

    def press(self, label: str) -> Awaitable[float]:
        """Press a button; seconds until its run has ended."""
        return self.session.act(self.session.screen.widget("button", label), "trigger_value", True)

    def ask(self, question: str) -> Awaitable[float]:
        """Send a question to the chat; seconds until the run that it began has ended."""
        return self.session.act(self.session.screen.widget("chat_input"), "chat_input_value", question)

    def expect(self, signs: Signs, count: int) -> Watch:
        """From now on watch for `count` texts on this page."""
        self.session.watch = Watch(signs, count)
        return self.session.watch

    async def read(self, watch: Watch, what: str) -> bool:
        """Wait until all texts of `watch` have ended."""
        return await self.session.until(lambda: watch.over, what)

    def _component(self, element: Element) -> None:
        """The one component that speaks by itself: the chat page's keeper gives back what the tab has stored."""
        if '"restore":' not in element.data:
            return
        data = json.loads(element.data)
        data = data[0] if isinstance(data, list) else data
        if not data["restore"]:
            self.storage = data["text"]
        elif not self._restored:
            self._restored = True
            self.session.tell(element, "json_value", json.dumps({"found": self.storage}))
