"""The worksheet and the data files: what is hostile stays text in HTML, Markdown, SVG and spreadsheets."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from math import log

import pytest

from lib.decoding.strategies import Strategy
from lib.engine import Step
from lib.takehome.csv_files import csv_text, harmless
from lib.takehome.decoding_results import Result, results_csv, results_json
from lib.takehome.svg import Row, bars
from lib.takehome.worksheet import MAX_PICTURES, Answer, Picture, Worksheet, plain, to_csv, to_html, to_markdown

HOSTILE = (
    "<script>alert(1)</script>",
    "</style></title><img src=x onerror=alert(1)>",
    '" onload="alert(1)',
    "javascript:alert(1)",
    '=HYPERLINK("http://x")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "[x](javascript:alert(1))",
    "![x](http://x/y.png)",
    "a | b\n\n# heading",
    "]]><!-- &amp; \x00\x1b\ud800\u202e",
)
DROPPED = str.maketrans({"\x00": "\ufffd", "\x1b": "\ufffd", "\ud800": "?", "\r": "\ufffd"})


def sheet(text: str) -> Worksheet:
    """One with the text in every place that somebody else fills."""
    answers = [
        Answer(text, text, text, text, text),
        Answer("Next token", "**Which?**", "`a`"),
        Answer("P", "Q", "a", "b"),
    ]
    return Worksheet(text, "30 November 2026", answers, [Picture(text, text, "temperature 1", [Row(text, 0.5, 0.25)])])


class Reader(HTMLParser):
    """The elements and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_makes_no_element_of_the_page(text: str) -> None:
    quiet, found = Reader(to_html(sheet("quiet"))), Reader(to_html(sheet(text)))
    assert found.tags == quiet.tags and found.attributes == quiet.attributes
    assert not {"script", "img", "iframe", "link"} & set(found.tags)
    assert not [name for name in found.attributes if name.startswith("on")]


def test_the_page_forbids_scripts_and_asks_nobody_for_anything() -> None:
    page = to_html(sheet("a cat"))
    assert "default-src 'none'" in page and "<script" not in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_the_picture_is_valid_xml(text: str) -> None:
    picture = ET.fromstring(bars([Row(text, 0.5, 0.1), Row("b", 1.0, 0.0)], alt=text))
    widths = [float(bar.attrib["width"]) for bar in picture.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths == [30.0, 150.0, 0.0, 300.0]


def test_a_worksheet_has_the_answers_and_their_marks() -> None:
    given = [
        Answer("Tokenizers", "**How** many?", "3", "3", "It \\*is\\* `three`"),
        Answer("Decoding", "Why?", "no", "yes", "Look"),
        Answer("Chat", "What?", "that"),
    ]
    made = Worksheet("Ada", "today", given, [])
    text = Reader(to_html(made)).text
    assert "3 questions answered, 1 right; the answer to 1 of them was not looked at." in text
    assert "The answer: 3. It *is* three" in text and "How many?" in text
    assert text.count("not right") == 1 and "answer not looked at" in text
    markdown = to_markdown(made)
    assert "1. **How many?** (Tokenizers)" in markdown and "My answer: that (answer not looked at)" in markdown
    rows = list(csv.DictReader(io.StringIO(to_csv(made))))
    assert [row["mark"] for row in rows] == ["right", "not right", "answer not looked at"]
    assert {row["name"] for row in rows} == {"Ada"}


def test_at_most_the_last_pictures_are_handed_in() -> None:
    pictures = [Picture(f"prompt {n}.", "m", "s", [Row("a", 1, 1)]) for n in range(MAX_PICTURES + 3)]
    page = to_html(Worksheet("", "", [], pictures))
    assert page.count("<svg") == MAX_PICTURES and "prompt 2." not in page and "prompt 12." in page


@pytest.mark.parametrize("text", HOSTILE)
def test_no_line_of_the_markdown_begins_anew_in_a_hostile_text(text: str) -> None:
    quiet, found = to_markdown(sheet("quiet")), to_markdown(sheet(text))
    assert found.count("\n") == quiet.count("\n")
    assert not re.search(r"(?<!\\)[<\[]", found)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_a_spreadsheet_is_a_formula(text: str) -> None:
    made = [to_csv(sheet(text)), csv_text(["a"], [[text]])]
    for row in [row for part in made for row in csv.reader(io.StringIO(part))]:
        assert not [cell for cell in row if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert str(harmless(text)).removeprefix("'").translate(DROPPED) == text.translate(DROPPED)


@pytest.mark.parametrize("cell", ["a", "1 = 1", "", 0.5, -3, None])
def test_what_is_no_formula_is_left_alone(cell: str | float | None) -> None:
    assert harmless(cell) == cell


def test_plain_text_of_our_markdown_has_no_marks() -> None:
    assert plain('a [softmax](Glossary#softmax "it (all)") of **x** and *y*') == "a softmax of x and y"
    assert plain("2 * 3 * 4 snake_case") == "2 * 3 * 4 snake_case"


def results() -> list[Result]:
    steps = [Step(5, log(0.5), 1.0, (), 0.0), Step(6, log(0.25), 0.75, (), 0.1)]
    return [
        Result(Strategy("top_k", top_k=7, forced=(5,)), 3, 20, "done", "=1", "<b>", steps),
        Result(Strategy("beam"), 3, 20, "stopped", "=1", "ab", steps),
    ]


def test_results_as_csv_say_which_probabilities_were_drawn_from() -> None:
    rows = list(csv.DictReader(io.StringIO(results_csv(results(), lambda i: f"={i}"))))
    assert [row["token"] for row in rows] == ["'=5", "'=6"] * 2
    assert [row["probability after sampling settings"] for row in rows] == ["", "0.75", "", ""]
    assert [float(row["probability (model, T = 1)"]) for row in rows] == pytest.approx([0.5, 0.25] * 2)
    assert [row["seed"] for row in rows] == ["3", "3", "", ""]


def test_results_as_json_bring_settings_and_texts() -> None:
    data = json.loads(results_json(results(), str, model="m\ud800"))
    first, second = data["columns"]
    assert first["settings"]["top_k"] == 7 and first["chosen_by_hand"] == [5] and first["text"] == "<b>"
    assert second["seed"] is None and [token["id"] for token in second["tokens"]] == [5, 6]
