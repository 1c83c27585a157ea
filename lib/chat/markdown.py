r"""A text that a model or a person wrote, as HTML of our own: CommonMark's structure, and nothing that acts.

A CommonMark parser (markdown-it-py) reads the text, and what it found is allowed by its kind: paragraphs, headings,
lists, quotes, code, tables, emphasis and links to http and https, which show their host. Everything else is letters:
HTML, images, formulas, icons, colour codes. Letters are escaped, so there is no way from a text to a tag.
Streamlit's own Markdown gets none of it: that reads formulas, icons, colours and arrows, and elsewhere than CommonMark.
"""

from collections.abc import Iterator, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

from lib.chat.web_links import Link, bare_links, web_link

# The parser's time grows with the square of the brackets; what is longer than this is shown as it was written.
MAX_CHARS, MAX_BRACKETS = 40_000, 1_000
# Definitions of links (`[a]: http://b`) would not be shown: they stay text.
_PARSER = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_PARSER.disable("reference")
_PARSER.validateLink = lambda url: True  # type: ignore[method-assign]  # `web_link` decides, and what it
_PARSER.normalizeLink = lambda url: url  # type: ignore[method-assign]  # refuses is shown as it was written
# Kinds of tokens that become their tag, without attributes.
_TAGS = {"paragraph", "heading", "blockquote", "bullet_list", "list_item", "thead", "tbody", "tr", "em", "strong", "s"}
_ALIGNED = {f"text-align:{side}" for side in ("left", "center", "right")}
_COPY = '<button type="button" class="pg-copy">Copy</button>'


def as_html(text: str, *, empty: str = "") -> str:
    r"""`text` in one line of HTML for `st.html`; `empty`, HTML of our own, if there is nothing in it.

    A line that ends inside a paragraph ends on the page too: a haiku has three lines.

    >>> as_html("It costs $5 or $6, <b>really</b> :red[now]")
    '<div class="pg-reply"><p>It costs $5 or $6, &lt;b&gt;really&lt;/b&gt; :red[now]</p></div>'
    >>> as_html("![*x*](http://a.org)\n[y](javascript:z)")
    '<div class="pg-reply"><p>![*x*](http://a.org)<br>[y](javascript:z)</p></div>'
    """
    text = text.encode("utf-8", "replace").decode()  # half characters
    if len(text) > MAX_CHARS or text.count("[") > MAX_BRACKETS:
        inside = f'<p class="pg-as-written">{_letters(text)}</p>'
    else:
        inside = "".join(_blocks(_PARSER.parse(text)))
    return _reply(inside or empty)


def as_code(text: str) -> str:
    """`text` as it was written, in one line of HTML for `st.html`, with a button that copies it."""
    code = _letters(text.encode("utf-8", "replace").decode())
    return _reply(f'<div class="pg-code pg-as-written"><pre><code>{code}</code></pre>{_COPY}</div>')


def _reply(inside: str) -> str:
    """In one line, as `st.html` takes white space off the ends of lines."""
    return f'<div class="pg-reply">{inside}</div>'.replace("\n", "&#10;")


def _letters(text: str) -> str:
    """Text as HTML that shows it, in an element or in an attribute."""
    return escape(text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd"))


def _kind(token: Token) -> str:
    return token.type.removesuffix("_open").removesuffix("_close")


def _tag(token: Token, attributes: str = "") -> str:
    return f"<{token.tag}{attributes}>" if token.nesting > 0 else f"</{token.tag}>"


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    """The document's structure. A kind of token that is not known here is letters."""
    for token in tokens:
        kind = _kind(token)
        if token.hidden:  # a paragraph in a list without empty lines
            continue
        if token.type == "inline":
            yield from _inline(token.children or [])
        elif kind in _TAGS:
            yield _tag(token)
        elif kind == "ordered_list":
            yield _tag(token, f' start="{int(token.attrs.get("start", 1))}"')
        elif kind in ("th", "td"):
            style = token.attrs.get("style")
            yield _tag(token, f' style="{style}"' if style in _ALIGNED else "")
        elif kind == "table":
            yield '<div class="pg-table"><table>' if token.nesting > 0 else "</table></div>"
        elif kind == "hr":
            yield "<hr>"
        elif kind in ("fence", "code_block"):
            code = _letters(token.content.removesuffix("\n"))
            yield f'<div class="pg-code"><pre><code>{code}</code></pre>{_COPY}</div>'
        else:
            yield _letters(token.content)


def _inline(tokens: Sequence[Token]) -> Iterator[str]:
    """What stands in one paragraph. A link that is refused is shown as it was written."""
    ends: list[str] = []  # of links; an address in angle brackets inside another link is letters
    for index, token in enumerate(tokens):
        if token.type == "link_open":
            start, end = ("&lt;", "&gt;") if ends else _link(tokens, index)
            ends.append(end)
            yield start
        elif token.type == "link_close":
            yield ends.pop()
        elif token.type == "text" and not ends:
            yield _text(token.content)
        elif token.type == "code_inline":
            yield f"<code>{_letters(token.content)}</code>"
        elif token.type in ("softbreak", "hardbreak"):
            yield "<br>"
        elif token.type == "image":
            yield _letters("!" + _written(token, token.content))
        elif _kind(token) in _TAGS:
            yield _tag(token)
        else:
            yield _letters(token.content)


def _text(text: str) -> str:
    """Letters, in which addresses are links."""
    return "".join(
        _letters(part) if isinstance(part, str) else _letters(part.text).join(_anchor(part, part.text))
        for part in bare_links(text)
    )


def _link(tokens: Sequence[Token], index: int) -> tuple[str, str]:
    """How the link that is opened at `index` begins and ends."""
    opened = tokens[index]
    close = next(at for at in range(index, len(tokens)) if tokens[at].type == "link_close")
    said = "".join(token.content for token in tokens[index + 1 : close])
    link = web_link(str(opened.attrs["href"]))
    if link is not None and said.strip():
        return _anchor(link, said)
    return ("&lt;", "&gt;") if opened.markup == "autolink" else ("[", _letters(_written(opened, "")[1:]))


def _anchor(link: Link, said: str) -> tuple[str, str]:
    """What stands around the words of a link. Its host comes behind them, unless it is what one reads."""
    read = web_link(said)
    host = "" if read and read.host == link.host else f'<span class="pg-host"> ({_letters(link.host)})</span>'
    return f'<a href="{_letters(link.address)}" target="_blank">', f"</a>{host}"


def _written(token: Token, text: str) -> str:
    """A link or image as it stood in the text, near enough."""
    address = str(token.attrs.get("href", token.attrs.get("src", "")))
    title = token.attrs.get("title")
    return f"[{text}]({address}" + (f' "{title}")' if title else ")")
