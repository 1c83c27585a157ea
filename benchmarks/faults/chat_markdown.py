"""Hostile Markdown: what a model could write to reach out of its reply, and what the page makes of it."""

import random
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

from benchmarks.faults.frame import Fault, Fuzz, Outcome
from lib.chat.markdown import as_html

HOST = "127.0.0.1:9"  # where images and scripts of the documents are; a test puts its own server there
_ALLOWED = {
    "a": {"href", "target"},
    "button": {"type", "class"},
    "div": {"class"},
    "ol": {"start"},
    "p": {"class"},
    "span": {"class"},
    "th": {"style"},
    "td": {"style"},
}
_BARE = ("blockquote", "br", "code", "em", "hr", "li", "pre", "s", "strong", "table", "tbody", "thead", "tr", "ul")
_ALLOWED |= {tag: set[str]() for tag in (*_BARE, *(f"h{level}" for level in range(1, 7)))}
_HOSTILE = [
    "![x](http://HOST/N)",
    "![x](<http://HOST/N>)",
    "![x][r]\n\n[r]: http://HOST/N",
    "[![x](http://HOST/N)](http://HOST/N)",
    "![`](http://HOST/N)`",
    "<img src=http://HOST/N>",
    "<img src=x onerror=fetch('http://HOST/N')>",
    "<svg onload=fetch('http://HOST/N')>",
    "<style>@import 'http://HOST/N';</style>",
    "<iframe src=http://HOST/N></iframe>",
    "<!-- -->",
    "<link rel=stylesheet href=http://HOST/N>",
    "</code></pre></p><img src=http://HOST/N>",
    "&lt;img src=http://HOST/N&gt;",
    '" onmouseover=fetch("http://HOST/N") "',
    "[x](javascript:fetch('http://HOST/N'))",
    "[x](data:text/html,<script>fetch('http://HOST/N')</script>)",
    "<javascript:alert(1)>",
    "<http://HOST/N>",
    "http://HOST/N:x?a=1&b=2",
    "[http://good.org](http://HOST/N)",
    "[x](http://good.org@HOST/N)",
    "$$\\includegraphics{http://HOST/N}$$",
    "$x$",
    ":red[x]",
    ":material/home:",
    "[^1]\n\n[^1]: note",
    "- [ ] task",
    "\r![x](http://HOST/N)\r",
    "\\![x](http://HOST/N)",
]
_PLAIN = ["word", "two words", "naïve 🚀", "5 < 6 & 7", "`", "``", "~~~", "\\", "[", "](", "*", "_", "|", "\t"]
_SPOILT = ["`", "\n", "", "```", "<", ">", "\\", "    ", "\r", "&", "](", "\0"]


def document(rng: random.Random, depth: int = 0) -> str:
    """Blocks inside blocks, with something hostile in most of them; now and then a few characters are spoilt."""
    text = "\n\n".join(_block(rng, depth) for _ in range(rng.randint(1, 4 if depth == 0 else 2)))
    if depth == 0:
        for _ in range(rng.choice((0, 0, 1, 3, 8))):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(_SPOILT) + text[at + 1 :]
        text = text.replace("HOST", HOST).replace("/N", f"/{rng.randrange(10**6)}")
    return text


def _block(rng: random.Random, depth: int) -> str:
    wrap = rng.choice(_WRAPS)
    inner = document(rng, depth + 1) if depth < 4 and rng.random() < 0.5 else _inline(rng)
    return wrap(inner, rng)


def _inline(rng: random.Random) -> str:
    parts = [rng.choice(_HOSTILE if rng.random() < 0.6 else _PLAIN) for _ in range(rng.randint(1, 4))]
    marks = rng.choice(["", "", "*", "**", "`", "``", "~~", "_", "***`"])
    return marks + rng.choice(["", " ", "\n"]).join(parts) + rng.choice([marks, marks, ""])


def _before(text: str, first: str, then: str) -> str:
    return first + text.replace("\n", "\n" + then)


_WRAPS: list[Callable[[str, random.Random], str]] = [
    lambda text, rng: text,
    lambda text, rng: _before(text, "> ", rng.choice(["> ", ""])),
    lambda text, rng: _before(text, "- ", "  "),
    lambda text, rng: _before(text, "12. ", "    "),
    lambda text, rng: _before(text, "    ", "    "),
    lambda text, rng: rng.choice(["# ", "###### "]) + text,
    lambda text, rng: text + "\n" + rng.choice(["===", "---"]),
    lambda text, rng: f"{rng.choice(['```', '~~~', '````'])}py\n{text}\n{rng.choice(['```', '~~~', '````', '', '``'])}",
    lambda text, rng: f"| a | {text} |\n|---|:-:|\n| {text} | b |",
    lambda text, rng: f"[{text}](http://HOST/N 'title')",
]


class _Reader(HTMLParser):
    """Reads HTML as a browser does, and notes what is not allowed in a reply."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"<{tag} {name}={value!r}>" for name, value in attrs if not _may(tag, name, value or "")]
        if tag not in _ALLOWED or (tag == "a" and "a" in self.open):
            self.found.append(f"<{tag}>")
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.found.append(f"</{tag}> closes something else")

    def handle_comment(self, data: str) -> None:
        self.found.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"<?{data}>")


def _may(tag: str, name: str, value: str) -> bool:
    return name in _ALLOWED.get(tag, ()) and bool(
        re.fullmatch(
            {
                "href": r"https?://[a-z0-9.-]+(:\d+)?([/?#][!-~]*)?",
                "style": "text-align:(left|center|right)",
                "class": "pg-[a-z-]+",
                "start": r"\d{1,9}",
                "target": "_blank",
                "type": "button",
            }[name],
            value,
        )
    )


def problems_of(text: str) -> list[str]:
    """What stands in the HTML of a reply that must not."""
    html = as_html(text)
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found + [f"left open: {tag}" for tag in reader.open] + ["a second line"] * ("\n" in html)


def _check(text: str) -> None:
    found = problems_of(text)
    assert not found, found


# What left an image alive, or ran a formula, while Markdown was made harmless by patterns.
_FORMS = {
    "A code span that a fence in a list ends": "- ```\n`\n- ```\n![x](http://HOST/N)`",
    "A heading inside a code span": "`a\n# ![x](http://HOST/N) `",
    "A carriage return between back-ticks": "`a\r\r![x](http://HOST/N)`",
    "A fence that a quote ends": "> ```\n![x](http://HOST/N)",
    "A formula between code spans": "`` ` $$x$$ ` ``$$y$$",
}


def _harmless(form: str) -> Callable[[Path], Outcome]:
    def provoke(folder: Path) -> Outcome:
        text = form.replace("HOST", HOST).replace("/N", "/1")
        assert problems_of(text) == []
        words = re.sub(r"<button.*?</button>|<[^>]+>", " ", as_html(text))
        assert "x" in words and ("http://127.0.0.1:9/1" in words or "$$y$$" in words), words
        return Outcome(
            " ".join(words.split()), "every letter, as it was written", "not needed: nothing was fetched or run"
        )

    return provoke


FAULTS = [Fault("Chat", name, _harmless(form)) for name, form in _FORMS.items()]
FUZZES = [Fuzz("Markdown of replies", 60_000, document, _check)]
