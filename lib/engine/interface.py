"""The boundary between pages and models: what an engine can do, and the data it gives back.

Knows nothing of torch, transformers or Streamlit, so that a page, a figure or a test can import it for free.
`Engine` is what every model can do; `InspectableEngine` what only one on this machine can. Implementations:
`lib.engine.local`, `lib.engine.process` (the same in a process of its own), `lib.engine.remote` (a server).
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lib.engine.running_request import FinishReason, Item, Running
from lib.engine.sampling import Sampling
from lib.errors import PlaygroundError
from lib.tokenization import Tokenizer

__all__ = ["FinishReason", "Item", "Running"]

MAX_BEAMS = 16  # of one search: every beam is a row of the batch
SERVER_ALTERNATIVES = 20  # of a step, as many as servers give (vLLM's default for --max-logprobs)


@dataclass(frozen=True)
class EngineInfo:
    """What is loaded: names, sizes (bytes, tokens) and where it computes."""

    model_id: str
    name: str  # for people: "SmolLM2-135M-Instruct"
    family: str  # transformers' model_type: "gpt2", "llama", "qwen2", ...
    dtype: str  # "float32", "bfloat16", "float16", "int8", or "remote"
    device: str  # "cpu", "cuda", "mps", "remote"
    parameters: int  # tied weights counted once
    vocab_size: int  # rows of the output head: the length of a logits vector
    context: int  # positions the model can attend to
    weight_bytes: int
    kv_bytes: int = 0  # keys and values of one token in all layers


@dataclass(frozen=True)
class Alternative:
    """A token that could have been chosen at a step."""

    id: int
    logprob: float  # ln p under the raw model (temperature 1, no filter)
    prob: float  # probability after temperature and filters; 0 if dropped


@dataclass(frozen=True)
class Step:
    """One generated token. `logprob` is the raw model's, `prob` is after temperature and filters."""

    id: int
    logprob: float
    prob: float
    alternatives: tuple[Alternative, ...]  # likeliest first under the raw model, the chosen one among them if it ranks
    seconds: float  # wall time since the previous token (for the first: since the request)


@dataclass(frozen=True)
class TokenScores:
    """How a model reads a given text: every array has one entry per token after the first (shape (T-1,))."""

    ids: np.ndarray  # int64: the tokens that were there
    logprobs: np.ndarray  # float32: ln p(token | what came before); surprisal in bits is -logprob / ln 2
    ranks: np.ndarray  # int64: 0 when the token was the model's first guess
    guesses: np.ndarray  # int64: the model's first guess
    guess_probs: np.ndarray  # float32
    entropies: np.ndarray  # float32, nats
    next_logits: np.ndarray  # float32 (V,): raw logits after the last token


@dataclass(frozen=True)
class Rivals:
    """What could have followed each of T tokens of a text: the K likeliest, and what makes logits probabilities.

    p(token) = exp(logit / temperature - log_z), over the whole vocabulary, at each of G temperatures.
    """

    ids: np.ndarray  # int64 (T, K): likeliest first; the last row is what may follow the text
    logits: np.ndarray  # float32 (T, K): theirs, raw
    taken: np.ndarray  # float32 (T-1,): the raw logit of the token that did follow
    log_z: np.ndarray  # float64 (T, G): ln of the sum of exp(logit / temperature) over all tokens


@dataclass(frozen=True)
class BeamCandidate:
    """One extension of one beam, considered at one step of beam search."""

    parent: int  # index into the previous step's `beams`
    id: int
    logprob: float  # ln p of this token
    total: float  # sum of log-probabilities of the generated tokens, this one included
    score: float  # total / length ** length_penalty: what hypotheses are ranked by
    kept: bool  # goes on as a beam
    finished: bool  # ended in a stop token and entered the finished hypotheses


@dataclass(frozen=True)
class Hypothesis:
    """A continuation (generated tokens only) and its scores."""

    ids: tuple[int, ...]
    total: float
    score: float


@dataclass(frozen=True)
class BeamStep:
    """Everything beam search looked at in one step."""

    index: int  # 0 for the first generated token
    candidates: tuple[BeamCandidate, ...]  # best total first: num_beams * max(2, 1 + number of stop ids)
    beams: tuple[Hypothesis, ...]  # running beams after the step
    finished: tuple[Hypothesis, ...]  # finished hypotheses so far, best score first
    done: bool
    seconds: float = 0.0  # wall time since the previous step (for the first: since the request)

    @property
    def best(self) -> Hypothesis:
        """The hypothesis that would be returned if the search ended here."""
        return max((*self.finished, *(() if self.done and self.finished else self.beams)), key=lambda h: h.score)


Generation = Running[Step]
BeamSearch = Running[BeamStep]


class Engine(ABC):
    """One model that writes text, safe to share between threads and sessions: here or on a server."""

    info: EngineInfo
    tokenizer: Tokenizer
    stop_ids: frozenset[int]

    @abstractmethod
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
        """Continue `ids`. `stop_ids=None` means the model's own; the stop token is the last Step.

        `owner`: whose text it is (a session); where requests have to wait, slots are dealt out evenly among owners.
        `when_idle`: nobody waits for it: it begins when the model has nothing else to do.
        """

    @abstractmethod
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
        """Beam search, equal to `transformers.generate(num_beams=..., do_sample=False)` token for token."""

    @property
    def alive(self) -> bool:
        """Whether it can still compute: a process that ended took its models with it."""
        return True

    @abstractmethod
    def close(self) -> None:
        """Release the weights and stop the worker. Running requests end with finish_reason "cancelled"."""


class InspectableEngine(Engine):
    """A model on this machine: its logits, how it reads a given text, and what happens inside."""

    @abstractmethod
    def logits(self, ids: Sequence[int], position: int = -1) -> np.ndarray:
        """Raw logits for the token after `position`, float32 (V,). Raises PlaygroundError on empty or too long ids."""

    @abstractmethod
    def score(self, ids: Sequence[int]) -> TokenScores:
        """Log-probability, rank and best guess for every token after the first, in chunks (never (T, V) at once), and
        the logits after the last, all of one pass."""

    @abstractmethod
    def rivals(self, ids: Sequence[int], *, count: int, temperatures: Sequence[float], start: int = 0) -> Rivals:
        """The `count` likeliest tokens after every token of `ids` from `start` on, and ln Z at `temperatures` (above
        0), of one pass. Raises PlaygroundError like `logits`."""

    @abstractmethod
    def run(self, function: str, *args: Any) -> Any:
        """`function(engine, *args)` where the weights are, with the engine that holds them. The function is given by
        its full name, as in "lib.architecture.live_pass.trace"; between processes arguments and result are copied."""


def alternatives_of(engine: Engine, usual: int) -> int:
    """How many to ask for at every step: `usual`, and of a server all it gives, as it cannot be asked again later."""
    return SERVER_ALTERNATIVES if engine.info.device == "remote" else usual


def inspectable(engine: Engine) -> InspectableEngine:
    """`engine`, if it can be looked into. Raises PlaygroundError for a model on a server."""
    if not isinstance(engine, InspectableEngine):
        raise PlaygroundError(
            f"{engine.info.name} is on a server, which gives tokens and a few log-probabilities, not the full logits "
            "and nothing from inside the model. Choose a model on this machine."
        )
    return engine
