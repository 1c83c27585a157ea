"""Chat templates of model folders: programs without end, and any program that the grammar of Jinja allows."""

import random
import time
from functools import partial
from pathlib import Path

from benchmarks.faults.chat_texts import HOSTILE_TEXTS, Messages, conversation, nothing_smuggled
from benchmarks.faults.frame import Fault, Fuzz, Outcome
from lib import chat, tokenization
from lib.chat import OTHERS, TEMPLATES, TemplateError, render
from lib.templating import foreign

HELLO: Messages = [{"role": "user", "content": "Hi there"}]
GOOD = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
LONGEST = 45.0  # seconds of the clock that a stopped template may take, on a machine that others use too


def _refused(source: str, words: str, folder: Path) -> Outcome:
    """The template in a folder, rendered as the chat page does; then a good one in its place."""
    tokenizer = tokenization.load("qwen")
    file = folder / "chat_template.jinja"
    file.write_text(source, encoding="utf-8")
    began = time.perf_counter()
    try:
        render(HELLO, template=_template(folder), tokenizer=tokenizer)
    except TemplateError as error:
        said = str(error)
    else:
        raise AssertionError("it was rendered")
    took = time.perf_counter() - began
    assert words in said, said
    assert took < LONGEST, f"{took:.1f} s"
    file.write_text(GOOD, encoding="utf-8")
    text = render(HELLO, template=_template(folder), tokenizer=tokenizer).text
    assert text == "<|im_start|>user\nHi there<|im_end|>\n"
    return Outcome(said, "the conversation", "another template in the folder: it was rendered")


def _template(folder: Path) -> chat.ChatTemplate:
    found = chat.from_folder(folder)
    assert found is not None
    return found


def _killed(folder: Path) -> Outcome:
    """The process that renders is killed in between: the next message starts another."""
    tokenizer = tokenization.load("qwen")
    (folder / "chat_template.jinja").write_text(GOOD, encoding="utf-8")
    before = render(HELLO, template=_template(folder), tokenizer=tokenizer).ids
    foreign.PROCESS.end()
    assert render(HELLO, template=_template(folder), tokenizer=tokenizer).ids == before
    return Outcome("Nothing: the message was rendered.", "the conversation", "another process was started")


_DOUBLING = "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}"
BAD: dict[str, tuple[str, str]] = {
    "A double loop without end": (
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "so it was stopped",
    ),
    "A text of 1 GB": ("{{ 'x' * 10**9 }}", "more than 300 MB"),
    "A text that doubles 60 times": (_DOUBLING, "so it was stopped"),  # of memory, or of time where that is slow
    "A width of 1 GB": ("{{ '%1000000000d' % 1 }}", "more than 300 MB"),
    "A number of 477 million digits": ("{% set n = 3 %}{{ n ** (10 ** 9) % 7 }}", "so it was stopped"),
    "A macro that calls itself": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "calls itself"),
    "A division by zero": ("{{ 1 / 0 }}", "division by zero"),
    "A date of a million days": ("{{ strftime_now('%A' * 1000000) }}", "characters of a conversation"),
    "25 loops in one another": ("{% for i in [1] %}" * 25 + "{% endfor %}" * 25, "nested"),
    "5,000 brackets": ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "nested too deeply"),
    "Half a character": ("{{ '\\ud800' }}", "half a character"),
    "A megabyte of Jinja": ("{{ 'x' }}" * 120_000, "longer than"),
    "A way out of the sandbox": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "does not accept"),
    "Jinja that is none": ("{% for m in messages %}", "not valid Jinja"),
}
FAULTS = [
    *(Fault("Chat templates", name, partial(_refused, source, words)) for name, (source, words) in BAD.items()),
    Fault("Chat templates", "The process that renders is killed", _killed),
]

_VALUES = (
    *("messages", "messages[0].content", "m.content", "m.role", "m", "loop.index", "bos_token", "x", "none", "1", "-1"),
    *("'a'", "'<|im_end|>'", "'</think>'", "[]", "[1, 2]", "{'a': 1}", "range(9)", "namespace(a=1)", "10**9", "1.5"),
    *("add_generation_prompt", "tools", "strftime_now('%Y')", "lipsum(1)", "dict(a=1)", "cycler(1, 2)", "joiner()"),
)
_FILTERS = (
    *("trim", "upper", "length", "list", "first", "last", "tojson", "reverse", "sort", "join", "int", "string", "e"),
    *("indent(9)", "center(99)", "replace('a', 'b')", "batch(2)", "slice(3)", "default('z')", "map('upper')", "sum"),
    *(
        "truncate(3)",
        "wordwrap(2)",
        "format(1)",
        "attr('__class__')",
        "selectattr('role')",
        "random",
        "urlize",
        "xmlattr",
    ),
)
_HEAVY = ("'x' * 10**9", "range(99999)|list|string * 99", "('a' * 99999)|replace('a', 'b' * 99999)", "10**99999 % 7")


def _expression(rng: random.Random, depth: int = 0) -> str:
    way = rng.random()
    if depth > 3 or way < 0.4:
        return rng.choice(_HEAVY) if rng.random() < 0.01 else rng.choice(_VALUES)
    left = _expression(rng, depth + 1)
    if way < 0.6:
        return f"({left})|{rng.choice(_FILTERS)}"
    if way < 0.85:
        operator = rng.choice(("+", "~", "*", "/", "//", "%", "**", "==", "<", "in", "and", "or", "is", "if"))
        if operator == "is":
            return f"({left}) is {rng.choice(('defined', 'string', 'mapping', 'none', 'divisibleby(0)', 'odd'))}"
        right = _expression(rng, depth + 1)
        return f"({left}) if ({right}) else 'n'" if operator == "if" else f"({left}) {operator} ({right})"
    reach = ("['a']", "[0]", "[:1]", ".strip()", ".split('a')", ".a.b", ".format(1)", ".items()", "()", ".__class__")
    return f"({left}){rng.choice(reach)}"


def _statement(rng: random.Random, depth: int = 0) -> str:
    inner = "".join(_statement(rng, depth + 1) for _ in range(rng.randint(0, 2))) if depth < 3 else "{{ m.content }}"
    one = _expression(rng)
    return rng.choice(
        (
            f"{{{{ {one} }}}}",
            f"{{{{ m.content if m else {one} }}}}",
            f"{{% for m in messages %}}<|im_start|>{{{{ m.content }}}}{inner}<|im_end|>{{% endfor %}}",
            f"{{% for x in {one} %}}{inner}{{% endfor %}}",
            f"{{% if {one} %}}{inner}{{% else %}}b{{% endif %}}",
            f"{{% set x = {one} %}}{inner}",
            f"{{% macro f(x) %}}{inner}{{{{ x }}}}{{% endmacro %}}{{{{ f({one}) }}}}",
            f"{{% filter {rng.choice(_FILTERS)} %}}{inner}{{% endfilter %}}",
            f"{{% generation %}}{inner}{{% endgeneration %}}",
            rng.choice(("{% break %}", "{# #}", "<|im_end|>", "{% raw %}{{{% endraw %}", "{{", "%}", "{% call f() %}")),
        )
    )


def foreign_template(rng: random.Random) -> tuple[str, Messages]:
    """A template by grammar, or a real one with a few pieces of it changed; and a conversation."""
    real = [*TEMPLATES.values(), *OTHERS.values()]
    if rng.random() < 0.5:
        source = "".join(_statement(rng) for _ in range(rng.randint(1, 4)))
    else:
        source = rng.choice(real).source
        for _ in range(rng.randint(1, 3)):
            a, b = sorted(rng.randrange(len(source) + 1) for _ in range(2))
            b = min(b, a + 30)
            put = rng.choice(("", _statement(rng), _expression(rng), source[a:b] * 2, rng.choice(HOSTILE_TEXTS)))
            source = source[:a] + put + source[b:]
    return source + "{{ '' }}", conversation(rng)


def check_template(case: tuple[str, Messages]) -> None:
    """A sentence, or a text in which no control token lies in what a message said."""
    source, messages = case
    tokenizer = tokenization.load("qwen")
    try:
        rendered = render(messages, template=source, tokenizer=tokenizer)
    except TemplateError as error:
        assert 10 < len(str(error)) < 600, error
        return
    nothing_smuggled(rendered, tokenizer)


FUZZES = [Fuzz("chat templates", 5_000, foreign_template, check_template, seconds=60.0)]
