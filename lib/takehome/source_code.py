"""Functions of this app as text, for notebooks that show them as they are: files are read, not imported."""

import ast
from collections.abc import Sequence
from pathlib import Path

from lib.training import world

_ROOM = Path(world.__file__).parent


def copied_code(file: str, names: Sequence[str]) -> list[str]:
    """Functions and constants of a file of `lib/training`, as they stand there; it is read, not imported."""
    text = (_ROOM / file).read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for node in ast.parse(text).body:
        name = (
            node.name
            if isinstance(node, ast.FunctionDef)
            else node.targets[0].id
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            else ""
        )
        found[name] = ast.get_source_segment(text, node) or ""
    return [found[name] for name in names]


def imports_in(file: str) -> str:
    """What a file of `lib/training` imports from elsewhere."""
    text = (_ROOM / file).read_text(encoding="utf-8")
    nodes = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
    lines = [ast.get_source_segment(text, node) or "" for node in nodes]
    return "\n".join(line for line in lines if not line.startswith("from lib"))
