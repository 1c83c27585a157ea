"""The arrows of docs/ARCHITECTURE.md: who may import whom, and that nobody imports in a circle."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {  # besides itself, lib.errors, lib.settings and lib.text_format
    "tokenization": set(),
    "models": {"tokenization"},
    "engine": {"models", "tokenization"},
    "architecture": {"models"},
    "chat": {"tokenization", "models"},
    "decoding": {"engine", "models"},
    "generation": {"decoding", "engine", "tokenization"},
    "figures": {"tokenization", "models", "engine", "architecture", "chat", "decoding"},
    "ui": {"tokenization", "models", "engine", "architecture", "chat", "decoding", "generation", "figures"},
}
FILES = sorted((ROOT / "lib").rglob("*.py"))


@cache
def imported(path: Path, *, at_once: bool = False) -> frozenset[str]:
    """Absolute names that a file imports anywhere, or `at_once` when it is imported itself.

    `from lib.x import y` counts as lib.x and lib.x.y: y may be a module.
    """
    names: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in tree.body if at_once else ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def named(path: Path) -> str:
    """A file's module name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    room = path.relative_to(ROOT / "lib").parts[0]
    names = imported(path)
    if room != "ui":
        assert not any(name.split(".")[0] == "streamlit" for name in names)
    if room != "figures":
        assert not any(name.split(".")[0] == "plotly" for name in names)
    rooms = {name.split(".")[1] for name in names if name.startswith("lib.")} & ALLOWED.keys()
    assert rooms <= ALLOWED.get(room, set()) | {room}


def test_no_room_is_missing_in_the_arrows() -> None:
    assert {path.name for path in (ROOT / "lib").iterdir() if (path / "__init__.py").is_file()} == set(ALLOWED)


def test_nobody_imports_in_a_circle() -> None:
    modules = {named(path): path for path in FILES}
    left = {  # a package that gathers its files is imported by none of them
        name: {
            other
            for other in imported(path, at_once=True)
            if other in modules and other != name and not name.startswith(f"{other}.")
        }
        for name, path in modules.items()
    }
    while done := [name for name, others in left.items() if not others & left.keys()]:
        for name in done:
            del left[name]
    assert not left, f"in circles: {sorted(left)}"


@pytest.mark.parametrize("path", [*ROOT.glob("Home.py"), *sorted((ROOT / "pages").glob("*.py"))], ids=lambda p: p.name)
def test_pages_hold_no_machinery(path: Path) -> None:
    assert not {n.split(".")[0] for n in imported(path)} & {"torch", "transformers", "tokenizers", "tiktoken"}


def test_tokenization_needs_no_torch() -> None:
    for path in (ROOT / "lib" / "tokenization").rglob("*.py"):
        assert not {n.split(".")[0] for n in imported(path)} & {"torch", "transformers"}
