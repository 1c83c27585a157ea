"""No script of ours makes markup or code of a text: what people type, and what models write, stays text."""

import re
from pathlib import Path

import pytest

UI = Path(__file__).resolve().parents[3] / "lib" / "ui"
SCRIPTS = [*sorted(UI.rglob("*.js")), *sorted(UI.rglob("*.py"))]  # Python files hold the short scripts in strings
MARKUP = re.compile(
    r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|createContextualFragment|srcdoc)\b"
    r"|\bdocument\.write|\bnew Function\b|(?<![.\w])eval\("  # not torch's model.eval() in a shown program
)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(UI).as_posix())
def test_no_script_makes_markup_or_code_of_a_text(path: Path) -> None:
    assert MARKUP.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "box.innerHTML = text",
        "box['outerHTML'] = text",
        "box.insertAdjacentHTML('beforeend', text)",
        "document.writeln(text)",
        "window.onclick = () => eval(text)",
        "const run = new Function(text)",
        "frame.srcdoc = text",
    ],
)
def test_every_way_to_do_it_is_noticed(line: str) -> None:
    assert MARKUP.search(line)


def test_all_scripts_are_looked_at() -> None:
    assert {"token_stream.js", "chart.js", "scroll.py", "browser_storage.py"} <= {path.name for path in SCRIPTS}


def test_no_part_of_the_river_takes_the_place_of_anothers_method() -> None:
    """Its files all add to one class, where a second method of a name would replace the first without a word."""
    files = sorted((UI / "river" / "assets").glob("*.js"))
    parts = [text for path in files if "River" in (text := path.read_text(encoding="utf-8"))]
    method = re.compile(r"^  (?!if\b|for\b|while\b)(\w+)\([^()]*\) \{$", re.MULTILINE)
    methods = [name for part in parts for name in method.findall(part)]
    assert {"ask", "preview", "take", "look"} <= set(methods)
    assert [name for name in set(methods) if methods.count(name) > 1] == []
