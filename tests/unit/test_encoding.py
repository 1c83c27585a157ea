"""Text files are UTF-8 on every machine: none is read or written in whatever the locale says (C, an old Windows)."""

import ast

import pytest

from tests.unit.test_layers import ROOT


@pytest.mark.parametrize("folder", ["lib", "pages", "benchmarks"])
def test_every_text_says_how_it_is_encoded(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") in {"read_text", "write_text"}
        and "encoding" not in {keyword.arg for keyword in node.keywords}
    ]
    assert not found, found
