"""What stands on one student's page, kept from the messages that the server sends. Knows nothing of time or sockets.

A page is a tree and every element has a path in it. A message puts an element at a path; when a run ends well, what
the run did not put there again is gone. Texts and widgets are kept, everything else is only looked at in passing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WIDGETS = frozenset({"bidi_component", "button", "chat_input", "checkbox", "number_input", "selectbox", "slider",
                     "text_area", "text_input"})  # fmt: skip
TEXTS = {"markdown": "body", "code": "code_text", "html": "body", "text": "body"}  # where their words are
ERROR = 1  # AlertProto.Format.ERROR
BADGE = re.compile(rb"badge-[0-9a-f]{6}")  # in every text that a student types, another one for each of them

Path = tuple[int, ...]


@dataclass(slots=True)
class Element:
    """A text or a widget. `text` is a text's words, or a widget's label (of a component: its name)."""

    kind: str
    text: str
    id: str
    fragment: str  # the fragment that drew it, "" for the page itself
    run: int  # the number of the run that put it there last
    disabled: bool = False
    data: str = ""  # of a component: the JSON that it was given


class Screen:
    """One session's page."""

    def __init__(self, errors: list[str]) -> None:
        self.elements: dict[Path, Element] = {}
        self.errors = errors  # what a student would see in red is added to them
        self._red: dict[Path, str] = {}  # errors on the page now: drawn again they are no new ones
        self._run = 0

    def begin(self, *, other_page: bool) -> None:
        """A run begins."""
        self._run += 1
        if other_page:
            self.elements.clear()
            self._red.clear()

    def end(self, fragments: frozenset[str]) -> None:
        """A run of these fragments, or of the page if there are none, has ended well."""
        gone = [
            path
            for path, element in self.elements.items()
            if element.run < self._run and (not fragments or element.fragment in fragments)
        ]
        for path in gone:
            del self.elements[path]

    def put(self, path: Path, delta: Any) -> Element | None:
        """Take a `new_element`; gives back what it was, if it is a text or a widget."""
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind in TEXTS:
            made = Element(kind, getattr(getattr(element, kind), TEXTS[kind]), "", delta.fragment_id, self._run)
        elif kind == "bidi_component":
            its = element.bidi_component
            made = Element(kind, its.component_name, its.id, delta.fragment_id, self._run, data=its.json)
        elif kind in WIDGETS:
            its = getattr(element, kind)
            made = Element(kind, getattr(its, "label", ""), its.id, delta.fragment_id, self._run, its.disabled)
        else:
            self.elements.pop(path, None)
            self._look_for_error(path, kind, element)
            return None
        self.elements[path] = made
        self._red.pop(path, None)
        return made

    def _look_for_error(self, path: Path, kind: str, element: Any) -> None:
        sentence = ""
        if kind == "exception" and not element.exception.is_warning:
            where = " < ".join(" ".join(line.split()) for line in reversed(element.exception.stack_trace[-3:]))
            sentence = f"{element.exception.type}: {element.exception.message} [{where}]"
        elif kind == "alert" and element.alert.format == ERROR:
            sentence = f"alert: {element.alert.body}"
        if sentence and self._red.get(path) != sentence:
            self.errors.append(sentence[:600])
        if sentence:
            self._red[path] = sentence
        else:
            self._red.pop(path, None)

    def widget(self, kind: str, label: str = "") -> Element:
        """The widget of that kind and label (any label if none is given). Raises LookupError."""
        for element in self.elements.values():
            if element.kind == kind and label in ("", element.text):
                return element
        there = sorted({element.text for element in self.elements.values() if element.kind == kind})
        raise LookupError(f"no {kind} {label!r} on the page, only {there}")

    def count(self, kind: str, beginning: str) -> int:
        """How many elements of a kind have a text or label that begins so."""
        return sum(element.text.startswith(beginning) for element in self.all(kind))

    def all(self, kind: str) -> Iterator[Element]:
        """The elements of a kind, in the order of the page."""
        found = ((path, element) for path, element in self.elements.items() if element.kind == kind)
        return (element for _, element in sorted(found, key=lambda pair: pair[0]))
