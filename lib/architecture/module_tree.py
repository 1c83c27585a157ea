"""The module tree as PyTorch prints it, but readable: blocks of one shape folded, parameters beside each module.

Works on any torch module (built on the meta device by `lib.architecture.meta_module`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any


@dataclass(frozen=True)
class ModuleNode:
    """A module, or several of one shape in a row (`times` > 1; `params` is of one)."""

    depth: int
    name: str  # "wte", or "0-11" for folded ones
    kind: str  # class name
    extra: str  # what PyTorch prints in the brackets: sizes
    params: int  # own and below, a shared tensor counted where it first appears
    times: int
    last: tuple[bool, ...]  # for each level: is this branch the last of its parent?


def tree(model: Any) -> list[ModuleNode]:
    """The folded tree from the root, depth first."""
    return list(_visit(model, "model", 0, 1, (), {}))


def _visit(  # noqa: PLR0917
    module: Any, name: str, depth: int, times: int, last: tuple[bool, ...], seen: dict[int, str]
) -> Iterator[ModuleNode]:
    direct = {id(p): p.numel() for p in module.parameters() if id(p) not in seen}
    yield ModuleNode(depth, name, type(module).__name__, _extra(module, seen), sum(direct.values()), times, last)
    groups = [(first, list(members)) for first, members in groupby(module.named_children(), key=_signature)]
    for index, (_, members) in enumerate(groups):
        label = members[0][0] if len(members) == 1 else f"{members[0][0]}–{members[-1][0]}"
        yield from _visit(members[0][1], label, depth + 1, len(members), (*last, index == len(groups) - 1), seen)
        for child, member in members:
            for p in member.parameters():
                seen.setdefault(id(p), child)
    seen |= {key: name for key in direct if key not in seen}


def _extra(module: Any, seen: dict[int, str]) -> str:
    """What PyTorch prints in the brackets, and what it does not: Conv1D's sizes, and whose weights a tied head uses."""
    weight = getattr(module, "weight", None)
    text = str(module.extra_repr())
    if not text and weight is not None:
        text = f"in {weight.shape[0]}, out {weight.shape[-1]}" if weight.ndim == 2 else str(tuple(weight.shape))
    text = text.replace(", elementwise_affine=True", "").replace(", inplace=False", "")
    return f"{text}, weight = {seen[id(weight)]}.weight" if id(weight) in seen else text


def _signature(item: tuple[str, Any]) -> object:
    """Numbered children fold when they print the same; named children never do."""
    name, module = item
    return str(module) if name.isdigit() else name


def render(nodes: list[ModuleNode]) -> str:
    """The tree as text, parameters in a column on its left."""
    counts = [f"{node.params:,}{' each' if node.times > 1 else ''}" if node.params else "" for node in nodes]
    width = max(map(len, counts))
    lines = []
    for node, count in zip(nodes, counts, strict=True):
        stem = "".join("   " if end else "│  " for end in node.last[:-1])
        branch = ("└─ " if node.last[-1] else "├─ ") if node.last else ""
        extra = f"({node.extra})" if node.extra else ""
        fold = f"  × {node.times} of one shape" if node.times > 1 else ""
        lines.append(f"{count:>{width}}   {stem}{branch}{node.name}: {node.kind}{extra}{fold}")
    return "\n".join(lines)
