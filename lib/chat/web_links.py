"""Addresses in a text that a model or a person wrote: which of them may be followed, and where they lead."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

MAX_ADDRESS = 2_000  # characters
_ADDRESS = re.compile(r"(https?)://([^/?#\\@:\[\]]+)(?::(\d{1,5}))?([/?#].*)?", re.IGNORECASE | re.DOTALL)
# The last part begins with a letter: browsers read 0x7f.1 and 2130706433 as 127.0.0.1, and the host shown would be
# another one than the host asked. A dotted quad is read as it is written.
_NAME = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_QUAD = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}")
# An address that stands in a text by itself; its host in ASCII, or a sentence would run into it.
_BARE = re.compile(
    r"(?<![\w@/.:-])https?://[a-z0-9.-]++(?::\d{1,5}(?!\w))?+(?![\w@%])(?:[/?#][^\s<>\"`\\^{|}、。，；：！？（）「」『』【】]*)?",
    re.IGNORECASE,
)
_CLOSING = {")": "(", "]": "["}


@dataclass(frozen=True)
class Link:
    """An address that may be followed, as the browser is told it, and the host that it leads to."""

    text: str  # as it was written
    address: str
    host: str


def web_link(text: str) -> Link | None:
    """The link to an address; None for anything but http and https, and where another host could be meant than is
    read: names before an @, backslashes, numbers.

    >>> web_link("https://Example.org:8000/a b?x=1&y"), web_link("javascript:alert(1)"), web_link("http://a.org@b.org")
    (Link(text='https://Example.org:8000/a b?x=1&y', address='https://example.org:8000/a%20b?x=1&y', host='example.org:8000'), None, None)
    """  # noqa: E501
    found = _ADDRESS.fullmatch(text) if len(text) <= MAX_ADDRESS else None
    if found is None:
        return None
    scheme, name, port, rest = found.groups(default="")
    try:
        host = name.lower() if name.isascii() else name.encode("idna").decode().lower()
    except UnicodeError:
        return None
    if not (_NAME.fullmatch(host) or _QUAD.fullmatch(host)) or int(port or 0) > 65_535:
        return None
    host += f":{int(port)}" if port else ""
    return Link(text, f"{scheme.lower()}://{host}" + quote(rest, safe="!#$%&'()*+,/:;=?@[]~"), host)


def bare_links(text: str) -> Iterator[str | Link]:
    """A text cut into addresses and what is between them. A point or bracket behind an address is not part of it.

    >>> [part if isinstance(part, str) else part.address for part in bare_links("See (http://a.org/b:c?d&e).")]
    ['See (', 'http://a.org/b:c?d&e', ').']
    """
    at = 0
    for found in _BARE.finditer(text):
        link = web_link(_trimmed(found.group()[: MAX_ADDRESS + 1]))
        if link is not None:
            yield text[at : found.start()]
            yield link
            at = found.start() + len(link.text)
    yield text[at:]


def _trimmed(address: str) -> str:
    while address and (
        address[-1] in ".,;:!?*_~'"
        or (address[-1] in _CLOSING and address.count(address[-1]) > address.count(_CLOSING[address[-1]]))
    ):
        address = address[:-1]
    return address
