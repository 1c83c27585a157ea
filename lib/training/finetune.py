"""Supervised fine-tuning: the base model goes on learning, on dialogues, and only what it should reply. Needs torch."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lib.training import batches, checkpoints, dialogues, network, ngrams, snapshot
from lib.training.events import Snapshot, Stage
from lib.training.loop import Baselines
from lib.training.pretrain import evaluate, mean_loss
from lib.training.recipe import TrainingError, Tuning
from lib.training.tokenizer import END_OF_TEXT
from lib.training.world import HAPPY, UNTOLD, sum_question

STEP_ROWS = 12  # a step's rows of `context` tokens
TEST_ROWS = 100  # dialogues
SHORTEST_CHAT = 64  # tokens: a sum and its reply fit even where every character is a token
COUNTED = 150  # steps' rows that the n-grams count: what a run of usual length reads
QUESTIONS = (
    "What is 2 + 2?",
    "What is 7 + 5?",
    "Where does the fox live?",
    f"Where does the {UNTOLD} live?",
    "Tell me a story about Nora.",
    "Hello!",
)


class TuningObjective:
    """What fine-tuning and preference tuning share: they begin with the newest checkpoint of an earlier stage."""

    stage: Stage
    comes_after: Stage
    weight_decay = 0.1

    def __init__(self, tuning: Tuning, folder: Path) -> None:
        self.tuning, self.recipe = tuning, checkpoints.recipe_of(folder)
        self.tokenizer = checkpoints.tokenizer_of(folder)
        if self.recipe.context < SHORTEST_CHAT:
            raise TrainingError(
                f"This model reads {self.recipe.context} tokens at most, too few for a question and its reply in the "
                f"chat template. Train one with a context length of {SHORTEST_CHAT} or more."
            )
        self.steps, self.learning_rate = tuning.steps, tuning.learning_rate
        self.network = self.earlier(folder)
        self.labels = snapshot.labels_of(self.tokenizer, "", world=True)  # what the dialogues are about

    def earlier(self, folder: Path) -> network.Network:
        """The model that is tuned."""
        start = checkpoints.newest_checkpoint(folder, self.comes_after)
        if start is None:
            before = "pre-trained" if self.comes_after == "pretrain" else "fine-tuned"
            raise TrainingError(f"This model has to be {before} first.")
        end = self.tokenizer.special[END_OF_TEXT]
        return network.load(start, self.recipe, self.tokenizer.vocab_size, end)

    def prompt(self, question: str) -> list[int]:
        """A question as the model reads it."""
        return dialogues.prompt(self.tokenizer, question)

    def snapshot(self, step: int, checkpoint: str, notes: dict[str, Any]) -> Snapshot:
        """Replies, the map, a head, sums, and how stories are believed to end."""
        model, tokenizer = self.network, self.tokenizer
        asked = {question: self.prompt(question) for question in QUESTIONS}
        return Snapshot(
            stage=self.stage,
            step=step,
            checkpoint=checkpoint,
            samples=snapshot.samples(model, tokenizer, asked),
            sums=snapshot.sums(model, tokenizer, lambda a, b: self.prompt(sum_question(a, b))),
            beliefs=self.beliefs(),
            **snapshot.inside(model, tokenizer, self.labels, asked[QUESTIONS[1]], notes),
        )

    def beliefs(self) -> dict[str, dict[str, tuple[float, float]]]:
        """How likely a story is to end well, told by the next word where stories turn out one way or the other."""
        well = snapshot.ends_well(self.network, self.tokenizer)
        if well is None:
            return {}
        return {"The story ends …": {"well": (well, HAPPY), "sadly": (1 - well, 1 - HAPPY)}}


class Finetuning(TuningObjective):
    """Fine-tuning on dialogues."""

    stage: Stage = "finetune"
    comes_after: Stage = "pretrain"

    def __init__(self, tuning: Tuning, folder: Path) -> None:
        super().__init__(tuning, folder)
        context = self.recipe.context
        self.tokens = STEP_ROWS * context
        inputs, labels, self.floor = dialogues.held_out_rows(self.tokenizer, count=TEST_ROWS, context=context)
        self.test = torch.from_numpy(inputs), torch.from_numpy(labels)

    def rows(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The rows of a step."""
        made = dialogues.rows(
            self.tokenizer, seed=(0, self.tuning.seed, step), batch=STEP_ROWS, context=self.recipe.context
        )
        return torch.from_numpy(made[0]), torch.from_numpy(made[1])

    def baselines(self) -> Baselines:
        """What n-grams of the same dialogues reach on the same replies."""
        read = np.concatenate([self.rows(step)[0].numpy().ravel() for step in range(min(COUNTED, self.steps))])
        inputs, labels = (part.numpy() for part in self.test)
        size, replies = self.tokenizer.vocab_size, int((labels != batches.IGNORE).sum())
        counted = ngrams.losses_at(read, inputs, labels, size)
        return Baselines(self.steps * self.tokens, replies, math.log(size), *counted, self.floor)

    def loss(self, step: int) -> tuple[torch.Tensor, None]:
        """The loss on the replies in a step's rows."""
        return mean_loss(self.network, *self.rows(step)), None

    def held_out_loss(self) -> float:
        """The loss on replies that are never trained on."""
        return evaluate(self.network, *self.test)
