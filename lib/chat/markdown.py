r"""A model's Markdown, made harmless: structure stays; HTML, LaTeX, images and colour codes are shown as text.

Streamlit's Markdown reads `$…$` as LaTeX, `:name:` as an icon and `:red[…]` as a colour; a price in dollars is not a
formula, and an image would make the reader's browser fetch an address that the model chose. Inside code nothing is
changed, because nothing there is interpreted. A line that ends inside a paragraph ends on the page too, where Markdown
would join it with the next: a haiku has three lines.
"""

import re
from itertools import pairwise

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^`\n]*)$")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", re.DOTALL)
# Backslashes come first: what is already escaped stays as it is.
_ACTIVE = re.compile(r"(\\[!-/:-@\[-`{-~])|(\$|<|!(?=\[)|:(?=[A-Za-z+_-])|&(?=[#A-Za-z]))")
# Lines that begin something of their own, and lines that end by themselves: there a hard break would be a backslash.
_BEGINS = re.compile(
    r"\s*(?:[-+*]\s|\d{1,9}[.)]\s|#{1,6}(?:\s|$)|>|\||(?:=+|-+)\s*$|[-*_](?:\s*[-*_]){2,}\s*$)| {4}|\t"
)
_ENDS = re.compile(r"\s*(?:#{1,6}\s|\|)| {4}|\t|.*(?:\\|  )$|\s*$")


def harmless(text: str) -> str:
    r"""Markdown in which only structure is left, for `st.markdown`.

    >>> harmless("It costs $5 or $6, <b>really</b> :red[now] ![x](http://a)")
    'It costs \\$5 or \\$6, \\<b>really\\</b> \\:red[now] \\![x](http://a)'
    >>> harmless("`$x$` is code, $x$ is not")
    '`$x$` is code, \\$x\\$ is not'
    >>> harmless("An old pond\nA frog\n- one\n- two")
    'An old pond\\\nA frog\n- one\n- two'
    """
    blocks: list[str] = []
    prose: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            blocks.append(line)
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
        elif mark:
            blocks += [_prose("\n".join(prose)), line] if prose else [line]
            prose, fence = [], mark[1]
        else:
            prose.append(line)
    return "\n".join([*blocks, _prose("\n".join(prose))] if prose else blocks)


def _prose(text: str) -> str:
    """Everything outside inline code escaped. A code span never reaches over an empty line."""
    return "\n\n".join(_paragraph(part) for part in text.split("\n\n"))


def _paragraph(text: str) -> str:
    parts, at = [], 0
    for span in _SPAN.finditer(text):
        parts += [_broken(_escape(text[at : span.start()])), span.group()]
        at = span.end()
    return "".join([*parts, _broken(_escape(text[at:]))])


def _broken(text: str) -> str:
    """Hard breaks, a backslash at the end of a line, between lines of one paragraph."""
    lines = text.split("\n")
    made = []
    for line, after in pairwise(lines):
        hard = after.strip() and not _BEGINS.match(after) and not _ENDS.match(line)
        made.append(line + ("\\\n" if hard else "\n"))
    return "".join(made) + lines[-1]


def _escape(text: str) -> str:
    return _ACTIVE.sub(lambda match: match.group(1) or "\\" + match.group(2), text)
