"""The arrows of the design: pages -> ui -> figures -> the rest; only lib.ui imports streamlit."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("tokenization", "models", "engine", "anatomy", "chat", "figures", "ui")
ALLOWED = {
    "tokenization": {"tokenization"},
    "models": {"models", "tokenization"},
    "engine": {"engine", "models", "tokenization"},
    "anatomy": {"anatomy", "models"},
    "chat": {"chat", "tokenization", "models"},
    "figures": {"figures", "tokenization", "models", "engine", "anatomy", "chat"},
    "ui": set(ROOMS),
}


def imported(path: Path) -> set[str]:
    """Absolute module names that a file imports anywhere, `from lib import x` as lib.x."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names |= {f"lib.{alias.name}" for alias in node.names} if module == "lib" else {module}
    return names


@pytest.mark.parametrize("path", sorted((ROOT / "lib").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    room = path.relative_to(ROOT / "lib").parts[0]
    names = imported(path)
    if room != "ui":
        assert not any(name.split(".")[0] == "streamlit" for name in names)
    rooms = {name.split(".")[1] for name in names if name.startswith("lib.") and name.split(".")[1] in ROOMS}
    assert rooms <= ALLOWED.get(room, set())


@pytest.mark.parametrize("path", [*ROOT.glob("Home.py"), *sorted((ROOT / "pages").glob("*.py"))], ids=lambda p: p.name)
def test_pages_hold_no_machinery(path: Path) -> None:
    assert not {n.split(".")[0] for n in imported(path)} & {"torch", "transformers", "tokenizers", "tiktoken"}


def test_tokenization_needs_no_torch() -> None:
    for path in (ROOT / "lib" / "tokenization").rglob("*.py"):
        assert not {n.split(".")[0] for n in imported(path)} & {"torch", "transformers"}
