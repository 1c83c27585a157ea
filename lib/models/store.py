"""Which models there are, which of them are here, and which is the best. `lib.models.getting` gets the others."""

import os
from dataclasses import replace
from itertools import chain
from pathlib import Path

from lib.models import gguf_header, local, trained
from lib.models.catalog import BASE, CATALOG, CHAT, EMBEDDED, PREFERENCE, SHIPPED, ModelSpec, Wanted
from lib.models.errors import ModelError
from lib.models.folder_config import shown_name
from lib.models.folders import Location, problem
from lib.models.remote import is_remote, remote_spec
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
