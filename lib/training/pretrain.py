"""Pre-training: predict the next token of a text, at every place. Needs torch."""

import math
import re
from typing import Any

import torch
from torch.nn import functional

from lib.training import batches, network, ngrams, snapshot
from lib.training.corpus import Corpus
from lib.training.events import Snapshot, Stage
from lib.training.loop import Baselines
from lib.training.network import Network
from lib.training.recipe import Recipe
from lib.training.world import ADJECTIVES, COLOURS, HAPPY, HOMES, UNTOLD

STORY = (
    "Once upon a time, there was a little baker named Nora. Nora lived near the river. "
    "One day, Nora found a red kite at the river. Nora gave the kite to Omar."
)
SEEN_BY_A_HEAD = STORY[: STORY.index(" found")]  # to go on, one has to know who the story is about
PROMPTS = ("Once upon a time", "What is 2 + 2?", "7 + 5 =", "The fox lives in the", f"The {UNTOLD} lives in the")
BELIEFS = {  # prompt -> next word -> its true probability
    "Once upon a time, there was a": {f" {word}": share for word, share in ADJECTIVES.items()},
    STORY[: STORY.index(" red")]: {f" {word}": share for word, share in COLOURS.items()},
    STORY: {" Nora": HAPPY, " Then": 1 - HAPPY},  # the two ways in which stories end
    "The fox lives in the": {f" {HOMES['fox'][0]}": 1.0},
    "2 + 2 =": {" 4": 1.0},
}


def mean_loss(network: Network, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy in nats a token: −ln of the probability that the model gives to the token that comes."""
    logits = network(inputs, use_cache=False).logits
    return functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=batches.IGNORE)


@torch.no_grad()
def evaluate(network: Network, inputs: torch.Tensor, labels: torch.Tensor, rows: int = 16) -> float:
    """`mean_loss` over many rows, some at a time, so that memory stays small."""
    total = 0.0
    for part, wanted in zip(inputs.split(rows), labels.split(rows), strict=True):
        total += float(mean_loss(network, part, wanted)) * int((wanted != batches.IGNORE).sum())
    return total / int((labels != batches.IGNORE).sum())


class Pretraining:
    """Pre-training by a recipe, on its corpus."""

    stage: Stage = "pretrain"

    def __init__(self, recipe: Recipe, data: Corpus) -> None:
        self.recipe, self.data, self.tokenizer = recipe, data, data.tokenizer
        self.steps, self.learning_rate, self.weight_decay = recipe.steps, recipe.learning_rate, recipe.weight_decay
        self.network = network.new_network(recipe, self.tokenizer.vocab_size, data.end)
        inputs, labels = batches.held_out_rows(data, context=recipe.context)
        self.test = torch.from_numpy(inputs), torch.from_numpy(labels)
        world = recipe.text == "world"
        self.prompts = PROMPTS if world else openings(data.held_out_text)
        self.looked_at = SEEN_BY_A_HEAD if world else data.held_out_text[:100]
        self.labels = snapshot.labels_of(self.tokenizer, data.text, world=world)
        self.tokens = recipe.batch * min(recipe.context, len(data.train) - 1)

    def baselines(self) -> Baselines:
        """What counting alone reaches."""
        data, size = self.data, self.tokenizer.vocab_size
        counted = ngrams.losses(data.train, data.held_out, size)
        return Baselines(len(data.train) - 1, len(data.held_out) - 1, math.log(size), *counted, data.floor)

    def loss(self, step: int) -> tuple[torch.Tensor, None]:
        """The loss of a step's rows."""
        recipe = self.recipe
        inputs, labels = batches.batch_of_step(
            self.data, seed=recipe.seed, step=step, batch=recipe.batch, context=recipe.context
        )
        return mean_loss(self.network, torch.from_numpy(inputs), torch.from_numpy(labels)), None

    def held_out_loss(self) -> float:
        """The loss on every held-out token."""
        return evaluate(self.network, *self.test)

    def snapshot(self, step: int, checkpoint: str, notes: dict[str, Any]) -> Snapshot:
        """Samples, the map, a head, sums and beliefs."""
        network, tokenizer, world = self.network, self.tokenizer, self.recipe.text == "world"
        return Snapshot(
            stage=self.stage,
            step=step,
            checkpoint=checkpoint,
            samples=snapshot.samples(network, tokenizer, {prompt: tokenizer.ids(prompt) for prompt in self.prompts}),
            sums=snapshot.sums(network, tokenizer, lambda a, b: tokenizer.ids(f"{a} + {b} =")) if world else (),
            beliefs=snapshot.beliefs(network, tokenizer, BELIEFS) if world else {},
            **snapshot.inside(network, tokenizer, self.labels, tokenizer.ids(self.looked_at), notes),
        )


def openings(text: str) -> tuple[str, ...]:
    """Three places of a text, four words each, to be continued.

    >>> openings("one two three four five six seven eight nine ten eleven twelve")[1]
    'five six seven eight'
    """
    words = re.findall(r"\S+", text)
    places = (0, len(words) // 3, 2 * len(words) // 3)
    return tuple(dict.fromkeys(" ".join(words[at : at + 4])[:80] for at in places))
