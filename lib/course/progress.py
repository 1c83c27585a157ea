"""What a learner has done: steps, and answers to questions. As data, as text for the browser, and checked on its way
back: what a browser keeps can be changed by anybody who sits at it."""

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

VERSION = 1
MAX_CHARS, MAX_ANSWERS, MAX_TEXT = 200_000, 300, 2_000  # of the whole; answers; characters of one text


@dataclass(frozen=True)
class Answer:
    """An answer to a question of a page: all of it plain text or our own Markdown, `page` as its title."""

    question: str
    chosen: str
    right: str
    why: str
    page: str

    @property
    def correct(self) -> bool:
        """Whether the right option was chosen."""
        return self.chosen == self.right


@dataclass
class Progress:
    """`done`: keys of steps; `answers`: by the key of the question, the oldest first; `short`: the 45-minute course."""

    done: set[str] = field(default_factory=set)
    answers: dict[str, Answer] = field(default_factory=dict)
    short: bool = False

    def add(self, key: str, answer: Answer) -> None:
        """Note an answer; beyond the bound the oldest goes."""
        self.answers.pop(key, None)
        self.answers[key] = answer
        while len(self.answers) > MAX_ANSWERS:
            self.answers.pop(next(iter(self.answers)))


def to_text(progress: Progress) -> str:
    """For the browser; "" where there is nothing to keep.

    >>> read(to_text(Progress({"roads"}, short=True)))
    Progress(done={'roads'}, answers={}, short=True)
    """
    if progress == Progress():
        return ""
    answers = {key: asdict(answer) for key, answer in progress.answers.items()}
    data = {"version": VERSION, "done": sorted(progress.done), "answers": answers, "short": progress.short}
    return json.dumps(data, ensure_ascii=False)


def read(text: object) -> Progress:
    """What a browser gave back; everything in it that is not as it should be is left out.

    >>> read('{"version": 1, "done": ["roads", 7, "<b>"], "answers": {"x": null}}')
    Progress(done={'roads'}, answers={}, short=False)
    """
    if not isinstance(text, str) or len(text) > MAX_CHARS:
        return Progress()
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return Progress()
    if not isinstance(data, dict) or data.get("version") != VERSION:
        return Progress()
    done, answers = data.get("done"), data.get("answers")
    progress = Progress(short=data.get("short") is True)
    progress.done = {key for key in done if _is_key(key)} if isinstance(done, list) else set()
    for key, entry in list(answers.items())[:MAX_ANSWERS] if isinstance(answers, dict) else ():
        if _is_key(key) and (answer := _answer(entry)) is not None:
            progress.answers[key] = answer
    return progress


def _is_key(key: object) -> bool:
    return isinstance(key, str) and re.fullmatch(r"[\w.-]{1,80}", key, re.ASCII) is not None


def _answer(entry: object) -> Answer | None:
    names = Answer.__dataclass_fields__
    if not isinstance(entry, dict):
        return None
    texts = {name: entry.get(name) for name in names}
    if not all(isinstance(text, str) and len(text) <= MAX_TEXT for text in texts.values()):
        return None
    return Answer(**{name: str(text).encode("utf-8", "replace").decode() for name, text in texts.items()})
