"""Steps of an engine as the plain dicts that the token stream shows. Knows nothing of Streamlit.

A token may hold part of a character, or the end of one and the start of the next. Tokens that share a character form
a group: the first carries the text of the whole group, the others only the bytes they brought.
"""

import codecs
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from lib.engine import Step
from lib.tokenization import Tokenizer
from lib.tokenization.display import code_point, hex_bytes, label

# Characters that would reorder or disturb the line: shown by their number (tab and newline stay).
_DISTURBING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
_BROKEN = "playground-hex"  # how bytes that are no text are decoded: as their values


def _as_hex(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return hex_bytes(error.object[error.start : error.end]), error.end


codecs.register_error(_BROKEN, _as_hex)


def printable(data: bytes) -> str:
    """The text of `data` as it can be put on a line: broken bytes as their values, disturbing characters as numbers.

    >>> printable(b"a\\n"), printable(bytes([0xF0, 0x9F])), printable("\\u202eabc".encode())
    ('a\\n', '⟨F0 9F⟩', '⟨U+202E⟩abc')
    """
    return _DISTURBING.sub(lambda match: code_point(match[0]), data.decode("utf-8", _BROKEN))


def groups(pieces: Sequence[bytes]) -> list[int]:
    """For every token the index of the first token of its group.

    >>> groups([b"a", bytes([0xF0, 0x9F]), bytes([0x9A]), bytes([0x80]), b"b"])
    [0, 1, 1, 1, 4]
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    starts: list[int] = []
    start = 0
    waiting = False  # an unfinished character is in the decoder
    for index, piece in enumerate(pieces):
        if not waiting:
            start = index
        starts.append(start)
        decoder.decode(piece)
        waiting = bool(decoder.getstate()[0])
    return starts


_names: dict[str, dict[int, str]] = {}  # by tokenizer: at most its vocabulary, as pages show the same tokens again


def token_name(tokenizer: Tokenizer, token_id: int) -> str:
    """A token's visible name: its bytes as `display.label` shows them, a special token as its text."""
    known = _names.setdefault(tokenizer.name, {})
    if token_id not in known:
        control = next((text for text, number in tokenizer.special.items() if number == token_id), None)
        known[token_id] = control or label(tokenizer.token_bytes(token_id))
    return known[token_id]


def _known(value: float) -> float | None:
    """A probability; None for the NaN of a server that does not say."""
    return None if math.isnan(value) else value


def stream_tokens(
    tokenizer: Tokenizer, steps: Iterable[Step], *, forced: int = 0, whole: int = 0
) -> list[dict[str, Any]]:
    """One dict per token: id, text, label, prob, logprob, rank, group, special, forced, alternatives.

    `text` is what is printed ("" inside a group), `label` names the token visibly. `prob` is after the filters,
    `logprob` the raw model's (natural logarithm), `rank` counts from 0; `prob` and `rank` are None if unknown. The
    first `forced` tokens were put there by a person. Those before `whole` come without alternatives.
    """
    steps = list(steps)
    control = {token_id: text for text, token_id in tokenizer.special.items()}

    def name(token_id: int) -> str:
        return token_name(tokenizer, token_id)

    pieces = [b"" if step.id in control else tokenizer.token_bytes(step.id) for step in steps]
    starts = groups(pieces)
    tokens: list[dict[str, Any]] = []
    for index, step in enumerate(steps):
        first = starts[index] == index
        data = b"".join(p for p, s in zip(pieces[index:], starts[index:], strict=True) if s == index) if first else b""
        tokens.append(
            {
                "id": step.id,
                "text": printable(data),
                "label": name(step.id),
                "prob": _known(step.prob),
                "logprob": step.logprob,
                "rank": getattr(step, "rank", None),
                "group": starts[index],
                "special": step.id in control,
                "forced": index < forced,
                "alternatives": [
                    {"id": a.id, "label": name(a.id), "logprob": a.logprob, "prob": _known(a.prob)}
                    for a in (step.alternatives if index >= whole else ())
                ],
            }
        )
    return tokens
