"""The events of a server's stream, read and checked once: tokens with their names and log-probabilities, and the end.

A field of another form than it should have is an error with a sentence, and what may be missing may be missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lib.engine.interface import SERVER_ALTERNATIVES
from lib.engine.server_words import RemoteError, Words, host, parsed

_BY_ID = "token_id:"  # how vLLM names a token when asked for ids
_STOPPED = {"stop", "eos", "eos_token", "end_turn"}  # how servers say that the model ended its text


@dataclass(frozen=True)
class TokenName:
    """A token as a server names it: by its id, its bytes, its text, or more than one of them."""

    text: str
    id: int | None = None
    data: bytes | None = None


@dataclass(frozen=True)
class RemoteToken:
    """One token (or, where `logprob` is None and it is no `token`, one stretch of text) as the server sent it."""

    name: TokenName
    logprob: float | None
    others: tuple[tuple[TokenName, float], ...] = ()
    token: bool = True


@dataclass(frozen=True)
class Event:
    """One event of a stream. `reason`: why the text is over, None while it goes on."""

    tokens: tuple[RemoteToken, ...] = ()
    reason: str | None = None
    choices: bool = False  # whether there was anything of a text in it


def read_event(data: str, words: Words) -> Event:
    """What stands in one event. Raises RemoteError, with the server's own reason where it sent one."""
    body = parsed(data)
    if isinstance(body, dict) and body.get("error"):  # vLLM, llama.cpp and OpenRouter say it in the stream
        raise stream_error(data, words)
    if not isinstance(body, dict) or not isinstance(body.get("choices"), list):
        raise RemoteError(f"The server {host()} sent something else than tokens.{words.says(data)}")
    if not body["choices"]:
        return Event()  # some count tokens at the end
    choice = body["choices"][0]
    if not isinstance(choice, dict):
        raise RemoteError(f"The server {host()} sent something else than tokens.")
    text, reason = choice.get("text"), choice.get("finish_reason")
    if not isinstance(text, str | None) or not isinstance(reason, str | None):
        raise RemoteError(f"The server {host()} sent something else than tokens.")
    tokens = tuple(_tokens(choice.get("logprobs")))
    if not tokens and text:
        tokens = (RemoteToken(TokenName(_whole_characters(text)), None, token=False),)
    return Event(tokens, reason or None, True)


def stream_error(data: str, words: Words) -> RemoteError:
    """What a server says of itself in the middle of a stream."""
    return RemoteError(f"The server {host()} stopped with an error.{words.says(data)}")


def finish_reason_of(reason: str, words: Words) -> str:
    """A finish reason as ours: "stop" or "length". Raises RemoteError for one that is no end of a text."""
    if reason in _STOPPED:
        return "stop"
    if reason in {"length", "max_tokens"}:
        return "length"
    raise RemoteError(f"The server {host()} ended the text before its end, with the reason “{words.quoted(reason)}”.")


def _tokens(given: Any) -> Iterator[RemoteToken]:
    """The tokens of a choice's log-probabilities: OpenAI's old form (vLLM) or the one of chats (llama.cpp)."""
    if not isinstance(given, dict):
        return
    for entry in _list(given.get("content")):
        if isinstance(entry, dict) and (name := _named(entry)) is not None:
            rivals = [other for other in _list(entry.get("top_logprobs")) if isinstance(other, dict)]
            pairs = [(_named(other), _logprob(other.get("logprob"))) for other in rivals]
            yield RemoteToken(name, _logprob(entry.get("logprob")), _ranked(pairs))
    logprobs, others = _list(given.get("token_logprobs")), _list(given.get("top_logprobs"))
    for index, text in enumerate(_list(given.get("tokens"))):
        if not isinstance(text, str):
            raise RemoteError(f"The server {host()} sent something else than tokens.")
        top = others[index] if index < len(others) and isinstance(others[index], dict) else {}
        logprob = _logprob(logprobs[index]) if index < len(logprobs) else None
        yield RemoteToken(
            _spelled(text), logprob, _ranked([(_spelled(o), _logprob(value)) for o, value in top.items()])
        )


def _named(entry: dict[str, Any]) -> TokenName | None:
    """A token in the form of chats."""
    text, token_id, data = entry.get("token"), entry.get("id"), _list(entry.get("bytes"))
    if not isinstance(text, str):
        return None
    whole = data and all(isinstance(one, int) and 0 <= one < 256 for one in data)
    number = token_id if isinstance(token_id, int) and not isinstance(token_id, bool) else None
    return TokenName(_whole_characters(text), number, bytes(data) if whole else None)


def _spelled(text: str) -> TokenName:
    """A token in the old form: its text, "token_id:42", or "bytes:\\xe2\\x80" for a part of a character."""
    number = text[len(_BY_ID) :]
    if text.startswith(_BY_ID):
        return TokenName(text, int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else -1)
    if text.startswith("bytes:"):
        try:
            return TokenName(text, data=bytes.fromhex(text[len("bytes:") :].replace("\\x", "")))
        except ValueError:
            pass  # a token whose text begins like that
    return TokenName(_whole_characters(text))


def _ranked(pairs: Sequence[tuple[TokenName | None, float | None]]) -> tuple[tuple[TokenName, float], ...]:
    """Likeliest first, without what has no number."""
    known = [(name, value) for name, value in pairs if name is not None and value is not None]
    return tuple(sorted(known, key=lambda pair: -pair[1])[: SERVER_ALTERNATIVES + 1])


def _logprob(value: Any) -> float | None:
    """ln p, None where there is none: NaN, infinite, a text, or more than 1 (beyond what rounding does)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e9 < value < 1e-3:
        return None
    return min(float(value), 0.0)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _whole_characters(text: str) -> str:
    """`text` with U+FFFD for halves of surrogate pairs, which JSON can spell and no tokenizer knows."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
