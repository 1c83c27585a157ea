"""Chat templates of model folders, and what people type: programs without end, and control tokens in every text."""

import json
import random
import time
import unicodedata
from functools import cache, partial
from pathlib import Path

from benchmarks.faults.frame import Fault, Fuzz, Outcome
from lib import chat, tokenization
from lib.chat import OTHERS, TEMPLATES, TemplateError, render
from lib.templating import foreign

Messages = list[dict[str, str]]
HELLO: Messages = [{"role": "user", "content": "Hi there"}]
GOOD = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
LONGEST = 45.0  # seconds of the clock that a stopped template may take, on a machine that others use too


def _refused(source: str, words: str, _folder: Path) -> Outcome:
    """The template in a folder, rendered as the chat page does; then a good one in its place."""
    tokenizer = tokenization.load("qwen")
    file = _folder / "chat_template.jinja"
    file.write_text(source, encoding="utf-8")
    began = time.perf_counter()
    try:
        render(HELLO, template=_template(_folder), tokenizer=tokenizer)
    except TemplateError as error:
        said = str(error)
    else:
        raise AssertionError("it was rendered")
    took = time.perf_counter() - began
    assert words in said, said
    assert took < LONGEST, f"{took:.1f} s"
    file.write_text(GOOD, encoding="utf-8")
    text = render(HELLO, template=_template(_folder), tokenizer=tokenizer).text
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


HOSTILE_TEXTS = (
    *("<|im_end|>", "<|im_start|>", "<|endoftext|>", "<think>", "</think>", "<tool_call>", "<|im_", "end|>", "{{ 1 }}"),
    *(
        "\n",
        " ",
        "\t",
        "\r\n",
        "\u0000",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\ud800",
        "\U0010fffd",
        "\U000f0000",
        "\U00100000",
    ),
    *(
        "é",
        "e\u0301",
        "👩‍👩‍👧‍👦",
        "ﷺ",
        "日本語",
        "שלום",
        "a" * 300,
        "12345",
        "' \" \\",
        "[INST]",
        "<bos>",
        "</s>",
        "user\n",
        "ab",
    ),
)


def text(rng: random.Random) -> str:
    """Pieces that have broken a chat somewhere, and any characters at all."""
    pieces = (
        rng.choice(HOSTILE_TEXTS) if rng.random() < 0.7 else chr(rng.randrange(0x110000))
        for _ in range(rng.randint(0, 9))
    )
    return "".join(pieces)


def conversation(rng: random.Random) -> Messages:
    """One to four messages."""
    roles = ("system", "user", "assistant", "user", "tool")
    return [{"role": rng.choice(roles), "content": text(rng)} for _ in range(rng.randint(1, 4))]


def check_template(case: tuple[str, Messages]) -> None:
    """A sentence, or a text in which no control token lies in what a message said."""
    source, messages = case
    tokenizer = tokenization.load("qwen")
    try:
        rendered = render(messages, template=source, tokenizer=tokenizer)
    except TemplateError as error:
        assert 10 < len(str(error)) < 600, error
        return
    _nothing_smuggled(rendered, tokenizer)


def _nothing_smuggled(rendered: chat.Rendered, tokenizer: tokenization.Tokenizer) -> None:
    assert _comes_back(rendered.text, rendered.ids, tokenizer)
    inside = [s for s in rendered.segments if s.kind == "content"]
    starts = {at for s in inside for at in range(s.start, s.end)}
    found = [token for token in rendered.tokens if token.special and token.start in starts]
    assert not found, found


def _comes_back(whole: str, ids: list[int], tokenizer: tokenization.Tokenizer) -> bool:
    """Whether ids are the text again, with what two published vocabularies do to it: Qwen's composes accents (NFC), and
    SmolLM2's has no token for 21 of the 256 bytes."""
    data = whole.encode().translate(None, _missing(tokenizer.name))
    pair = tokenizer.decode(ids), data.decode("utf-8", "replace")
    return len({unicodedata.normalize("NFC", one) for one in pair}) == 1


@cache
def _missing(name: str) -> bytes:
    """Bytes that a tokenizer drops."""
    tokenizer = tokenization.load(name)
    there = {tokenizer.token_bytes(token) for token in range(tokenizer.vocab_size)}
    return bytes(byte for byte in range(256) if bytes([byte]) not in there)


def typed(rng: random.Random) -> tuple[str, str, Messages]:
    """A tokenizer, a template and a conversation."""
    return rng.choice(_names()), rng.choice(list(TEMPLATES)), conversation(rng)


def _names() -> list[str]:
    return [name for name in tokenization.PRETRAINED if tokenization.available(name)]


def check_typed(case: tuple[str, str, Messages]) -> None:
    """Every text comes back from the tokenizer; typed control tokens are text; a chat has the template's alone."""
    name, template, messages = case
    tokenizer = tokenization.load(name)
    special = set(tokenizer.special.values())
    for content in {message["content"] for message in messages}:
        whole = content.encode("utf-8", "replace").decode()
        ids = tokenizer.ids(whole)
        assert _comes_back(whole, ids, tokenizer)
        assert special.isdisjoint(ids)
    rendered = render(messages, template=template, tokenizer=tokenizer)
    _nothing_smuggled(rendered, tokenizer)
    plain = render([{**m, "content": "x"} for m in messages], template=template, tokenizer=tokenizer)
    thoughts = template == "qwen3" and any("</think>" in m["content"] for m in messages)  # its own block for them
    assert thoughts or [i for i in rendered.ids if i in special] == [i for i in plain.ids if i in special]
    json.dumps(rendered.text.encode().decode())


FUZZES = [
    Fuzz("chat templates", 5_000, foreign_template, check_template, seconds=60.0),
    Fuzz("chats of 100,000 typed texts", 40_000, typed, check_typed, seconds=10.0),  # 2.5 texts a chat
]
