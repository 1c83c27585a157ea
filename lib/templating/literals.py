"""The string constants of a chat template: which ones it can write, and which it only looks for in the messages."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from jinja2 import nodes

from lib.templating.sandbox import environment


@lru_cache(maxsize=64)
def _pattern(controls: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(controls, key=len, reverse=True))) or "(?!)")


def any_of(controls: Sequence[str]) -> re.Pattern[str]:
    """Matches any of the control tokens, the longest first; nothing if there are none."""
    return _pattern(tuple(controls))


def stand_in(text: str, stand_ins: Mapping[str, str]) -> str:
    """`text` with its control tokens replaced."""
    return any_of(tuple(stand_ins)).sub(lambda match: stand_ins[match.group()], text)


# What a template does with a string decides whether it can reach the output: the argument of a method or the operand
# of a comparison is looked for in a message, everything else may be written.
_LOOKING = {
    "split",
    "rsplit",
    "partition",
    "rpartition",
    "startswith",
    "endswith",
    "strip",
    "lstrip",
    "rstrip",
    "find",
    "rfind",
    "index",
    "count",
    "replace",
    "removeprefix",
    "removesuffix",
}


def _literals(node: nodes.Node, written: bool = True) -> Iterable[tuple[nodes.Const | nodes.TemplateData, bool]]:
    """Every constant of a syntax tree, and whether it can be written to the output."""
    if isinstance(node, nodes.TemplateData | nodes.Const):
        yield node, written
        return
    for name, value in node.iter_fields():
        inner = written and not _only_looks(node, name)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, nodes.Node):
                yield from _literals(child, inner)


def _only_looks(node: nodes.Node, name: str) -> bool:
    """Whether what stands in this field of a node is compared or searched for, never written."""
    if isinstance(node, nodes.Call):
        return name != "node" and isinstance(node.node, nodes.Getattr) and node.node.attr in _LOOKING
    if isinstance(node, nodes.Filter):
        return name == "args" and node.name in {"replace", "trim"}
    if isinstance(node, nodes.If | nodes.CondExpr | nodes.For):
        return name == "test"
    if isinstance(node, nodes.Getitem):
        return name == "arg"
    return isinstance(node, nodes.Compare | nodes.Test)


@lru_cache(maxsize=64)
def looked_for(source: str) -> tuple[str, ...]:
    """The strings a template looks for in the messages. The template is one that has been compiled."""
    found = {
        node.value
        for node, written in _literals(environment().parse(source))
        if not written and isinstance(node, nodes.Const) and isinstance(node.value, str) and node.value.strip()
    }
    return tuple(sorted(found, key=len, reverse=True))


class Marker:
    """Replaces control tokens by stand-ins in the literals that a template writes. Hashable, as a cache key."""

    def __init__(self, stand_ins: Mapping[str, str]) -> None:
        self.stand_ins = dict(stand_ins)
        self._key = tuple(stand_ins.items())

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Marker) and self._key == other._key

    def __call__(self, tree: nodes.Template) -> None:
        for node, written in list(_literals(tree)):
            if not written:
                continue
            if isinstance(node, nodes.TemplateData):
                node.data = stand_in(node.data, self.stand_ins)
            elif isinstance(node.value, str):
                node.value = stand_in(node.value, self.stand_ins)
