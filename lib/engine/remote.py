"""An engine on the other side of an OpenAI-compatible server: prompts go out as ids, tokens come back one by one.

Ids go out because a server that gets text would read a typed `<|im_end|>` as the control token; only where the server
takes no ids is text sent, and only if that text says nothing else than the ids. What the server does not give (full
logits, the probability after the filters, sometimes log-probabilities at all) is said, never made up.
"""

import os
import threading
import time
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import openai

from lib import models, tokenization
from lib.engine.interface import BeamSearch, Engine, EngineInfo, Generation, Step
from lib.engine.remote_steps import pieces, to_step
from lib.engine.running_request import FinishReason, Inbox, Progress, Running
from lib.engine.sampling import Sampling
from lib.errors import PlaygroundError
from lib.models.chat_format import END_OF_TEXT, END_OF_TURN
from lib.settings import settings
from lib.tokenization import Tokenizer

READ_SECONDS = 120.0  # how long a busy server may think before the next token


class RemoteError(PlaygroundError):
    """The server cannot be reached, or did not do what was asked."""


def load_remote(model_id: str = "") -> "RemoteEngine":
    """The model of the server in the settings. Asks the server for its models once, so that a mistake shows at once.

    The key is read from PLAYGROUND_REMOTE_KEY (a root entry of Streamlit's secrets does as well) and kept in the
    client only. Raises RemoteError or ModelError.
    """
    wanted = model_id or models.remote_id() or ""
    spec = models.spec(wanted)
    client = openai.OpenAI(
        base_url=settings().remote_url,
        api_key=os.environ.get("PLAYGROUND_REMOTE_KEY") or "none",
        max_retries=0,
        timeout=openai.Timeout(READ_SECONDS, connect=settings().connect_seconds),
    )
    with _sentences():
        listed = list(client.models.list())
    name = wanted.removeprefix("remote:")
    entry = next((one for one in listed if one.id == name), None)
    if listed and entry is None:
        raise RemoteError(
            f"The server {host()} has no model called {name}. It has: {', '.join(one.id for one in listed[:8])}."
        )
    context = getattr(entry, "max_model_len", None) or (getattr(entry, "meta", None) or {}).get("n_ctx") or spec.context
    return RemoteEngine(client, name, spec, tokenization.load(spec.tokenizer), int(context))


def host() -> str:
    """The server's name and port, without anything secret that the address may hold."""
    parts = urlsplit(settings().remote_url)
    return f"{parts.hostname or '?'}{f':{parts.port}' if parts.port else ''}"


class RemoteEngine(Engine):
    """One model on a server. Safe to share: every request is its own connection."""

    def __init__(
        self, client: openai.OpenAI, name: str, spec: models.ModelSpec, tokenizer: Tokenizer, context: int
    ) -> None:
        self.client, self.name, self.tokenizer = client, name, tokenizer
        self.stop_ids = frozenset(
            tokenizer.special[text] for text in END_OF_TURN + END_OF_TEXT if text in tokenizer.special
        )
        self.takes_ids = True  # until the server says otherwise
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
            "Beam search needs the scores of every step, which a remote server does not give. "
            "Choose a model on this machine."
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
        names = {token_id: text for text, token_id in self.tokenizer.special.items()}
        length = min(max_new_tokens, room)
        filters = sampling.filters
        options: dict[str, Any] = {
            "model": self.name,
            "max_tokens": length,
            "temperature": filters.pop("temperature"),
            "seed": seed,
            "stream": True,
            "logprobs": max(alternatives, 1),
            "stop": [names[i] for i in sorted(stops) if i in names][:4] or None,
        }
        if (top_p := filters.pop("top_p")) is not None:
            options["top_p"] = top_p
        extra = {
            **filters,
            "return_tokens_as_token_ids": True,
            "repetition_penalty": sampling.repetition_penalty if sampling.repetition_penalty != 1 else None,
        }
        options["extra_body"] = {key: value for key, value in extra.items() if value is not None}
        plain = sampling == Sampling()
        inbox: Inbox[Step] = Inbox(Progress(read=None))  # servers tell neither queue nor progress
        stream = _Stream(self, inbox, plain, length < max_new_tokens)
        stream.start([int(i) for i in ids], options)
        return Running(inbox, len(ids), stream.close)

    def open(self, ids: list[int], options: dict[str, Any]) -> Any:
        """Start the stream: with ids, and where the server takes none, with text."""
        if self.takes_ids:
            try:
                with _sentences(passing=(openai.BadRequestError, openai.UnprocessableEntityError)):
                    return self.client.completions.create(prompt=ids, **options)
            except (openai.BadRequestError, openai.UnprocessableEntityError):
                self.takes_ids = False
        text = self.tokenizer.decode(ids)
        if [token.id for token in self.tokenizer.encode(text, parse_special=True)] != ids:
            raise RemoteError(
                f"The server {host()} takes text only, and as text this prompt would not mean the same: "
                "what somebody typed would become a control token."
            )
        with _sentences():
            return self.client.completions.create(prompt=text, **options)

    def close(self) -> None:
        self.client.close()


class _Stream:
    """A text from the server on its way into an inbox, by a thread of its own: it does nothing but wait.

    Without log-probabilities the steps say NaN.
    """

    def __init__(self, engine: RemoteEngine, inbox: Inbox[Step], plain: bool, capped: bool) -> None:
        self.engine, self.inbox, self.plain, self.capped = engine, inbox, plain, capped
        self._response: Any = None
        self._clock = time.perf_counter()

    def start(self, ids: list[int], options: dict[str, Any]) -> None:
        threading.Thread(target=self._work, args=(ids, options), daemon=True, name="remote").start()

    def close(self) -> None:
        """Nobody wants more."""
        if self._response is not None:
            self._response.close()

    def _work(self, ids: list[int], options: dict[str, Any]) -> None:
        try:
            self._response = self.engine.open(ids, options)
            if self.inbox.over:  # while we asked
                self.close()
            else:
                with _sentences():
                    self.inbox.end(self._take(self._response))
        except PlaygroundError as error:
            self.inbox.end(None, error)
        except Exception as error:  # a thread has nobody above it: the page says what happened
            self.inbox.end(None, RemoteError(f"The server {host()} sent something unexpected: {error}"))

    def _take(self, response: Any) -> FinishReason:
        reason: FinishReason = "stop"
        for chunk in response:
            for choice in chunk.choices[:1]:
                if choice.finish_reason == "length":
                    reason = "context" if self.capped else "length"
                for piece in pieces(choice):
                    for step in to_step(piece, self.engine.tokenizer, plain=self.plain):
                        now = time.perf_counter()
                        self.inbox.give(replace(step, seconds=now - self._clock), None)
                        self._clock = now
            if self.inbox.over:
                break
        return reason


class _sentences:  # noqa: N801 (reads as a statement)
    """Turn the client's errors into sentences. The key is in none of them."""

    def __init__(self, passing: tuple[type[BaseException], ...] = ()) -> None:
        self.passing = passing

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, self.passing):
            return
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            raise RemoteError(f"The server {host()} does not accept the key in PLAYGROUND_REMOTE_KEY.") from None
        if isinstance(error, openai.APITimeoutError):
            raise RemoteError(f"The server {host()} did not answer in time.") from None
        if isinstance(error, openai.NotFoundError):
            raise RemoteError(f"The server {host()} does not know this model or has no completions.") from None
        if isinstance(error, openai.RateLimitError):
            raise RemoteError(f"The server {host()} is busy or the quota is used up. Try again in a moment.") from None
        if isinstance(error, openai.APIStatusError):
            raise RemoteError(f"The server {host()} refused the request (status {error.status_code}).") from None
        if isinstance(error, openai.OpenAIError | OSError) or type(error).__module__.startswith("http"):
            raise RemoteError(f"The server {host()} cannot be reached, or its answer broke off.") from None
