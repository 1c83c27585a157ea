"""The documents are true: files they name exist, functions they name are there, reading paths are as short as said."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ARCHITECTURE = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
LONGEST = {"Next Token, from prompt to chart": 10, "A chat turn": 18, "A Run on Decoding": 14}
_FILE = re.compile(r"(?:lib|pages|tests|docs|benchmarks)/[\w./-]*\w|\b(?:Home\.py|README\.md|requirements[\w-]*\.txt)")
_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def reading_path(title: str) -> list[str]:
    """The files of one numbered list of ARCHITECTURE.md, in order."""
    section = ARCHITECTURE.split(f"### {title}\n")[1].split("\n#")[0]
    return re.findall(r"^\d+\. `([^`]+)`: \S", section, re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_is_named_exists(document: Path) -> None:
    prose = _FENCED.sub("", document.read_text(encoding="utf-8"))
    named = {name for quoted in re.findall(r"`([^`\n]+)`", prose) for name in _FILE.findall(quoted)}
    assert named
    new = set(re.findall(r"[Aa] new file,? `([^`]+)`", prose))  # what a worked example adds
    assert not {name for name in named - new if not (ROOT / name).exists()}


@pytest.mark.parametrize("title", LONGEST)
def test_a_reading_path_is_short_and_numbered(title: str) -> None:
    files = reading_path(title)
    assert 0 < len(files) <= LONGEST[title] and len(set(files)) == len(files)
    assert all((ROOT / file).is_file() for file in files)


def test_functions_at_the_border_are_where_the_table_says() -> None:
    rows = re.findall(r"^\| [^|]+ \| `(\w+)` \| `(lib/[^`]+\.py)` \|$", ARCHITECTURE, re.MULTILINE)
    assert len(rows) > 15
    for function, file in rows:
        defined = {
            node.name for node in ast.walk(ast.parse((ROOT / file).read_text())) if isinstance(node, ast.FunctionDef)
        }
        assert function in defined, f"{file} has no {function}"
