"""A training run as a notebook: the same text, tokens, first weights, batches and steps, with torch and transformers.

The rows of a step depend on the seed and the step alone (`lib/training/batches.py`), and the first weights on the seed:
with the page's version of torch the losses are those of the page, up to rounding. Functions that a reader should see as
they are on the page are copied out of their files.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.takehome.csv_files import csv_text
from lib.takehome.notebook_file import Cell, code_cell, literal, long_literal, markdown_cell, notebook
from lib.takehome.parts import opening
from lib.takehome.source_code import copied_code, imports_in
from lib.training import corpus, tokenizer, world
from lib.training.recipe import SIZES, Recipe, inner_width


@dataclass(frozen=True)
class Losses:
    """(step, loss in nats a token) as the page has them."""

    train: Sequence[tuple[int, float]]
    heldout: Sequence[tuple[int, float]]


def losses_csv(losses: Losses) -> str:
    """Step, training loss, held-out loss; a cell is empty where nothing was measured."""
    train, heldout = dict(losses.train), dict(losses.heldout)
    steps = sorted(train.keys() | heldout.keys())
    return csv_text(("step", "training loss", "held-out loss"), [(s, train.get(s), heldout.get(s)) for s in steps])


def training_notebook(recipe: Recipe, folder: Path, losses: Losses) -> str:
    """`folder`: of the run, with its tokenizer.json. Raises TrainingError or OSError where that is gone."""
    entries = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    about = (
        "A small language model, trained from random numbers to sentences. Everything is here: the text, the tokens, "
        "the model, and every step."
    )
    return notebook(
        [
            opening("Train a language model", "Training", about),
            *_settings(recipe),
            *_text(recipe),
            *_tokens(entries, recipe),
            *_model(recipe),
            *_steps(),
            *_beside(losses),
            *_samples(recipe),
        ]
    )


def _settings(recipe: Recipe) -> list[Cell]:
    lines = [
        "# In a new environment, first: pip install torch transformers plotly",
        "import math",
        "from types import SimpleNamespace",
        "",
        "import numpy as np",
        "import plotly.graph_objects as go",
        "import torch",
        "from tokenizers import Tokenizer",
        f"from transformers import {', '.join(_CLASSES[recipe.family])}",
        "",
        f"STEPS, BATCH, CONTEXT, SEED = {recipe.steps}, {recipe.batch}, {recipe.context}, {recipe.seed}",
        f"LEARNING_RATE, WEIGHT_DECAY = {recipe.learning_rate!r}, {recipe.weight_decay!r}",
    ]
    return [markdown_cell("## What is asked"), code_cell("\n".join(lines))]


_CLASSES = {"llama": ("LlamaConfig", "LlamaForCausalLM"), "gpt2": ("GPT2Config", "GPT2LMHeadModel")}


def _text(recipe: Recipe) -> list[Cell]:
    if recipe.text == "world":
        return [
            markdown_cell(
                "## The text\n\nA tiny world, made by a small program. Every choice has a known probability, so each "
                "document comes with how unlikely it is (`nats`)."
            ),
            code_cell(Path(world.__file__).read_text(encoding="utf-8")),
            code_cell(
                f"documents = [d.text for d in generate(seed={corpus.TRAIN_SEED}, documents={corpus.DOCUMENTS})]\n"
                f"held_out = [d.text for d in generate(seed={corpus.HELD_OUT_SEED}, "
                f"documents={corpus.HELD_OUT_DOCUMENTS})]\n"
                "print(documents[0])"
            ),
        ]
    found = corpus.corpus_of(recipe)
    return [
        markdown_cell(
            "## The text\n\nThe first nine tenths are trained on; the last tenth is held out to test the model."
        ),
        code_cell(
            f"documents = [{long_literal(found.text)}]\n"
            f"held_out = [{long_literal(found.held_out_text)}]\n"
            "print(documents[0][:300])"
        ),
    ]


def _tokens(entries: dict[str, object], recipe: Recipe) -> list[Cell]:
    count = len(entries["model"]["vocab"])  # type: ignore[index]
    entries["added_tokens"] = []  # control tokens are put in by number: in a text they are text
    measured = "" if recipe.text == "world" else f"[:{corpus.HELD_OUT_TOKENS + 1}]"
    return [
        markdown_cell(
            "## From text to tokens\n\nThe page's tokenizer: byte-level BPE, learned from this text. Behind its "
            f"entries come {', '.join(f'`{name}`' for name in tokenizer.CONTROL)}; the first ends every document."
        ),
        code_cell(
            f"tokenizer = Tokenizer.from_str({long_literal(json.dumps(entries, ensure_ascii=True))})\n"
            f"end, vocab_size = {count}, {count + len(tokenizer.CONTROL)}\n\n\n"
            "def joined(texts):\n"
            '    """Ids in a row, every document followed by the end token, and where documents begin."""\n'
            "    ids, starts = [end], []\n"
            "    for encoded in tokenizer.encode_batch(texts, add_special_tokens=False):\n"
            "        starts.append(len(ids))\n"
            "        ids += [*encoded.ids, end]\n"
            "    return np.array(ids), np.array(starts)\n\n\n"
            "train, starts = joined(documents)\n"
            "held, held_starts = joined(held_out)\n"
            + (
                ""
                if recipe.text == "world"
                else f"held = held{measured}\nstarts = held_starts = np.zeros(0, dtype=int)  # one document\n"
            )
            + "corpus = SimpleNamespace(train=train, starts=starts, held_out=held, held_out_starts=held_starts)\n"
            "corpus.end = end\n"
            'print(f"{len(train):,} tokens to train on, {len(held):,} to test with, {vocab_size} entries")'
        ),
    ]


def _model(recipe: Recipe) -> list[Cell]:
    size = SIZES[recipe.size]
    if recipe.family == "llama":
        fields = {
            "vocab_size": "vocab_size",
            "num_hidden_layers": size.layers,
            "hidden_size": size.hidden_size,
            "intermediate_size": inner_width(size.hidden_size),
            "num_attention_heads": size.heads,
            "num_key_value_heads": size.heads,
            "max_position_embeddings": "CONTEXT",
            "tie_word_embeddings": True,
        }
    else:
        fields = {
            "vocab_size": "vocab_size",
            "n_layer": size.layers,
            "n_embd": size.hidden_size,
            "n_head": size.heads,
            "n_positions": "CONTEXT",
            "resid_pdrop": 0.0,
            "embd_pdrop": 0.0,
            "attn_pdrop": 0.0,
        }
    config, network = _CLASSES[recipe.family]
    lines = "".join(f"    {name}={value},\n" for name, value in fields.items())
    return [
        markdown_cell(
            "## The model\n\nRandom numbers, drawn from the seed. The output head is the embedding table (tied)."
        ),
        code_cell(
            f"torch.manual_seed(SEED)\nmodel = {network}({config}(\n{lines}"
            "    bos_token_id=end,\n    eos_token_id=end,\n"
            '))\nprint(f"{sum(p.numel() for p in model.parameters()):,} parameters")'
        ),
    ]


def _steps() -> list[Cell]:
    """The loop. `batch_of_step`, `held_out_rows`, the optimizer and its schedule are the page's own."""
    return [
        markdown_cell("## Which rows a step reads, and which the model is tested on"),
        code_cell(
            f"{imports_in('batches.py')}\n\nIGNORE = -100\nCorpus, Ids = SimpleNamespace, np.ndarray\n\n\n"
            + "\n\n\n".join(copied_code("batches.py", ("batch_of_step", "held_out_rows")))
        ),
        markdown_cell("## AdamW, the learning rate of every step, and one update"),
        code_cell(
            f"{imports_in('optimizer.py')}\n\nNetwork = torch.nn.Module\n"
            + "\n".join(copied_code("optimizer.py", ("WARM_UP", "BETAS", "CLIP")))
            + "\n\n\n"
            + "\n\n\n".join(copied_code("optimizer.py", ("adamw", "learning_rate", "update")))
        ),
        markdown_cell(
            "## Training\n\nThe loss is the mean of −ln of the probability that the model gives to the token that "
            "comes. Each step: read a batch, compute the loss, go one step against its gradient."
        ),
        code_cell(_LOOP),
    ]


_LOOP = '''\
def mean_loss(inputs, labels):
    """Cross-entropy in nats a token."""
    logits = model(torch.from_numpy(inputs)).logits
    wanted = torch.from_numpy(labels).flatten()
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted, ignore_index=IGNORE)


@torch.no_grad()
def evaluate():
    """The same on every held-out token, 16 rows at a time."""
    inputs, labels = held_out_rows(corpus, context=CONTEXT)
    total = 0.0
    for at in range(0, len(inputs), 16):
        wanted = labels[at : at + 16]
        total += mean_loss(inputs[at : at + 16], wanted).item() * int((wanted != IGNORE).sum())
    return total / int((labels != IGNORE).sum())


optimizer = adamw(model, WEIGHT_DECAY)
train_losses, held_losses = {}, {0: evaluate()}
for step in range(STEPS):
    inputs, labels = batch_of_step(corpus, seed=SEED, step=step, batch=BATCH, context=CONTEXT)
    loss = mean_loss(inputs, labels)
    update(model, optimizer, loss, learning_rate(step, steps=STEPS, highest=LEARNING_RATE))
    train_losses[step + 1] = loss.item()
    if not math.isfinite(loss.item()):
        print("The loss is no number any more.")
        break
    if (step + 1) % 25 == 0 or step + 1 == STEPS:
        held_losses[step + 1] = evaluate()
        print(f"step {step + 1}: train {loss.item():.3f}, held-out {held_losses[step + 1]:.3f}")
'''


def _beside(losses: Losses) -> list[Cell]:
    shown = [(step, round(loss, 5)) for step, loss in losses.heldout]
    first = [(step, round(loss, 5)) for step, loss in losses.train[:20]]
    return [
        markdown_cell(
            "## Beside the page\n\nThe losses that the page showed. Small differences grow from step to step on "
            "another processor or another version of torch."
        ),
        code_cell(
            f"page_held, page_first = {literal(shown)}, {literal(first)}\n"
            "both = [(train_losses[s], loss) for s, loss in page_first if s in train_losses]\n"
            "difference = max([abs(here - there) for here, there in both], default=0.0)\n"
            'print(f"largest difference to the page in the first 20 steps: {difference:.1e}")\n'
            "fig = go.Figure()\n"
            'fig.add_scatter(x=list(train_losses), y=list(train_losses.values()), name="train")\n'
            'fig.add_scatter(x=list(held_losses), y=list(held_losses.values()), name="held-out")\n'
            'fig.add_scatter(x=[s for s, _ in page_held], y=[p for _, p in page_held], mode="markers", '
            'name="held-out, on the page")\n'
            'fig.add_hline(y=math.log(vocab_size), line_dash="dash", annotation_text="uniform, ln V")\n'
            'fig.update_layout(title="Loss by step", xaxis_title="step", yaxis_title="nats a token")\n'
            "fig.show()"
        ),
    ]


def _samples(recipe: Recipe) -> list[Cell]:
    prompts = ("Once upon a time", "2 + 2 =", "The tiger lives in the") if recipe.text == "world" else ("The", "And")
    return [
        markdown_cell("## What it writes\n\nGreedy: always the likeliest token."),
        code_cell(
            f"for prompt in {literal(list(prompts))}:\n"
            "    ids = tokenizer.encode(prompt, add_special_tokens=False).ids\n"
            "    room = max(0, min(30, CONTEXT - len(ids)))\n"
            "    with torch.no_grad():\n"
            "        for _ in range(room):\n"
            "            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))\n"
            "            if ids[-1] == end:\n"
            "                break\n"
            "    print(repr(tokenizer.decode([i for i in ids if i < end])))"
        ),
    ]
