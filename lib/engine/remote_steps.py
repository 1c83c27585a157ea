"""What an OpenAI-compatible server sends, as engine steps: token texts back to ids, log-probabilities where given."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lib.engine.interface import Alternative, Step
from lib.tokenization import Tokenizer

_BY_ID = "token_id:"  # how vLLM names a token when asked for ids


@dataclass(frozen=True)
class RemoteToken:
    """One token (or, without log-probabilities, one stretch of text) as the server sent it."""

    text: str
    logprob: float | None
    others: Mapping[str, float]


def pieces(choice: Any) -> Iterator[RemoteToken]:
    """The tokens of one chunk of a completions stream."""
    given = getattr(choice, "logprobs", None)
    tokens = getattr(given, "tokens", None) or []
    if not tokens:
        if choice.text:
            yield RemoteToken(choice.text, None, {})
        return
    logprobs = getattr(given, "token_logprobs", None) or []
    others = getattr(given, "top_logprobs", None) or []
    for index, text in enumerate(tokens):
        yield RemoteToken(
            text,
            logprobs[index] if index < len(logprobs) else None,
            (others[index] if index < len(others) else None) or {},
        )


def ids_of(text: str, tokenizer: Tokenizer) -> list[int]:
    """The ids of a token's text as a server spells it.

    vLLM can be asked for "token_id:42"; others send the text, which is one token for all but broken characters.
    """
    if text.startswith(_BY_ID) and text[len(_BY_ID) :].isdigit():
        return [int(text[len(_BY_ID) :])]
    if text in tokenizer.special:
        return [tokenizer.special[text]]
    if text.startswith("bytes:"):
        data = bytes.fromhex(text[len("bytes:") :].replace("\\x", ""))
        text = data.decode("utf-8", "replace")
    return [token.id for token in tokenizer.encode(text)]


def to_step(piece: RemoteToken, tokenizer: Tokenizer, *, plain: bool) -> Iterator[Step]:
    """Steps for one piece. `plain`: temperature 1 and no filter, so that the probability drawn from is the model's."""
    ids = ids_of(piece.text, tokenizer)
    known = piece.logprob is not None and len(ids) == 1
    logprob = float(piece.logprob) if known and piece.logprob is not None else math.nan
    others = sorted(piece.others.items(), key=lambda item: -item[1]) if known else []
    alternatives = []
    for text, value in others:
        other = ids_of(text, tokenizer)
        if len(other) == 1:
            alternatives.append(Alternative(other[0], float(value), math.exp(value) if plain else math.nan))
    for token_id in ids:
        yield Step(token_id, logprob, math.exp(logprob) if plain and known else math.nan, tuple(alternatives), 0.0)
