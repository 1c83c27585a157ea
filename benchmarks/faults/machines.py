"""Getting models on machines with something wrong: full or read-only disks, kills, no HOME, another locale or place."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from multiprocessing import get_context
from pathlib import Path

from benchmarks.faults.downloads import KIND
from benchmarks.faults.frame import Fault, Outcome
from benchmarks.faults.hub_place import MODEL, SERVED, WEIGHTS, Place, place
from lib import models

ROOT = Path(__file__).resolve().parents[2]
GET = f"{sys.executable} -m lib.models get {MODEL}"
KILLS = 20


def _namespaced(script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in a mount namespace of its own; what it mounts is nobody else's and ends with it."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    return subprocess.run(
        [*unshare, "sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )


def _mounts() -> bool:
    return shutil.which("unshare") is not None and _namespaced("mount -t tmpfs tmpfs /mnt").returncode == 0


def _small_disk(folder: Path) -> Outcome:
    with place(folder) as here:
        here.home.mkdir()
        run = _namespaced(f"mount -t tmpfs -o size=2m tmpfs {here.home} && {GET}")
        assert run.returncode == 1 and "of disk space and only" in run.stderr, run.stderr
        here.heal()
    return Outcome(_last(run.stderr), "all that was on the machine", "got with PLAYGROUND_HOME on a larger disk")


def _full_disk(folder: Path) -> Outcome:
    """There is room at the beginning; something else fills the disk while the weights come."""
    with place(folder) as here:
        here.home.mkdir()
        here.hub.pause = 0.2
        part = f"{here.home}/models/.part*/model.safetensors.incomplete"
        run = _namespaced(
            f"mount -t tmpfs -o size=120m tmpfs {here.home}; {GET} & "
            f"until ls {part} 2>/dev/null; do sleep 0.05; done; "
            f"cat /dev/zero > {here.home}/other 2>/dev/null; wait $!; "
            f"stat -c 'kept %s' {part} >&2; rm {here.home}/other; "
            f"{GET} && cmp {here.home}/models/gpt2/model.safetensors {SERVED}/model.safetensors"
        )
        assert run.returncode == 0 and "The disk is full" in run.stderr, run.stderr
        spans = [span for span in here.hub.fetched("model.safetensors") if span]
        assert spans, "it began anew"
    kept = next(line for line in run.stderr.splitlines() if line.startswith("kept")).split()[1]
    read = next(line for line in run.stderr.splitlines() if "disk is full" in line)
    return Outcome(read, f"the {int(kept):,} bytes that had come", f"room made, got again: it went on at {spans[-1]}")


def _read_only(folder: Path) -> Outcome:
    with place(folder) as here:
        (here.home / "models").mkdir(parents=True)
        again = f"mount -o remount,rw,bind {here.home} && {GET}"
        run = _namespaced(f"mount --bind {here.home} {here.home}; mount -o remount,ro,bind {here.home}; {GET}; {again}")
        assert run.returncode == 0 and "cannot be written" in run.stderr, run.stderr
        read = next(line for line in run.stderr.splitlines() if "cannot be written" in line)
    return Outcome(read, "all that was on the machine", "made writable, got again")


def _file_for_home(folder: Path) -> Outcome:
    with place(folder) as here:
        here.home.write_text("a file", encoding="utf-8")
        read = here.press()
        assert "cannot be used" in read and here.home.read_text(encoding="utf-8") == "a file"
        here.home.unlink()
        here.heal()
    return Outcome(read, "the file", "taken away, pressed again: got")


def _child() -> None:
    models.get(MODEL, progress=lambda *_: None)


def _killed(folder: Path) -> Outcome:
    """The process is killed 20 times, each time a moment after its first request, up to what a download takes."""
    generator, sizes = random.Random(0), [0]
    with place(folder) as here:
        here.hub.pause = 0.02
        for _ in range(KILLS):
            process, before = get_context("fork").Process(target=_child), len(here.hub.requests)
            process.start()
            while process.is_alive() and len(here.hub.requests) == before:
                time.sleep(0.002)
            time.sleep(generator.uniform(0, 0.7))
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
            found = models.where(MODEL)
            sizes.append(len(WEIGHTS) if found else _came(here))
            assert sizes[-1] >= sizes[-2], "less is there than before"
            if found:  # it was quicker: once more from the beginning
                assert (found.folder / "model.safetensors").read_bytes() == WEIGHTS
                shutil.rmtree(found.folder)
                sizes.append(0)
        try:
            read = str(models.require(MODEL))
        except models.ModelError as error:
            read = str(error)
        ranges = sum(bool(span) for span in here.hub.fetched("model.safetensors"))
        here.heal()
    kept = f"what had come: {ranges} of {KILLS} next tries went on in the middle of the weights, none began with less"
    return Outcome(read, kept, "pressed again: the whole model, byte for byte")


def _came(here: Place) -> int:
    return sum(path.stat().st_size for path in here.home.glob("models/.part-*/model.safetensors*"))


def _two(folder: Path) -> Outcome:
    with place(folder) as here:
        here.hub.pause = 0.02
        said: list[str] = []
        other = get_context("fork").Process(target=_child)
        other.start()
        while not here.hub.fetched("model.safetensors"):
            time.sleep(0.01)
        models.get(MODEL, progress=lambda message, _: said.append(message))
        other.join()
        assert other.exitcode == 0 and len(here.hub.fetched("model.safetensors")) == 1
        here.heal()
    return Outcome(next(line for line in said if "another process" in line), "one download for both", "nothing to heal")


def _strange(change: dict[str, str | None], directory: str = str(ROOT)) -> tuple[str, str]:
    """Get and list models with another environment; gives back what was said and where the model is."""
    env = {name: value for name, value in {**os.environ, **change}.items() if value is not None}
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from lib.models.__main__ import main; "
    lines = []
    for command in (["get", MODEL], ["list"]):
        run = [sys.executable, "-c", f"{code}sys.exit(main({command}))"]
        done = subprocess.run(run, cwd=directory, env=env, capture_output=True, check=False, timeout=300)
        said = done.stderr.decode("utf-8", "replace")
        assert done.returncode == 0, said
        lines.append(done.stdout.decode("utf-8", "replace") + said)
    return lines[0].strip(), lines[1]


def _surroundings(name: str, change: dict[str, str | None], directory: str = str(ROOT)) -> Fault:
    def provoke(folder: Path) -> Outcome:
        with place(folder) as here:
            said, listed = _strange(change, directory)
            assert str(here.home / "models" / MODEL) in said and f"{MODEL} " in listed and "here (app)" in listed
        return Outcome(said.splitlines()[-1], "all that was on the machine", "nothing to heal: the model came")

    return Fault(KIND, name, provoke)


def _last(text: str) -> str:
    return text.strip().splitlines()[-1]


_ON_LINUX = [
    Fault(KIND, "A disk that is too small", _small_disk),
    Fault(KIND, "A disk that fills up on the way", _full_disk),
    Fault(KIND, "A read-only cache", _read_only),
]
FAULTS = [
    *(_ON_LINUX if _mounts() else []),
    Fault(KIND, "PLAYGROUND_HOME is a file", _file_for_home),
    Fault(KIND, "Killed at 20 random moments", _killed),
    Fault(KIND, "Two processes at once", _two),
    _surroundings("HOME is not set", {"HOME": None}),
    _surroundings("The C locale", {"LC_ALL": "C", "LANG": None, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    _surroundings("Started from /", {}, "/"),
]
