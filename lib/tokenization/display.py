"""How bytes are shown to people: nothing invisible, nothing faked.

`label` names one token, `Utf8Stream` turns a stream of token bytes into text. Knows nothing of tokenizers or Streamlit.
"""

import codecs
import unicodedata
from functools import lru_cache

_NAMED = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"}
_PLAIN = " \n\t"  # white space that a browser draws as it is
# Letters and marks that draw nothing: fillers, the Braille blank, joiners and variation selectors.
_BLANK = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810),
          *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}  # fmt: skip
_UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}


def code_point(char: str) -> str:
    """A character by its number: '⟨U+200D⟩'."""
    return f"⟨U+{ord(char):04X}⟩"


def hex_bytes(data: bytes) -> str:
    """Bytes by their values: '⟨F0 9F⟩'."""
    return f"⟨{data.hex(' ').upper()}⟩"


@lru_cache(maxsize=65536)
def label(data: bytes, spaces: bool = True) -> str:
    """A short, visible name of a token's bytes. With `spaces=False` spaces, newlines and tabs stay as they are.

    Spaces are ␣, newlines ⏎, tabs ⇥; bytes that are not complete UTF-8 appear as their values; control, format,
    blank and private characters, and a combining mark with nothing before it, appear as their number. '�' appears
    only where the text really holds U+FFFD.

    >>> label(b" the"), label(bytes([10, 10])), label(bytes([0xF0, 0x9F])), label("🚀".encode())
    ('␣the', '⏎⏎', '⟨F0 9F⟩', '🚀')
    >>> label(b" a" + bytes([9, 10]), spaces=False)
    ' a\\t\\n'
    >>> label(b"a" + bytes([0xE2, 0x80])), label(chr(0x200D).encode()), label(chr(0x301).encode()), label(b"")
    ('a⟨E2 80⟩', '⟨U+200D⟩', '⟨U+0301⟩', '⟨no text⟩')
    """
    if not data:
        return "⟨no text⟩"
    shown: list[str] = []
    attached = False  # whether a combining mark has something visible to sit on
    for text, broken in _runs(data):
        if broken:
            shown.append(hex_bytes(broken))
            attached = False
        for char in text:
            piece = _visible(char, attached) if spaces or char not in _PLAIN else char
            attached = piece == char
            shown.append(piece)
    return "".join(shown)


def visible(text: str) -> str:
    """`label` for text that is a string already."""
    return label(text.encode("utf-8", "surrogatepass")) if text else ""


def _visible(char: str, attached: bool) -> str:
    if char in _NAMED:
        return _NAMED[char]
    category = unicodedata.category(char)
    if category in _UNSEEN or ord(char) in _BLANK or (category[0] == "M" and not attached):
        return code_point(char)
    return char


def _runs(data: bytes) -> list[tuple[str, bytes]]:
    """`data` as pairs (text, broken bytes); neighbouring broken bytes are one run."""
    runs: list[tuple[str, bytes]] = []
    position = 0
    while position < len(data):
        try:
            runs.append((data[position:].decode(), b""))
            break
        except UnicodeDecodeError as error:
            good, bad = data[position : position + error.start], data[position + error.start : position + error.end]
            if good:
                runs.append((good.decode(), b""))
            if runs and runs[-1][1]:
                bad = runs.pop()[1] + bad
            runs.append(("", bad))
            position += error.end
    return runs


class Utf8Stream:
    """Text from token bytes as they arrive: only an incomplete UTF-8 suffix is held back, a real U+FFFD passes.

    >>> stream = Utf8Stream()
    >>> [stream.feed(part) for part in (b"a", bytes([0xF0, 0x9F]), bytes([0x9A, 0x80]))]
    ['a', '', '🚀']
    >>> stream.feed(bytes([0xC3])), stream.flush()
    ('', '�')
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> str:
        """The text that `data` completes; bytes that can never become text give U+FFFD."""
        return self._decoder.decode(data)

    def flush(self) -> str:
        """What was held back, as U+FFFD; '' if nothing was. The stream starts afresh."""
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return rest
