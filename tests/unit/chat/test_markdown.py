"""A model's Markdown as HTML of our own: its structure, its letters, and nothing else that a browser would act on."""

import random
from html.parser import HTMLParser

import pytest

from benchmarks.faults.chat_markdown import document, problems_of
from lib.chat.markdown import MAX_BRACKETS, MAX_CHARS, as_code, as_html
from lib.chat.web_links import web_link


def inside(text: str) -> str:
    return as_html(text).removeprefix('<div class="pg-reply">').removesuffix("</div>")


@pytest.mark.parametrize(
    "text",
    [
        "$a$, $$b$$, \\(c\\) and $5 or $6",
        ":red[x] :blue-background[y] :material/home: :smile: :streamlit:",
        "a <- b, b -> c, d -- e, f <= g, h >= i",
        "<script>alert(1)</script>",
        "<b>bold</b> &<x>",
        "![x](http://a.org/i.png)",
        "`never closed $x$",
        "[a]: http:b",
        "[x](javascript:alert(1)) and [x](data:text/html;base64,AAAA)",
        "[x](//a.org) and [x](/Chat?chat=1) and [x](#result) and [x](mailto:a@b.org)",
        "<javascript:alert(1)>",
        "http://a.org@b.org http://2130706433/ http://a_b.org",
        "[x](http://[::1]/) and [x](http://0x7f.1/) and [x](http://a.org@b.org/)",
    ],
)
def test_what_is_not_allowed_stays_as_it_was_written(text: str) -> None:
    words = Words()
    words.feed(as_html(text))
    assert words.tags == ["div", "p"] and words.text == text.replace("\\(", "(").replace("\\)", ")")


class Words(HTMLParser):
    """The tags and the text of some HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("An old pond\nA frog\n\nSplash", "<p>An old pond<br>A frog</p><p>Splash</p>"),
        ("# A\n> b", "<h1>A</h1><blockquote><p>b</p></blockquote>"),
        ("3. a\n   - b\n4. c", '<ol start="3"><li>a<ul><li>b</li></ul></li><li>c</li></ol>'),
        ("**a** *b* ~~c~~ `<d>`", "<p><strong>a</strong> <em>b</em> <s>c</s> <code>&lt;d&gt;</code></p>"),
        ("[a](http://b.c)", '<p><a href="http://b.c" target="_blank">a</a><span class="pg-host"> (b.c)</span></p>'),
        ("http://b.org/c:x?d&e.", '<p><a href="http://b.org/c:x?d&amp;e" target="_blank">http://b.org/c:x?d&amp;e</a>.</p>'),
        ("<http://b.org>", '<p><a href="http://b.org" target="_blank">http://b.org</a></p>'),
        ("", ""),
    ],
)  # fmt: skip
def test_structure_is_kept(text: str, html: str) -> None:
    assert inside(text) == html


def test_code_is_letters_in_one_line_of_html() -> None:
    assert "<pre><code>&lt;a&gt; $x$&#10;&#10;  ![b](c)</code></pre>" in inside("```python\n<a> $x$\n\n  ![b](c)\n```")


def test_a_table_keeps_how_its_columns_are_aligned() -> None:
    html = inside("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert html.startswith('<div class="pg-table"><table><thead><tr><th>a</th><th style="text-align:right">b</th></tr>')


@pytest.mark.parametrize(
    ("said", "leads_to", "shown"),
    [
        ("https://a.org", "https://a.org/x", False),
        ("https://a.org.b.org", "https://a.org", True),
        ("https://a.org", "https://b.org", True),
        ("a bank", "https://xn--pple-43d.com", True),
    ],
)
def test_a_link_shows_its_host_unless_one_reads_it(said: str, leads_to: str, shown: bool) -> None:
    html = inside(f"[{said}]({leads_to})")
    link = web_link(leads_to)
    assert link is not None and (f'<span class="pg-host"> ({link.host})</span>' in html) is shown


def test_a_host_in_other_letters_is_shown_in_ascii() -> None:
    assert "(xn--pple-43d.com)" in inside("[a](https://аpple.com)")  # its first letter is Cyrillic


@pytest.mark.parametrize("text", ["x" * (MAX_CHARS + 1), "![" * (MAX_BRACKETS + 1), "a\n\n    **b**" + "[" * 2_000])
def test_what_would_take_long_is_shown_as_it_was_written(text: str) -> None:
    words = Words()
    words.feed(as_html(text))
    assert words.tags == ["div", "p"] and words.text == text


def test_half_characters_and_nothing() -> None:
    assert inside("\ud800\0") == "<p>?\ufffd</p>" and as_html("", empty="<em>-</em>").count("<em>-</em>") == 1


@pytest.mark.parametrize("seed", range(4))
def test_no_document_makes_an_element_that_is_not_allowed(seed: int) -> None:
    rng = random.Random(seed)
    assert [found for _ in range(100) for found in problems_of(document(rng))] == []


def as_read(text: str) -> str:
    """Text as a browser can show it: its line ends alike, and nothing for the character that HTML does not have."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def test_code_is_the_text_as_it_was_written_and_nothing_else() -> None:
    rng = random.Random(1)
    for text in ["", " a \n\n  b\t\n", "</code></pre><button>", *(document(rng) for _ in range(100))]:
        words = Words()
        words.feed(as_code(text))
        assert words.tags == ["div", "div", "pre", "code", "button"] and words.text == as_read(text) + "Copy"
        assert "\n" not in as_code(text)
