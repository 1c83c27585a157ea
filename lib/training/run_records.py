"""What is on the disk of a training run: what it was asked, what it told, and which runs have to go.

Folders are those of `lib.models.trained`. What is read here may be damaged or of another version: lines and runs that
make no sense are left out.
"""

import json
import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from filelock import FileLock, Timeout

from lib.errors import PlaygroundError
from lib.json_file import read_json
from lib.models import trained
from lib.training.events import Event, Stage, from_json, to_json
from lib.training.recipe import Recipe, TrainingError, Tuning, checked, tuning

MAX_RUNS = 6  # runs that are kept


@dataclass
class Record:
    """What was asked of a run: run.json. `made`: when, in seconds since 1970. `number`: for people, from 1."""

    run: str
    number: int
    made: float
    recipe: Recipe
    stage: Stage = "pretrain"
    tunings: dict[str, Tuning] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return trained.root() / self.run

    def write(self) -> None:
        """Whole or not at all. Raises OSError on a full disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        said = {**asdict(self), "tunings": {stage: asdict(asked) for stage, asked in self.tunings.items()}}
        _replace(self.folder / trained.RECORD, json.dumps(said))


def read(run: str) -> Record | None:
    """The record of a run; None where it is damaged."""
    said = read_json(trained.root() / run / trained.RECORD)
    try:
        tunings = {str(stage): tuning(asked) for stage, asked in said["tunings"].items() if stage in trained.STAGES}
        stage = said["stage"] if said["stage"] in trained.STAGES else "pretrain"
        if stage != "pretrain" and stage not in tunings:
            return None
        recipe = checked(said["recipe"])
        return Record(run, int(said["number"]), float(said["made"]), recipe, cast(Stage, stage), tunings)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def new_record(run: str, recipe: Recipe) -> Record:
    """The record of a run that begins now; nothing is written yet."""
    numbers = [read_json(trained.root() / other / trained.RECORD).get("number") for other in trained.runs()]
    return Record(run, max([n for n in numbers if isinstance(n, int)], default=0) + 1, time.time(), recipe)


def read_events(run: str) -> list[Event]:
    """What a run told, as far as its file can be read; a line that was being written when the app ended is left out."""
    try:
        lines = (trained.root() / run / "events.jsonl").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [event for event in map(_event, lines) if event is not None]


def _event(line: str) -> Event | None:
    try:
        return from_json(line)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def add_events(run: str, events: Iterable[Event]) -> None:
    """Behind the others. Raises OSError on a full disk."""
    path = trained.root() / run / "events.jsonl"
    with path.open("r+b" if path.exists() else "w+b") as file:
        if file.seek(0, os.SEEK_END) and not _ends_line(file):
            file.write(b"\n")  # the app ended in the middle of a line
        file.write("".join(f"{to_json(event)}\n" for event in events).encode())


def _ends_line(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def write_events(run: str, events: Iterable[Event]) -> None:
    """In place of the others."""
    _replace(trained.root() / run / "events.jsonl", "".join(f"{to_json(event)}\n" for event in events))


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def state_file(folder: Path, stage: str) -> Path:
    """From which a stage goes on, in the run's folder: `lib.training.checkpoints` writes it."""
    return folder / "resume" / f"{stage}.safetensors"


def begin_anew(run: str, stage: Stage) -> None:
    """Take a stage's checkpoints and state, and those of later stages, out of a run's folder."""
    later = trained.STAGES[trained.STAGES.index(stage) :]
    for checkpoint in trained.checkpoints(run):
        if checkpoint.stage in later:
            _remove(checkpoint.folder)
    for one in later:
        state_file(trained.root() / run, one).unlink(missing_ok=True)


def hold(run: str) -> FileLock:
    """This run is ours now. Raises PlaygroundError where another app with the same PLAYGROUND_HOME trains it."""
    lock = FileLock(str(trained.root() / run / ".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise TrainingError("Another app on this machine trains this run.") from None
    return lock


def _held(run: str) -> bool:
    try:
        hold(run).release()
    except (PlaygroundError, OSError):
        return True
    return False


def make_room(in_use: Iterable[str]) -> list[str]:
    """Remove the oldest runs until there is room for a new one; gives back which. `in_use`: ids of runs that stay."""
    there, stay = trained.runs(), set(in_use)
    oldest = [run for run in reversed(there) if run not in stay and not _held(run)]
    gone = oldest[: max(len(there) - MAX_RUNS + 1, 0)]
    for run in gone:
        _remove(trained.root() / run)
    return gone


def _remove(folder: Path) -> None:
    """A folder of ours; a link that somebody put in its place goes, and what it points to stays."""
    if folder.is_symlink():
        folder.unlink(missing_ok=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
