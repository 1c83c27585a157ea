"""Tokens that an OpenAI-compatible server sent, as engine steps: its names of tokens back to ids of our tokenizer."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lib.engine.interface import Alternative, Step
from lib.engine.remote_events import RemoteToken, TokenName
from lib.engine.server_words import RemoteError, host
from lib.tokenization import Tokenizer


@dataclass
class TokenIds:
    """From a server's names of tokens to ids of `tokenizer`."""

    tokenizer: Tokenizer
    _by_bytes: Mapping[bytes, int] | None = field(default=None, repr=False)

    def of(self, name: TokenName, *, token: bool = True) -> list[int]:
        """The ids; several (or none) for a text that is no single token. Raises RemoteError for an unknown id.

        `token`: it is one, and so may be a control token. A stretch of text never is.
        """
        if name.id is not None:
            return self._named(self._checked(name.id), name.data)
        if token and name.data is None and name.text in self.tokenizer.special:
            return [self.tokenizer.special[name.text]]
        data = name.text.encode() if name.data is None else name.data
        ids = [one.id for one in self.tokenizer.encode(data.decode("utf-8", "replace"))]
        if len(ids) != 1 or self.tokenizer.token_bytes(ids[0]) != data:
            known = self._table().get(data) if token else None
            return ids if known is None else [known]
        return ids

    def _named(self, token_id: int, data: bytes | None) -> list[int]:
        """The token, or all tokens of a character: llama.cpp holds them back until it is whole, and then names the last
        with the bytes of all. Raises RemoteError where the bytes are those of another token."""
        own = self.tokenizer.token_bytes(token_id)
        if not data or data == own or token_id in self.tokenizer.special.values():
            return [token_id]
        whole = self.tokenizer.ids(data.decode("utf-8", "replace"))
        if not data.endswith(own) or whole[-1:] != [token_id]:
            raise self._foreign()
        return whole

    def _checked(self, token_id: int) -> int:
        if not 0 <= token_id < self.tokenizer.vocab_size:
            raise self._foreign()
        return token_id

    def _foreign(self) -> RemoteError:
        return RemoteError(
            f"The server {host()} wrote a token that the tokenizer {self.tokenizer.name} does not have. "
            "PLAYGROUND_REMOTE_TOKENIZER must name the tokenizer of the server’s model."
        )

    def _table(self) -> Mapping[bytes, int]:
        """Token bytes -> id: a part of a character, or a token that encoding would put together otherwise."""
        if self._by_bytes is None:
            control = set(self.tokenizer.special.values())
            ids = (i for i in reversed(range(self.tokenizer.vocab_size)) if i not in control)
            self._by_bytes = {self.tokenizer.token_bytes(i): i for i in ids}
        return self._by_bytes

    def known(self, name: TokenName) -> int | None:
        """The id of an alternative, None where there is no single one."""
        try:
            ids = self.of(name)
        except RemoteError:
            return None
        return ids[0] if len(ids) == 1 else None


def to_steps(sent: RemoteToken, ids: TokenIds, *, plain: bool) -> Iterator[Step]:
    """Steps for one token. `plain`: temperature 1 and no filter, so that the probability drawn from is the model's."""
    found = ids.of(sent.name, token=sent.token)
    known = sent.logprob is not None and bool(found) and (len(found) == 1 or found[-1] == sent.name.id)
    logprob = sent.logprob if known and sent.logprob is not None else math.nan
    others = [(ids.known(name), value) for name, value in sent.others] if known else []
    alternatives = tuple(
        Alternative(other, value, math.exp(value) if plain else math.nan)
        for other, value in others
        if other is not None
    )
    for token_id in found[:-1]:  # what came with the last, without numbers of its own
        yield Step(token_id, math.nan, math.nan, (), 0.0)
    for token_id in found[-1:]:
        yield Step(token_id, logprob, math.exp(logprob) if plain and known else math.nan, alternatives, 0.0)
