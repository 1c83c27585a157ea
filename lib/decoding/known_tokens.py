"""What a server gives of a distribution: its likeliest tokens with their log-probabilities, the rest as one number.

The model's own probabilities (T = 1) are exact, and what the others have together is what is missing to 1. A strategy
can be followed from these tokens alone where it drops all the others: greedy, and top-k with a k up to their number,
at any temperature, as that changes no order and what was dropped takes no part any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lib.engine import SERVER_ALTERNATIVES, Sampling, Step
from lib.engine.sampling import Distribution, distribution
from lib.errors import PlaygroundError


@dataclass(frozen=True)
class KnownTokens:
    """The likeliest tokens of one place, likeliest first, and how many tokens there are in all."""

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    vocab_size: int

    @classmethod
    def of(cls, step: Step, vocab_size: int) -> "KnownTokens":
        """From a server's step. Raises PlaygroundError where it gave no log-probabilities."""
        known = dict(sorted(((a.id, a.logprob) for a in step.alternatives), key=lambda pair: -pair[1]))
        pairs = [(i, p) for i, p in known.items() if 0 <= i < vocab_size][:SERVER_ALTERNATIVES]
        if not pairs:
            raise PlaygroundError("The server gave no log-probabilities here, so there is no distribution to show.")
        return cls(tuple(i for i, _ in pairs), tuple(p for _, p in pairs), vocab_size)

    @property
    def probs(self) -> np.ndarray:
        """float64 (V,): the model's probabilities (T = 1), 0 for tokens that are not known."""
        found = np.zeros(self.vocab_size)
        found[list(self.ids)] = np.exp(self.logprobs)
        return found

    @property
    def rest(self) -> float:
        """What all other tokens have together.

        >>> round(KnownTokens((3, 1), (float(np.log(0.5)), float(np.log(0.3))), 10).rest, 6)
        0.2
        """
        return max(0.0, 1.0 - float(np.exp(self.logprobs).sum()))

    def follows(self, sampling: Sampling) -> bool:
        """Whether these tokens are all that the strategy can choose from."""
        few = sampling.temperature == 0 or (sampling.top_k is not None and sampling.top_k <= len(self.ids))
        return few and sampling.repetition_penalty == 1

    def after(self, sampling: Sampling) -> Distribution:
        """The distribution after temperature and filters, over the whole vocabulary; only where it `follows`.

        Log-probabilities are logits but for a constant, which no softmax sees.
        """
        if not self.follows(sampling):
            raise PlaygroundError(f"{len(self.ids)} tokens do not say what these settings do to all the others.")
        found = distribution(np.array(self.logprobs), **sampling.filters)
        return Distribution(self._spread(found.probs, 0.0), self._spread(found.kept, False), found.entropy)

    def _spread(self, values: Sequence[float] | np.ndarray, other: float) -> np.ndarray:
        """Values of these tokens in their places, (V,)."""
        given = np.asarray(values)
        whole = np.full(self.vocab_size, other, dtype=given.dtype)
        whole[list(self.ids)] = given
        return whole
