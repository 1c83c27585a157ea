"""The arrows of docs/ARCHITECTURE.md: who may import whom, and that nobody imports in a circle."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")


def table_of_arrows() -> dict[str, set[str]]:
    """Room -> rooms that it may import, besides itself and the files that belong to no room."""
    rows = re.findall(r"^\| `(\w+)` \| (nothing|(?:`\w+`(?:, )?)+) \|", DOCUMENT, re.MULTILINE)
    return {room: set(re.findall(r"`(\w+)`", others)) for room, others in rows}


ALLOWED = table_of_arrows()
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


def test_the_picture_shows_the_same_arrows_as_the_table() -> None:
    """The picture leaves out what follows from other arrows; the table has every one."""
    picture = re.search(r"```mermaid\n(.*?)```", DOCUMENT, re.DOTALL)
    assert picture is not None
    arrows: dict[str, set[str]] = {room: set() for room in ALLOWED}
    for start, end in re.findall(r"^ +(\w+) --> (\w+)$", picture[1], re.MULTILINE):
        arrows[start].add(end)
    assert all(ends <= ALLOWED[start] for start, ends in arrows.items())
    assert {room: below(room, arrows) for room in arrows} == {room: below(room, ALLOWED) for room in ALLOWED}


def below(room: str, arrows: dict[str, set[str]]) -> set[str]:
    """Every room that arrows lead to."""
    return arrows[room].union(*(below(other, arrows) for other in arrows[room]))


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


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_function_hides_the_module_that_it_is_in(path: Path) -> None:
    """`from lib.x import y` is the module lib/x/y.py wherever there is one, and no function in it is called y too.

    `lib.settings` is excepted: its function is asked for all over the app, and nobody imports the module (next test).
    """
    modules = {named(other) for other in FILES}
    if path.name == "__init__.py":  # what a package gathers
        bound = {
            (alias.asname or alias.name, f"{node.module}.{alias.name}")
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert not {name for name, origin in bound if f"{named(path)}.{name}" in modules - {origin}}
    elif named(path) != "lib.settings":
        defined = {n.name for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        assert path.stem not in defined


def test_the_settings_module_is_never_imported_itself() -> None:
    itself = re.compile(r"^ *(from lib import .*\bsettings\b|import lib\.settings)", re.MULTILINE)
    assert not [path for path in FILES if itself.search(path.read_text())]


@pytest.mark.parametrize("path", [p for p in FILES if p.is_relative_to(ROOT / "lib" / "ui")], ids=lambda p: p.stem)
def test_caches_of_pages_are_bounded(path: Path) -> None:
    """A Streamlit cache that depends on arguments says how many answers it keeps."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and (node.args.args or node.args.kwonlyargs):
            for decorator in node.decorator_list:
                if ast.unparse(decorator).startswith("st.cache_"):
                    assert isinstance(decorator, ast.Call), f"{node.name}: no bound"
                    assert "max_entries" in {keyword.arg for keyword in decorator.keywords}, node.name
