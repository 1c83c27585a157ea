"""Checkpoints of training runs as models: their ids, which of them are here, and what people call them.

A run's folder is <PLAYGROUND_HOME>/training/<run>, a checkpoint an ordinary model folder in it ("pretrain-00050"). An
id may come out of a link: `parsed` checks its form before any path is made of it.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from lib.json_file import read_json
from lib.models import local
from lib.models.catalog import ModelSpec, Role
from lib.models.errors import ModelError
from lib.models.folders import Location, problem
from lib.settings import settings

PREFIX = "trained-"
RECORD = "run.json"  # what a run's folder says of the run: its number, its recipe, when it was made
Stage = Literal["pretrain", "finetune", "prefer"]
STAGES: tuple[Stage, ...] = get_args(Stage)  # in the order in which they build on one another
_RUN = re.compile(r"[0-9a-f]{8}")
_CHECKPOINT = re.compile(rf"({'|'.join(STAGES)})-([0-9]{{5}})")
_TEXTS = {"world": "Tiny world", "alice": "Alice", "own": "Own text"}
_KINDS = {"pretrain": "", "finetune": "chat", "prefer": "chat, preferred"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint's name, taken apart; whether there is such a folder is another question."""

    run: str
    stage: str
    step: int

    @property
    def name(self) -> str:
        """Of its folder.

        >>> Checkpoint("0123abcd", "pretrain", 50).name
        'pretrain-00050'
        """
        return checkpoint_name(self.stage, self.step)

    @property
    def model_id(self) -> str:
        """Under which all pages load it."""
        return f"{PREFIX}{self.run}-{self.name}"

    @property
    def folder(self) -> Path:
        """Where it is, if it is."""
        return root() / self.run / self.name


def checkpoint_name(stage: str, step: int) -> str:
    """A checkpoint's folder in the folder of its run.

    >>> checkpoint_name("pretrain", 50)
    'pretrain-00050'
    """
    return f"{stage}-{step:05d}"


def root() -> Path:
    """The folder of all runs."""
    return settings().home / "training"


def is_run(name: str) -> bool:
    """Whether this has the form of a run's id, which is its folder's name.

    >>> is_run("0123abcd"), is_run("../models"), is_run("0123abcd\\n")
    (True, False, False)
    """
    return _RUN.fullmatch(name) is not None


def parsed(model_id: str) -> Checkpoint | None:
    """What an id of this form means; None for any other text, and for any id of another kind of model.

    >>> parsed("trained-0123abcd-pretrain-00050")
    Checkpoint(run='0123abcd', stage='pretrain', step=50)
    >>> parsed("trained-../../etc-pretrain-00050"), parsed("gpt2")
    (None, None)
    """
    run, name = model_id[len(PREFIX) :][:8], model_id[len(PREFIX) + 9 :]
    found = _named(run, name)
    return found if found is not None and found.model_id == model_id else None


def model_id(run: str, checkpoint: str) -> str:
    """The id of a checkpoint by its folder's name.

    >>> model_id("0123abcd", "pretrain-00050")
    'trained-0123abcd-pretrain-00050'
    """
    return f"{PREFIX}{run}-{checkpoint}"


def _named(run: str, folder: str) -> Checkpoint | None:
    match = _CHECKPOINT.fullmatch(folder)
    return Checkpoint(run, match[1], int(match[2])) if match and is_run(run) else None


def where(model_id: str) -> Location | None:
    """The checkpoint's folder, if it is here and whole."""
    found = parsed(model_id)
    return Location(found.folder, "training") if found is not None and problem(found.folder) is None else None


def spec(model_id: str) -> ModelSpec:
    """Its description. Raises ModelError if the checkpoint is not here (any more)."""
    found = parsed(model_id)
    if found is None or where(model_id) is None:
        raise ModelError(
            "This checkpoint of a training run is not here, or not any more: only the newest runs are kept. "
            "Train the model again on the Training page."
        )
    role: Role = "base" if found.stage == "pretrain" else "instruct"
    return replace(local.describe(found.folder), id=model_id, name=name_of(found), role=role)


def name_of(checkpoint: Checkpoint) -> str:
    """For people: "Tiny world 0.9 M · chat · step 250 · run 2". The first run of a machine goes without its number."""
    record = read_json(root() / checkpoint.run / RECORD)
    recipe: Any = record.get("recipe")
    recipe = recipe if isinstance(recipe, dict) else {}
    text, size, number = (
        _TEXTS.get(str(recipe.get("text")), "Trained"),
        str(recipe.get("size", "")),
        record.get("number"),
    )
    parts = [
        f"{text} {size[:8]}".strip(),
        _KINDS[checkpoint.stage],
        f"step {checkpoint.step}",
        f"run {number}" if isinstance(number, int) and number > 1 else "",
    ]
    return " · ".join(filter(None, parts))


def newest() -> Iterator[Checkpoint]:
    """The newest whole checkpoint of every stage of every run, runs in the order of `runs`."""
    for run in runs():
        found = checkpoints(run)
        for stage in STAGES:
            of_stage = [one for one in found if one.stage == stage and problem(one.folder) is None]
            yield from of_stage[-1:]


def runs() -> list[str]:
    """The ids of the runs on the disk, the newest first."""
    return sorted(filter(is_run, _names(root())), key=lambda run: (-_made(run), run))


def checkpoints(run: str) -> list[Checkpoint]:
    """The checkpoints in a run's folder, whole or not, by stage and step."""
    found = filter(None, (_named(run, name) for name in _names(root() / run)))
    return sorted(found, key=lambda one: (STAGES.index(one.stage), one.step))


def stamp() -> tuple[int, ...]:
    """Changes with every new run and every new checkpoint. A handful of system calls."""
    folders = [root(), *(root() / run for run in filter(is_run, _names(root())))]
    return tuple(_changed(folder) for folder in folders)


def _made(run: str) -> float:
    """When a run was begun, in seconds; its folder's own time where the record does not say."""
    said = read_json(root() / run / RECORD).get("made")
    return float(said) if isinstance(said, int | float) else _changed(root() / run) / 1e9


def _names(folder: Path) -> list[str]:
    """What is in a folder; nothing where there is none."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _changed(folder: Path) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0
