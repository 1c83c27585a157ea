"""The vocabulary files of this repository: reading, checking, and the merges hidden in their ranks.

A rank file is a vocabulary and a merge list at once: line n holds the bytes of token n, and BPE always joins the pair
whose result has the lowest rank. Knows bytes and ranks; knows nothing of `tokenizers`, tiktoken or Streamlit.
"""

import hashlib
import lzma
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lib.tokenization.base import TokenizationError
from lib.tokenization.entries import Entries

FOLDER = Path(__file__).parent / "vocab"
SHA256 = {
    "r50k_base": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "qwen": "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186",
}


@cache
def entries(name: str, folder: Path = FOLDER) -> Entries:
    """All entries of `name` (a key of SHA256), read once. Raises TokenizationError if the file is missing or damaged.

    >>> entries("r50k_base")[262]
    b' the'
    """
    path = folder / f"{name}.tiktoken.xz"
    try:
        plain = lzma.decompress(path.read_bytes())
    except OSError as error:
        raise TokenizationError(f"The vocabulary file {path.name} cannot be read. Restore {path}.") from error
    except lzma.LZMAError as error:
        raise TokenizationError(_damaged(path)) from error
    if hashlib.sha256(plain).hexdigest() != SHA256[name]:
        raise TokenizationError(_damaged(path))
    return Entries.read(plain)


def ranks(name: str, folder: Path = FOLDER) -> dict[bytes, int]:
    """Token bytes to rank, as a dictionary that tiktoken takes: 26 MB for o200k_base.

    >>> ranks("r50k_base")[b" the"]
    262
    """
    every = entries(name, folder)
    return {every[n]: n for n in range(len(every))}


def _damaged(path: Path) -> str:
    return f"The vocabulary file {path.name} is damaged: its content is not what it should be. Restore {path}."


_NEVER = 1 << 60


def last_merge(token: bytes, ranks: Mapping[bytes, int]) -> tuple[bytes, bytes]:
    """The two pieces that BPE joins last to make `token`: run BPE on its bytes until two pieces remain.

    `ranks` has all the entries that occur in `token`.

    >>> last_merge(b"abc", {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"abc": 4})
    (b'a', b'bc')
    """
    pieces = [token[i : i + 1] for i in range(len(token))]
    while len(pieces) > 2:
        joined = [ranks.get(pieces[i] + pieces[i + 1], _NEVER) for i in range(len(pieces) - 1)]
        first = joined.index(min(joined))
        pieces[first : first + 2] = [pieces[first] + pieces[first + 1]]
    left, right = pieces
    return left, right


def _byte_alphabet() -> str:
    """GPT-2's printable stand-in for every byte: itself where it prints, else the next free letter from U+0100 on."""
    shown = {*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    spare = iter(range(0x100, 0x200))
    return "".join(chr(byte if byte in shown else next(spare)) for byte in range(256))


BYTE_ALPHABET = _byte_alphabet()
_BYTE_OF = {letter: byte for byte, letter in enumerate(BYTE_ALPHABET)}


def spell(data: bytes) -> str:
    """Bytes in GPT-2's printable alphabet: a space is Ġ, a newline Ċ.

    >>> spell(b" the"), spell(bytes([10])), spell("é".encode())
    ('Ġthe', 'Ċ', 'Ã©')
    """
    return data.decode("latin-1").translate(_SPELL)


_SPELL = dict(enumerate(BYTE_ALPHABET))


def unspell(text: str) -> bytes:
    """The bytes of a vocabulary entry; letters outside the alphabet (added tokens) stand for themselves.

    >>> unspell("Ġthe"), unspell("你")
    (b' the', b'\\xe4\\xbd\\xa0')
    """
    try:
        return bytes(_BYTE_OF[letter] for letter in text)
    except KeyError:
        return text.encode()
