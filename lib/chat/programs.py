"""A chat template as a function from messages to text: ours at once, a model folder's in a process with bounds."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from lib.chat.templates import OTHERS, TEMPLATES
from lib.templating import foreign, literals
from lib.templating.sandbox import compiled, run

Program = Callable[[Sequence[Mapping[str, Any]], Mapping[str, Any]], str]


@lru_cache(maxsize=1)
def _ours() -> frozenset[str]:
    return frozenset(template.source for template in (*TEMPLATES.values(), *OTHERS.values()))


def program(source: str, stand_ins: Mapping[str, str] | None = None) -> Program:
    """The template; with `stand_ins` in place of these strings in what it writes. It raises TemplateError."""
    if source in _ours():
        template = compiled(source, literals.Marker(stand_ins) if stand_ins else None)
        return lambda messages, variables: run(template, messages, variables)
    return lambda messages, variables: foreign.render(source, messages, variables, stand_ins or {})


def looked_for(source: str) -> tuple[str, ...]:
    """The strings a template looks for in the messages. Raises TemplateError."""
    return literals.looked_for(source) if source in _ours() else foreign.looked_for(source)
