"""The pair that ships with the app, `playground-base` and `playground-chat`: trained, measured, described. Needs torch.

`python -m lib.training` makes both again from the seed. Another machine rounds in another order, so its weights differ
in the last digits; the held-out loss is the same within a per cent.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from lib.errors import PlaygroundError
from lib.models import BASE, CHAT
from lib.models.trained import checkpoint_name
from lib.training import corpus, dialogues, network, snapshot, stages
from lib.training.continuation import continued
from lib.training.events import Ended, Event, HeldOut, Point
from lib.training.finetune import TEST_ROWS
from lib.training.model_card import card
from lib.training.ngrams import losses
from lib.training.pretrain import Pretraining, evaluate
from lib.training.recipe import Recipe, Tuning
from lib.training.tokenizer import END_OF_TURN, TrainedTokenizer
from lib.training.world import NAMES, SEEN, UNSEEN, right, sum_question

RECIPE = Recipe(size="1.9 M", steps=1200, batch=8, context=256, learning_rate=6e-3)
TUNING = Tuning(steps=300, learning_rate=1.5e-3)
FIGURES, CARD, SUMS = "figures.json", "README.md", "SHA256SUMS"
Figures = dict[str, Any]


def make(scratch: Path, target: Path, tell: Callable[[str], None]) -> None:
    """Train the pair in `scratch` and put both folders, their cards and checksums into `target`."""
    for stage in (stages.pretrain(RECIPE, scratch, stop=_never), stages.finetune(TUNING, scratch, stop=_never)):
        for line in _told(stage):
            tell(line)
    _rounded(scratch / checkpoint_name("pretrain", RECIPE.steps), target / BASE)
    _rounded(scratch / checkpoint_name("finetune", TUNING.steps), target / CHAT)
    figures = measured(target)
    (target / FIGURES).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    for model_id in (BASE, CHAT):
        (target / model_id / CARD).write_text(card(model_id, figures, RECIPE, TUNING), encoding="utf-8")
    (target / SUMS).write_text(checksums(target), encoding="utf-8")
    tell(json.dumps(figures))


def _never() -> bool:
    return False


def _told(events: Iterator[Event]) -> Iterator[str]:
    """A line now and then. Raises PlaygroundError if a stage fails."""
    for event in events:
        if isinstance(event, Point) and event.step % 100 == 0:
            yield f"{event.stage} {event.step}: loss {event.loss:.3f}, {event.seconds:.0f} s"
        elif isinstance(event, HeldOut) and event.step % 100 == 0:
            yield f"{event.stage} {event.step}: held-out loss {event.loss:.3f}"
        elif isinstance(event, Ended) and event.how != "done":
            raise PlaygroundError(event.sentence)


def _rounded(checkpoint: Path, folder: Path) -> None:
    """A checkpoint with its weights in float16: half the bytes, and the same first three digits."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(checkpoint, folder)
    weights = {name: weight.half() for name, weight in load_file(checkpoint / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    said = json.loads((folder / "config.json").read_text(encoding="utf-8")) | {"dtype": "float16"}
    (folder / "config.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def measured(target: Path) -> Figures:
    """What the two folders can do, computed in float32 from the weights that are there."""
    data = corpus.corpus_of(RECIPE)
    pretraining = Pretraining(RECIPE, data)
    _put(pretraining.network, target / BASE)
    tokenizer, base = data.tokenizer, pretraining.network
    *_, trigram = losses(data.train, data.held_out, tokenizer.vocab_size)
    table = snapshot.sums(base, tokenizer, lambda a, b: tokenizer.ids(f"{a} + {b} ="))
    figures: Figures = {
        "parameters": network.parameter_count(base),
        "trigram": round(trigram, 4),
        "entropy": round(data.floor or 0.0, 4),
        BASE: {
            "held_out": round(pretraining.held_out_loss(), 4),
            "seen": right(table, SEEN),
            "unseen": right(table, UNSEEN),
        },
    }
    tuned = network.new_network(RECIPE, tokenizer.vocab_size, data.end)
    _put(tuned, target / CHAT)
    table = snapshot.sums(tuned, tokenizer, lambda a, b: dialogues.prompt(tokenizer, sum_question(a, b)))
    figures[CHAT] = {
        "held_out": round(_replies(tuned, tokenizer), 4),
        "seen": right(table, SEEN),
        "unseen": right(table, UNSEEN),
        "stories": _stories(tuned, tokenizer),
    }
    return figures


def _put(model: network.Network, folder: Path) -> None:
    stored = load_file(folder / "model.safetensors")
    network.load_weights(model, {name: weight.float() for name, weight in stored.items()})


def _replies(tuned: network.Network, tokenizer: TrainedTokenizer) -> float:
    """The loss on the replies of dialogues that were not trained on, with sums that were never added."""
    inputs, labels, _ = dialogues.held_out_rows(tokenizer, count=TEST_ROWS, context=RECIPE.context)
    return evaluate(tuned, torch.from_numpy(inputs), torch.from_numpy(labels))


def _stories(tuned: network.Network, tokenizer: TrainedTokenizer) -> int:
    """Of the stories asked for, one about each name: how many are about that name to the end, and end."""
    end = tokenizer.special[END_OF_TURN]
    prompts = [dialogues.prompt(tokenizer, dialogues.story_question(name)) for name in NAMES]
    rows = continued(tuned, prompts, most=120, ends=[end])
    texts = [tokenizer.decode([i for i in row if i != end]) for row in rows]
    return sum(
        text.startswith("Once upon a time") and text.count(name) >= 3 and row[-1] == end
        for name, text, row in zip(NAMES, texts, rows, strict=True)
    )


def checksums(target: Path) -> str:
    """sha256 of the weights, as `sha256sum -c` reads them."""
    files = [f"{model_id}/model.safetensors" for model_id in (BASE, CHAT)]
    return "".join(f"{hashlib.sha256((target / file).read_bytes()).hexdigest()}  {file}\n" for file in files)
