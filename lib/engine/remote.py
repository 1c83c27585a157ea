"""An engine on the other side of an OpenAI-compatible server: prompts go out as ids, tokens come back one by one.

IDs go out because a server that gets text would read a typed `<|im_end|>` as the control token; only where the server
takes no ids is text sent, and only if that text says nothing else than the ids. What the server does not give (full
logits, the probability after the filters, sometimes log-probabilities at all) is said, never made up.
"""

import contextlib
import os
import threading
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import httpx2

from lib import models, tokenization
from lib.engine.interface import SERVER_ALTERNATIVES, BeamSearch, Engine, EngineInfo, Generation, Step
from lib.engine.remote_steps import TokenIds
from lib.engine.remote_stream import Stream
from lib.engine.running_request import Inbox, Progress, Running
from lib.engine.sampling import Sampling
from lib.engine.server import Request, Server
from lib.engine.server_words import RefusedError, RemoteError, host
from lib.models.chat_format import END_OF_TEXT, END_OF_TURN
from lib.settings import settings
from lib.tokenization import Tokenizer

__all__ = ["RemoteEngine", "RemoteError", "load_remote"]

_IDS_ONLY = ("return_tokens_as_token_ids", "stop_token_ids")  # what only servers that take ids know


def load_remote(model_id: str = "") -> "RemoteEngine":
    """The model of the server in the settings. Asks the server for its models once, so that a mistake shows at once.

    The key is read from PLAYGROUND_REMOTE_KEY (a root entry of Streamlit's secrets does as well) and kept in the
    client only. Raises RemoteError or ModelError.
    """
    wanted = model_id or models.remote_id() or ""
    spec = models.spec(wanted)
    tokenizer = tokenization.load(spec.tokenizer)
    server = Server(settings().remote_url, os.environ.get("PLAYGROUND_REMOTE_KEY", "").strip())
    listed = server.models()
    name = wanted.removeprefix("remote:")
    entry = next((one for one in listed if one.name == name), None)
    if entry is None:
        has = server.words.quoted(", ".join(one.name for one in listed[:8]))
        raise RemoteError(f"The server {host()} has no model called {name}. It has: {has}.")
    return RemoteEngine(server, name, spec, tokenizer, entry.context or spec.context)


class RemoteEngine(Engine):
    """One model on a server. Safe to share: every request is its own connection."""

    def __init__(self, server: Server, name: str, spec: models.ModelSpec, tokenizer: Tokenizer, context: int) -> None:
        self.server, self.name, self.tokenizer = server, name, tokenizer
        self.stop_ids = frozenset(
            tokenizer.special[text] for text in END_OF_TURN + END_OF_TEXT if text in tokenizer.special
        )
        self.takes_ids = True  # until the server says otherwise
        self._ids = TokenIds(tokenizer)
        self.info = EngineInfo(
            model_id=spec.id,
            name=spec.name,
            family=spec.family,
            dtype="remote",
            device="remote",
            parameters=spec.parameters,
            vocab_size=spec.vocab_size or tokenizer.vocab_size,
            context=context,
            weight_bytes=0,
        )

    def beam(
        self,
        ids: Sequence[int],
        *,
        num_beams: int,
        length_penalty: float = 1.0,
        max_new_tokens: int,
        stop_ids: frozenset[int] | None = None,
        owner: Hashable = None,
    ) -> BeamSearch:
        raise RemoteError(
            "Beam search is computed on this machine only: a server streams one text, not the beams and what was "
            "pruned. Choose a model on this machine."
        )

    def generate(
        self,
        ids: Sequence[int],
        *,
        sampling: Sampling,
        max_new_tokens: int,
        seed: int = 0,
        stop_ids: frozenset[int] | None = None,
        alternatives: int = 5,
        owner: Hashable = None,
        when_idle: bool = False,
    ) -> Generation:
        if not ids:
            raise RemoteError("There is no text yet: the model needs at least one token to predict the next one.")
        room = self.info.context - len(ids)
        if room < 1:
            raise RemoteError(
                f"The text has {len(ids):,} tokens; {self.info.name} can attend to "
                f"{self.info.context:,}, with room for an answer."
            )
        stops = self.stop_ids if stop_ids is None else stop_ids
        length = min(max_new_tokens, room)
        request, prompt = Request(), [int(i) for i in ids]
        inbox: Inbox[Step] = Inbox(Progress(read=None))  # servers tell neither queue nor progress
        stream = Stream(
            inbox,
            request,
            self._ids,
            self.server.words,
            plain=sampling == Sampling(),
            length=length,
            full="context" if length < max_new_tokens else "length",
            stops=stops,
        )
        options = self._options(sampling, length, seed, alternatives, stops)
        work = lambda: stream.work(lambda: self._open(request, prompt, options))  # noqa: E731
        threading.Thread(target=work, daemon=True, name="remote").start()
        return Running(inbox, len(ids), request.end)

    def _options(
        self, sampling: Sampling, length: int, seed: int, alternatives: int, stops: frozenset[int]
    ) -> dict[str, Any]:
        """What is asked, in the words of the protocol; what is off is left out."""
        names = {token_id: text for text, token_id in self.tokenizer.special.items()}
        options: dict[str, Any] = {
            "model": self.name,
            "max_tokens": length,
            **sampling.filters,
            "repetition_penalty": sampling.repetition_penalty if sampling.repetition_penalty != 1 else None,
            "seed": seed,
            "stream": True,
            "logprobs": min(max(alternatives, 1), SERVER_ALTERNATIVES),
            "stop": [names[i] for i in sorted(stops) if i in names][:4] or None,
            "return_tokens_as_token_ids": True,
            "stop_token_ids": sorted(stops) or None,
        }
        return {key: value for key, value in options.items() if value is not None}

    @contextlib.contextmanager
    def _open(self, request: Request, ids: list[int], options: dict[str, Any]) -> Iterator[httpx2.Response]:
        """Start the stream: with ids, and where the server takes none, with text."""
        refused: RefusedError | None = None
        if self.takes_ids:
            try:
                with self.server.answer(request, "POST", "completions", {"prompt": ids, **options}) as response:
                    yield response
                    return
            except RefusedError as error:
                if error.status not in {400, 422}:
                    raise
                refused = error
        text = self.tokenizer.decode(ids)
        if [token.id for token in self.tokenizer.encode(text, parse_special=True)] != ids:
            raise RemoteError(
                f"The server {host()} takes text only, and as text this prompt would not mean the same: "
                "what somebody typed would become a control token."
            )
        plain = {key: value for key, value in options.items() if key not in _IDS_ONLY}
        with self.server.answer(request, "POST", "completions", {"prompt": text, **plain}) as response:
            self.takes_ids = self.takes_ids and refused is None
            yield response

    def close(self) -> None:
        self.server.close()
