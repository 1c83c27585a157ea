"""The worksheet that a student hands in: answers and charts as one HTML file or Markdown, and a CSV for the teacher.

Everything in it may be hostile: names, prompts, tokens of a model. The HTML has no script and forbids any.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lib.course.progress import Answer
from lib.design import css
from lib.takehome.csv_files import csv_text
from lib.takehome.svg import Row, bars, clean
from lib.text_format import percent

MAX_PICTURES = 10
MAX_NAME = 80  # characters


@dataclass(frozen=True)
class Picture:
    """A prompt that was looked at, the model, the sampling settings in words, and the likeliest next tokens."""

    prompt: str
    model: str
    settings: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Worksheet:
    """All that is handed in. `date` as people read it."""

    name: str
    date: str
    answers: Sequence[Answer]
    pictures: Sequence[Picture]

    @property
    def summary(self) -> str:
        """How many answers there are, and how many of the revealed ones are right."""
        revealed = [one for one in self.answers if one.correct is not None]
        count = len(self.answers)
        return f"{count} question{'s' * (count != 1)} answered, {sum(bool(one.correct) for one in revealed)} right" + (
            f"; the answer to {count - len(revealed)} of them was not looked at." if len(revealed) < count else "."
        )


def plain(markdown: str) -> str:
    r"""Our Markdown as plain text: without marks, icons and links, what was escaped as it was.

    >>> plain("**Yes**: “\\*\\$x\\_y” is `2`. [softmax](Glossary#softmax \"makes (1) of it\") :material/check:")
    'Yes: “*$x_y” is 2. softmax'
    """
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[1])
        return f"\x00{len(kept) - 1}\x00"

    text = re.sub(r"\\([^\w\s]|_)", keep, markdown.replace("\x00", ""))
    text = re.sub(r"\[([^\]]*)\]\([^\s)]*(?: \"[^\"]*\")?\)", r"\1", text)
    text = re.sub(r":material/\w+:", "", text)
    text = re.sub(r"\*\*|`|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)", "", text)
    return re.sub("\x00(\\d+)\x00", lambda match: kept[int(match[1])], text).strip()


def marked(answer: Answer) -> str:
    """An answer's mark in words."""
    return {True: "right", False: "not right", None: "answer not looked at"}[answer.correct]


_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
  color: light-dark(#1f2033, #ececf4); background: var(--pg-ground); }
h1 { font-size: var(--pg-size-title); } h2 { font-size: var(--pg-size-section); margin-top: 2rem; }
article { border: 1px solid var(--pg-border); border-radius: 0.5rem; padding: 0.6rem 1rem; margin: 0.8rem 0;
  break-inside: avoid; }
p { margin: 0.3rem 0; overflow-wrap: anywhere; } .quiet { color: var(--pg-quiet); font-size: var(--pg-size-small); }
.right { color: var(--pg-good); } .wrong { color: var(--pg-bad); }
pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 12rem; overflow: auto; margin: 0.3rem 0; }
svg { max-width: 100%; height: auto; }
"""
# No script, no picture or style from elsewhere, whatever got into the file.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def to_html(sheet: Worksheet) -> str:
    """One file, self-contained."""
    questions = "".join(_question(one) for one in sheet.answers) or "<p>No question has been answered yet.</p>"
    pictures = "".join(_picture(one) for one in sheet.pictures[-MAX_PICTURES:])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Worksheet · {clean(_name(sheet))}</title><style>{css()}{_STYLE}</style></head><body>"
        f"<h1>Worksheet: {clean(_name(sheet))}</h1>"
        f'<p class="quiet">LLM Playground · {clean(sheet.date)} · {sheet.summary}</p>'
        f"<h2>Questions</h2>{questions}"
        + (f'<h2>Prompts I looked at</h2><p class="quiet">{_LEGEND}</p>{pictures}' if pictures else "")
        + "</body></html>\n"
    )


_LEGEND = (
    "The likeliest next tokens. The upper bar and the first number are after the sampling settings, the lower bar and "
    "the second number are the model (T = 1)."
)


def _name(sheet: Worksheet) -> str:
    return " ".join(sheet.name.split())[:MAX_NAME] or "no name"


def _question(answer: Answer) -> str:
    mark = {True: ("right", "✓ "), False: ("wrong", "✗ "), None: ("quiet", "")}[answer.correct]
    lines = [
        f'<p class="quiet">{clean(answer.page)}</p><p><b>{clean(plain(answer.question))}</b></p>',
        f'<p>My answer: {clean(plain(answer.chosen))} <span class="{mark[0]}">{mark[1]}{marked(answer)}</span></p>',
    ]
    if answer.right:
        lines.append(f"<p>The answer: {clean(plain(answer.right))}. {clean(plain(answer.why))}</p>")
    return f"<article>{''.join(lines)}</article>"


def _picture(picture: Picture) -> str:
    about = f"{picture.model} · {picture.settings}"
    drawn = bars(picture.rows, alt=f"Likeliest next tokens after {picture.prompt[-80:]}")
    return f'<article><pre>{clean(picture.prompt)}</pre><p class="quiet">{clean(about)}</p>{drawn}</article>'


def to_markdown(sheet: Worksheet) -> str:
    """The same as Markdown; charts as tables with bars of block characters."""
    lines = [
        f"# Worksheet: {literal(_name(sheet))}",
        "",
        f"LLM Playground · {literal(sheet.date)} · {sheet.summary}",
        "",
    ]
    lines += ["## Questions", ""] if sheet.answers else ["No question has been answered yet.", ""]
    for number, one in enumerate(sheet.answers, 1):
        lines += [f"{number}. **{literal(plain(one.question))}** ({literal(one.page)})"]
        lines += [f"   - My answer: {literal(plain(one.chosen))} ({marked(one)})"]
        if one.right:
            lines += [f"   - The answer: {literal(plain(one.right))}. {literal(plain(one.why))}"]
        lines.append("")
    if sheet.pictures:
        lines += ["## Prompts I looked at", ""]
    for picture in sheet.pictures[-MAX_PICTURES:]:
        lines += [f"**{literal(picture.prompt)}**", "", f"{literal(picture.model)} · {literal(picture.settings)}", ""]
        lines += ["| token | model (T = 1) | | after sampling settings |", "|---|---|--:|--:|"]
        most = max([row.raw for row in picture.rows] + [1e-9])
        for row in picture.rows:
            block = "█" * max(1, round(20 * row.raw / most))
            lines.append(f"| {literal(row.label)} | {block} | {percent(row.raw)} | {percent(row.after)} |")
        lines.append("")
    return "\n".join(lines)


def literal(text: str) -> str:
    r"""Text that Markdown shows as it is, on one line.

    >>> literal("<b> [x](y)\n| *a*")
    '\\<b\\> \\[x\\]\\(y\\) ⏎ \\| \\*a\\*'
    """
    whole = re.sub(r"[\r\n]+", " ⏎ ", text.encode("utf-8", "replace").decode())
    line = " ".join(re.sub("[\x00-\x08\x0b-\x1f]", "\ufffd", whole).split())
    return "".join("\\" + ch if ch in "\\`*_{}[]()<>#+-!|$~^&" else ch for ch in line)


def to_csv(sheet: Worksheet) -> str:
    """One line an answer, for the teacher's spreadsheet."""
    return csv_text(
        ["name", "date", "page", "question", "answer", "right answer", "mark"],
        (
            [_name(sheet), sheet.date, one.page, plain(one.question), plain(one.chosen), plain(one.right), marked(one)]
            for one in sheet.answers
        ),
    )
