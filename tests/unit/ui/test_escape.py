"""Text in Streamlit's Markdown: what its plugins look for in a piece of text is never in one piece."""

import re

import pytest
from markdown_it import MarkdownIt

from lib.ui.components.page import code, escape

# What Streamlit 1.67 and remark-gfm look for in a piece of text, after the backslashes are gone.
SOUGHT = [
    r":(material_\w+|streamlit|[\w+-]+):",
    r"(^|\s)(<->|->|<-|--|>=|<=|~=)(\s|$)",
    r"(https?://|www(?=\.))",
    r"[-.\w+]+@[-\w]+",
]


@pytest.mark.parametrize(
    "text",
    [":material/home: x", ":material_home:", ":streamlit:", ":smile: :+1: :-1:", "a <- b -> c <-> d -- e >= f <= g ~=",
     "https://a.org HTTP://A.org www.a.org WWW.a.org me@a.org", "--", "12:30:45", "->"],
)  # fmt: skip
def test_no_icon_arrow_or_address_is_in_one_piece(text: str) -> None:
    pieces = [re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", piece) for piece in escape(text).split(":small[]")]
    assert "".join(pieces) == text
    assert not [(sought, piece) for sought in SOUGHT for piece in pieces if re.search(sought, piece, re.IGNORECASE)]


def test_an_indented_line_is_no_code() -> None:
    assert escape("    a\n\n\t b") == "a\n\nb"


@pytest.mark.parametrize("text", ["<|im_end|>", "`", "a`b``c", "``` ![x](http://a.org) ```", "a\n\n# b"])
def test_code_in_a_line_is_one_code_span(text: str) -> None:
    inline = MarkdownIt("commonmark").parseInline(f"x {code(text)} y")[0].children or []
    assert [token.type for token in inline] == ["text", "code_inline", "text"]
    assert inline[1].content.split() == text.split()
