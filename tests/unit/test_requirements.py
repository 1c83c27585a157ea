"""What is imported is declared, in the version that is installed: no import hangs on what another package brings."""

import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

from tests.unit.test_layers import ROOT, imported

APP = [ROOT / "Home.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "lib").rglob("*.py")]
DEVELOPMENT = [path for folder in ("benchmarks", "tests") for path in (ROOT / folder).rglob("*.py")]
OWN = {"lib", "pages", "benchmarks", "tests"}
BY_HAND = {"xllamacpp"}  # `benchmarks decode` compares with it where somebody has installed it


def pins(file: str) -> dict[str, str]:
    """Distribution -> version, as a requirements file pins it."""
    lines = [line.strip() for line in (ROOT / file).read_text().splitlines()]
    return {normal(name): version for name, version in (line.split("==") for line in lines if line and line[0] != "-")}


def normal(distribution: str) -> str:
    """A distribution's name in the one spelling that packaging tools compare."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@cache
def distributions() -> dict[str, list[str]]:
    return {module: [normal(name) for name in names] for module, names in metadata.packages_distributions().items()}


@pytest.mark.parametrize(
    ("paths", "files"),
    [(APP, ["requirements.txt"]), (DEVELOPMENT, ["requirements.txt", "requirements-dev.txt"])],
    ids=["app", "development"],
)
def test_every_import_is_declared(paths: list[Path], files: list[str]) -> None:
    declared = {name for file in files for name in pins(file)}
    tops = {name.split(".")[0] for path in paths for name in imported(path)}
    missing = {
        top
        for top in tops - OWN - BY_HAND - sys.stdlib_module_names
        if not declared & set(distributions().get(top, []))
    }
    assert not missing, f"not in {' or '.join(files)}: {sorted(missing)}"


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_what_is_declared_is_what_is_installed(file: str) -> None:
    for name, version in pins(file).items():
        assert metadata.version(name).split("+")[0] == version, name  # torch's builds add +cpu
