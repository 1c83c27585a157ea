"""What comes from outside: codes, nicknames, questions of a teacher, links to be opened on every screen."""

import re
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from lib.errors import PlaygroundError

# No vowels, so that no code spells a word, and nothing that is read as something else (0 and O, 1 and I).
ALPHABET = "23456789BCDFGHJKLMNPQRSTVWXYZ"
CODE = 9  # characters: 29^9 is 43.7 bits
NAME = 24  # characters
LINK = 8_000
MAX_VALUE = 2_000  # characters of one parameter of a link
_UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}  # control and format characters, half characters, line breaks
_MARKS = {"Mn", "Me", "Mc"}
_BLANK = {0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0}  # letters that draw nothing


class ClassroomError(PlaygroundError):
    """Something that a room does not take."""


def new_code() -> str:
    """A code that nobody can guess.

    >>> len(new_code()), set(new_code()) <= set(ALPHABET)
    (9, True)
    """
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE))


def checked_code(text: str) -> str:
    """A code as somebody typed it, with or without its hyphens. Raises ClassroomError if it cannot be one.

    >>> checked_code(" k7q-m2f-xdb ")
    'K7QM2FXDB'
    """
    code = re.sub(r"[\s\-–.]", "", text[:64]).upper()
    if len(code) != CODE or not set(code) <= set(ALPHABET):
        raise ClassroomError(
            f"A room's code has {CODE} letters and digits, as in {grouped('K7QM2FXDB')}, and none of 0, 1, A, E, I, O "
            "and U."
        )
    return code


def grouped(code: str) -> str:
    """A code as people read it.

    >>> grouped("K7QM2FXDB")
    'K7Q-M2F-XDB'
    """
    return "-".join(code[at : at + 3] for at in range(0, len(code), 3))


def checked_name(text: str) -> str:
    """A nickname on one line, without what is not seen or would turn other text around. Raises ClassroomError if
    nothing is left, or more than NAME characters. It may still look like HTML, Markdown or a formula: whoever shows it
    shows it as text.

    >>> checked_name("  Ana\\u202e\\tMaria ")
    'Ana Maria'
    """
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", re.sub(r"\s+", " ", text[:1_000])):
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in _MARKS else 0
        if kind in _UNSEEN or ord(char) in _BLANK or marks > 2 or (marks and not kept):
            continue
        kept.append(char)
    name = " ".join("".join(kept).split())
    if not name:
        raise ClassroomError("Choose a nickname: at least one letter, digit or emoji.")
    if len(name) > NAME:
        raise ClassroomError(f"A nickname has at most {NAME} characters, and this one is longer.")
    return name


@dataclass(frozen=True)
class Place:
    """A state of one of our pages: `page` is its part of the address ("" for Home), `query` its parameters."""

    page: str
    query: tuple[tuple[str, str], ...]


def checked_link(text: str, pages: Collection[str], host: str = "") -> Place:
    """A link to a page of this app, relative or as the browser's address bar has it. Raises ClassroomError otherwise.

    `pages` are the addresses that may be opened, `host` the app's own ("localhost:8501"). What comes out names a page
    and its parameters and nothing else, so that nobody is ever sent to another host.

    >>> checked_link("/Next_Token?prompt=Hello&t=0.5", ["Next_Token"])
    Place(page='Next_Token', query=(('prompt', 'Hello'), ('t', '0.5')))
    """
    text = text.strip()
    if not text or len(text) > LINK:
        raise ClassroomError("Paste a link to a page of this app, from the browser's address bar.")
    try:
        parts = urlsplit(text)
        query = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=40, errors="replace")
    except ValueError as error:
        raise ClassroomError("This is not a link that can be read.") from error
    foreign = parts.scheme not in ("", "http", "https") or "\\" in text or (parts.scheme and not parts.netloc)
    if foreign or (parts.netloc and (not host or parts.netloc.lower() != host.lower())):
        raise ClassroomError("Only links to pages of this app can be opened on all screens.")
    page = parts.path.rstrip("/").rsplit("/", 1)[-1]
    if page not in pages:
        raise ClassroomError(f"This app has no page “{page[:40]}” that can be opened on all screens.")
    for name, value in query:
        if not re.fullmatch(r"[A-Za-z][\w-]{0,40}", name, re.ASCII) or name.startswith("embed"):
            raise ClassroomError("A parameter of the link is none of this app's.")
        if len(value) > MAX_VALUE:
            raise ClassroomError(f"The link's “{name}” is too long: at most {MAX_VALUE:,} characters.")
    return Place(page, tuple(dict(query).items()))
