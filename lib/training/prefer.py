"""Preference tuning: of two stories that answer the same request, the one that ends well is preferred. Needs torch.

Direct preference optimization, equation 7 of Rafailov et al. 2023 (arXiv:2305.18290); π_ref is the fine-tuned model:

    loss = −log σ(r(preferred) − r(other)),   r(reply) = β · log(π(reply) / π_ref(reply)), the implicit reward
"""

import math
from pathlib import Path

import torch
from torch.nn import functional

from lib.training import network
from lib.training.batches import IGNORE
from lib.training.dialogues import Exchange, TokenizedDialogue, one_seed, story_question, tokenize
from lib.training.events import Stage
from lib.training.finetune import TuningObjective
from lib.training.loop import Baselines
from lib.training.recipe import TrainingError, Tuning
from lib.training.tokenizer import TrainedTokenizer
from lib.training.world import NAMES, Dice, story

BETA = 0.1  # as in the paper's experiments (appendix B)
PAIRS = 8  # in a step
TEST_PAIRS = 32

Rows = tuple[torch.Tensor, torch.Tensor]  # inputs and labels, (2 · pairs, T): first the preferred ones


def pairs(tokenizer: TrainedTokenizer, *, seed: tuple[int, ...], count: int, context: int) -> Rows:
    """Pairs of stories that are the same until they end, one well and one sadly. Raises TrainingError if
    none fits into a row.
    """
    dice = Dice(one_seed(seed))
    made: list[list[TokenizedDialogue]] = []
    for _ in range(20 * count):
        name, tale = dice.pick(NAMES), dice.random.getrandbits(32)
        both = [Exchange(story_question(name), story(Dice(tale), name, happy)) for happy in (True, False)]
        pair = [tokenize(tokenizer, [one]) for one in both]
        if all(len(one.ids) <= context + 1 for one in pair):
            made.append(pair)
        if len(made) == count:
            break
    else:
        raise TrainingError(
            f"In the tokens of this model's text, stories are longer than the {context} that it reads at most, so it "
            "cannot learn how they should end."
        )
    texts = [pair[side] for side in (0, 1) for pair in made]
    longest = max(len(text.ids) for text in texts)
    ids = torch.zeros(len(texts), longest, dtype=torch.long)
    labels = torch.full((len(texts), longest), IGNORE)
    for row, text in enumerate(texts):
        ids[row, : len(text.ids)] = torch.tensor(text.ids)
        labels[row, : len(text.ids)] = torch.tensor(text.ids).where(torch.tensor(text.in_loss), IGNORE)
    return ids[:, :-1], labels[:, 1:]


def log_probabilities(model: network.Network, rows: Rows) -> torch.Tensor:
    """ln of the probability of every row's reply: (rows,)."""
    inputs, labels = rows
    logits = model(inputs, use_cache=False).logits
    of_each = functional.cross_entropy(logits.transpose(1, 2), labels, ignore_index=IGNORE, reduction="none")
    return -of_each.sum(-1)


def reward_margins(model: network.Network, reference: network.Network, rows: Rows) -> torch.Tensor:
    """The margin of every pair: the implicit reward of the preferred story less that of the other one."""
    with torch.no_grad():
        before = log_probabilities(reference, rows)
    preferred, other = (BETA * (log_probabilities(model, rows) - before)).chunk(2)
    return preferred - other


class PreferenceTuning(TuningObjective):
    """Preference tuning on pairs of stories."""

    stage: Stage = "prefer"
    comes_after: Stage = "finetune"
    weight_decay = 0.0

    def __init__(self, tuning: Tuning, folder: Path) -> None:
        super().__init__(tuning, folder)
        self.reference = self.earlier(folder).requires_grad_(False)
        self.test = pairs(self.tokenizer, seed=(2,), count=TEST_PAIRS, context=self.recipe.context)
        self.tokens = int((self.pairs(0)[1] != IGNORE).sum())

    def pairs(self, step: int) -> Rows:
        """The pairs of a step."""
        return pairs(self.tokenizer, seed=(3, self.tuning.seed, step), count=PAIRS, context=self.recipe.context)

    def baselines(self) -> Baselines:
        """A model that prefers neither has the loss ln 2; counting n-grams says nothing here."""
        even, told = math.log(2), int((self.test[1] != IGNORE).sum())
        return Baselines(self.steps * self.tokens, told, even, even, even, even)

    def loss(self, step: int) -> tuple[torch.Tensor, float]:
        """The loss of a step's pairs, and their mean margin."""
        margin = reward_margins(self.network, self.reference, self.pairs(step))
        return -functional.logsigmoid(margin).mean(), float(margin.detach().mean())

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """The loss on pairs that are never trained on."""
        return float(-functional.logsigmoid(reward_margins(self.network, self.reference, self.test)).mean())
