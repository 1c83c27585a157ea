"""Folders of PLAYGROUND_MODELS that cannot be used: named, the others work, and mended they work without a restart."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults import bad_folders, tiny_files
from benchmarks.faults.frame import Fault, Outcome
from lib import engine, models
from lib.errors import PlaygroundError

IDS = [5, 9, 100]
KIND = "Model folders"


@contextmanager
def place(folder: Path, **more: str) -> Iterator[Path]:
    """A fresh home, and `folder`/mine as PLAYGROUND_MODELS, with a good model in it."""
    environment = {"PLAYGROUND_HOME": str(folder / "home"), "PLAYGROUND_MODELS": str(folder / "mine"), **more}
    before = {key: os.environ.get(key) for key in environment}
    os.environ.update(environment)
    try:
        tiny_files.make(folder / "mine" / "good")
        yield folder / "mine"
    finally:
        for key, value in before.items():
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value


def use(model_id: str) -> np.ndarray:
    """Logits as a page gets them."""
    model = engine.inspectable(engine.load(model_id))
    try:
        return model.logits(IDS)
    finally:
        model.close()


def sentence(of: Callable[[], Any]) -> str:
    """What is said; fails if nothing is."""
    try:
        of()
    except PlaygroundError as error:
        return str(error)
    raise AssertionError("it was done without a word")


def _listed(name: str, folder: Path) -> Outcome:
    damage, says = bad_folders.LISTED[name]
    with place(folder) as mine:
        loaded = engine.inspectable(engine.load("good"))
        before = loaded.logits(IDS)
        damage(tiny_files.make(mine / name))
        read = next(one for one in models.problems() if says in one)
        assert "good" in {spec.id for spec in models.local_models()} and name not in {
            spec.id for spec in models.local_models()
        }
        assert (loaded.logits(IDS) == before).all()
        loaded.close()
        shutil.rmtree(mine / name)
        healed = "line-break" if "\n" in name else name
        tiny_files.make(mine / healed)
        assert not models.problems() and np.isfinite(use(healed)).all()
    return Outcome(read, "the other models, and the one that was loaded", "mended, and used without a restart")


def _loaded(name: str, folder: Path) -> Outcome:
    damage, says = bad_folders.LOADED[name]
    with place(folder) as mine:
        good = use("good")
        damage(tiny_files.make(mine / name))
        (mine / name / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w')", encoding="utf-8")
        read = sentence(lambda: use(name))
        assert says in read and not (folder / "ran").exists() and (use("good") == good).all()
        shutil.rmtree(mine / name)
        tiny_files.make(mine / name)
        assert np.isfinite(use(name)).all()
    return Outcome(read, "the other models", "mended, and pressed again without a restart")


def _forbidden(folder: Path) -> Outcome:
    """Files that whoever runs the app may not read; root may read all, and becomes somebody else for a moment."""
    folder.chmod(0o755)
    with place(folder) as mine:
        files = {"closed": "config.json", "sealed": "model.safetensors", "mute": "tokenizer.json"}
        for name in files:
            tiny_files.make(mine / name)
        for path in mine.rglob("*.*"):
            path.chmod(0o644)
        for name, file in files.items():
            (mine / name / file).chmod(0)
        me = os.geteuid()
        if me == 0:
            os.seteuid(65534)
        try:
            read = models.problems()
            names = [spec.id for spec in models.local_models()]
        finally:
            os.seteuid(me)
        assert len(read) == 3 and all("permission denied" in one for one in read), read
        assert "good" in names and not {"closed", "sealed", "mute"} & set(names)
        for path in mine.rglob("*.*"):
            path.chmod(0o644)
        assert not models.problems() and np.isfinite(use("mute")).all()
    return Outcome(" ".join(read), "the other models", "made readable, and used without a restart")


def _no_memory(folder: Path) -> Outcome:
    """A configuration and files that promise more than this machine has: sparse files are cheap to make."""
    with place(folder) as mine:
        huge = tiny_files.make(mine / "huge")
        header = b'{"model.embed_tokens.weight":{"dtype":"F32","shape":[264,%d],"data_offsets":[0,%d]}}'
        rows, size = 1 << 31, 264 * 4 << 31
        text = header % (rows, size)
        with (huge / "model.safetensors").open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            file.truncate(8 + len(text) + size)
        read = sentence(lambda: use("huge"))
        assert "of memory and only" in read and np.isfinite(use("good")).all()
        shutil.rmtree(huge)
        tiny_files.make(huge)
        assert np.isfinite(use("huge")).all()
    return Outcome(read, "the other models", "mended, and pressed again without a restart")


FAULTS = [
    *(Fault(KIND, f"A folder like “{' '.join(name.split())}”", partial(_listed, name)) for name in bad_folders.LISTED),
    *(Fault(KIND, f"A folder like “{name}”", partial(_loaded, name)) for name in bad_folders.LOADED),
    Fault(KIND, "Files that the app may not read", _forbidden),
    Fault(KIND, "Weights that need more memory than there is", _no_memory),
]
