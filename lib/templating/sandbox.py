"""A chat template is a small program in Jinja: compile and run it as `transformers` does, in a sandbox.

Templates come with model folders, so they are foreign code: the sandbox gives them no access to Python's internals and
no way to change what they are given. It does not keep them from computing without end: `lib.templating.foreign` does.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import jinja2
import jinja2.ext
from jinja2 import nodes
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from lib.errors import PlaygroundError


class TemplateError(PlaygroundError):
    """A chat template that cannot be read, or that refuses the conversation."""


class _Generation(jinja2.ext.Extension):
    """`{% generation %} … {% endgeneration %}` marks replies for training; rendered as its body."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 reads a plain set)

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Namespace(jinja2.utils.Namespace):  # type: ignore[name-defined]
    """Jinja's namespace, without underscored attributes."""

    def __init__(*args: Any, **kwargs: Any) -> None:
        self, *rest = args
        values = dict(*rest, **kwargs)
        if any(str(name).startswith("_") for name in values):
            raise jinja2.exceptions.SecurityError("A chat template may not use underscored names.")
        jinja2.utils.Namespace.__init__(self, values)

    def __setitem__(self, name: str, value: Any) -> None:
        if str(name).startswith("_"):
            raise jinja2.exceptions.SecurityError("A chat template may not use underscored names.")
        jinja2.utils.Namespace.__setitem__(self, name, value)


def _refuse(message: str) -> None:
    raise jinja2.exceptions.TemplateError(message)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


@lru_cache(maxsize=1)
def environment() -> ImmutableSandboxedEnvironment:
    """The Jinja environment in which `transformers` runs chat templates: same whitespace rules, names and filters."""
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, "jinja2.ext.loopcontrols"]
    )
    env.filters["tojson"] = _to_json
    env.globals.update(
        raise_exception=_refuse, strftime_now=lambda form: datetime.now().strftime(form), namespace=_Namespace
    )
    return env


@lru_cache(maxsize=64)
def compiled(source: str, rewrite: Callable[[nodes.Template], None] | None = None) -> jinja2.Template:
    """The template as a program; `rewrite` may change its syntax tree first. Raises TemplateError on bad Jinja."""
    env = environment()
    try:
        tree = env.parse(source)
        if rewrite is not None:
            rewrite(tree)
        return jinja2.Template.from_code(env, env.compile(tree), env.make_globals(None))
    except jinja2.exceptions.TemplateSyntaxError as error:
        raise TemplateError(
            f"This chat template is not valid Jinja (line {error.lineno}): {_reason(error.message)}"
        ) from error
    except MemoryError:
        raise
    except RecursionError as error:
        raise TemplateError("This chat template is nested too deeply to be made a program.") from error
    except Exception as error:  # what can be computed before it runs is, and Python reads 20 loops in one another
        raise TemplateError(f"This chat template cannot be made a program: {_reason(error)}") from error


def run(template: jinja2.Template, messages: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]) -> str:
    """The text a template makes of `messages`. Raises TemplateError when the template refuses or fails."""
    try:
        given = {"tools": None, "documents": None, **variables, "messages": [dict(message) for message in messages]}
        text = template.render(given)
        text.encode()  # half characters, which no tokenizer and no page takes
        return text
    except MemoryError:
        raise
    except Exception as error:  # a program of somebody else fails in any way it likes
        raise TemplateError(f"The chat template does not accept this conversation: {_reason(error)}") from error


def _reason(error: object) -> str:
    """What an error says, in a line of a page."""
    if isinstance(error, RecursionError):
        return "it calls itself without end"
    if isinstance(error, UnicodeEncodeError):
        return "it writes half a character"
    text = str(error).encode("utf-8", "replace").decode()
    if isinstance(error, KeyError | IndexError):
        return f"it asks for {text[:200]}, which is not there"
    return (text if len(text) <= 300 else f"{text[:300]}…") or type(error).__name__
