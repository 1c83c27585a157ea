"""Which models are here, for pages that run several times a second: the disk is asked when something changed on it.

`lib.models` looks at every folder and every weights file whenever it is asked, a thousand system calls a page run. Here
its answers are kept, for all sessions, until a model folder comes or goes or the settings change, and five seconds at
most: that is how long a file taken out of the middle of a model may go unnoticed.
"""

import os
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from lib import models
from lib.models import trained
from lib.settings import settings

SECONDS = 5


def local_models(*asked: str | None) -> list[models.ModelSpec]:
    """`models.local_models()`, and those checkpoints of training runs among the ids `asked` that it leaves out."""
    disk = _disk()
    listed = list(_local(disk))
    older = {one for one in asked if one and trained.parsed(one)} - {spec.id for spec in listed}
    return listed + [_spec(disk, one) for one in sorted(older) if models.where(one)]


def default(wanted: models.Wanted) -> str:
    """`models.default(wanted)`."""
    return _default(_disk(), wanted)


def spec(model_id: str) -> models.ModelSpec:
    """`models.spec(model_id)`. Raises ModelError for unknown ids."""
    return _spec(_disk(), model_id)


def _disk() -> tuple[Any, ...]:
    """Changes with the settings, with the folders that models are in, with every new checkpoint, and with time."""
    now = settings()
    roots = (now.home / "models", now.hub_cache, *now.model_folders)
    return now, tuple(map(_changed, roots)), trained.stamp(), time.monotonic() // SECONDS


def _changed(folder: Path) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=4)
def _local(_disk: tuple[Any, ...]) -> tuple[models.ModelSpec, ...]:
    return tuple(models.local_models())


@lru_cache(maxsize=8)
def _default(_disk: tuple[Any, ...], wanted: models.Wanted) -> str:
    return models.default(wanted)


@lru_cache(maxsize=64)
def _spec(_disk: tuple[Any, ...], model_id: str) -> models.ModelSpec:
    return models.spec(model_id)
