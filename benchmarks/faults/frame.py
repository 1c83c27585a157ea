"""What a fault and a fuzz are: each module beside this one gives `FAULTS` and, where it has some, `FUZZES`."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What became of a fault that was provoked."""

    read: str  # what the user read, the whole sentence
    kept: str  # what was there before and still is: "what was typed", "the 3 MB that had come"
    healed: str  # what was done and worked: "pressed again: the download went on at 3 MB"


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong. `provoke` gets an empty folder, makes it happen for real and checks what it says.

    It raises AssertionError where something was lost, false or not healed; any other exception is a traceback that
    the user would have seen.
    """

    kind: str  # "Getting models", "Model folders", "Servers", "Chat", "Links and boxes", "Public hosts"
    name: str  # "The hub's commit is ../x"
    provoke: Callable[[Path], Outcome]


@dataclass(frozen=True)
class Fuzz:
    """Many generated cases of one kind. `check` raises where a case breaks something."""

    name: str
    count: int  # cases of the whole run
    case: Callable[[random.Random], Any]
    check: Callable[[Any], None]
    seconds: float = 1.0  # the longest that one case may take
