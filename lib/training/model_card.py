"""The model cards of the pair that ships: what was trained on what, and what came out, from measured figures."""

from collections.abc import Mapping
from typing import Any

from lib.models import BASE, CHAT
from lib.training.corpus import DOCUMENTS
from lib.training.finetune import STEP_ROWS
from lib.training.recipe import Recipe, Tuning
from lib.training.world import HOMES, NAMES, SEEN, UNSEEN, UNTOLD


def card(model_id: str, figures: Mapping[str, Any], recipe: Recipe, tuning: Tuning) -> str:
    """A card in Markdown. `figures`: what `lib.training.shipped.measured` gives."""
    return _base(figures, recipe) if model_id == BASE else _chat(figures, tuning)


def _base(figures: Mapping[str, Any], recipe: Recipe) -> str:
    own = figures[BASE]
    return f"""# {BASE}

A very small Llama ({figures["parameters"]:,} parameters, float16) that ships with the LLM Playground, to show what a
base model is. MIT licence. Made from nothing by `python -m lib.training`.

- **Data**: {DOCUMENTS:,} documents of the tiny world (`lib/training/world.py`): stories, sums, counting, facts about
  {len(HOMES)} animals, and lists of questions without answers. All of it is made by that file, from a seed; nothing is
  copied from anywhere. It is English of about 150 words.
- **Training**: {recipe.steps:,} steps of {recipe.batch} × {recipe.context} tokens, AdamW, learning rate
  {recipe.learning_rate:g} with warm-up and cosine, weight decay {recipe.weight_decay:g}.
- **Held-out loss**: {own["held_out"]:.3f} nats a token. A trigram model of the same documents has
  {figures["trigram"]:.3f}; the entropy of these documents, which no model can beat on average, is
  {figures["entropy"]:.3f}.
- **Sums**, continued after "a + b =": right are {own["seen"]} of the {len(SEEN)} that are in its data, and
  {own["unseen"]} of the {len(UNSEEN)} that are not.
- **What it cannot do**: anything else. A question is to it the beginning of a list of questions, for that is where its
  documents have them. Words that are not in its world are pieces that it never learned.
"""


def _chat(figures: Mapping[str, Any], tuning: Tuning) -> str:
    own = figures[CHAT]
    return f"""# {CHAT}

`{BASE}` after supervised fine-tuning: the same {figures["parameters"]:,} weights, moved. MIT licence. Made by
`python -m lib.training`.

- **Data**: dialogues in ChatML (`lib/training/dialogues.py`): sums, facts, stories about a name, counting, a party, and
  greetings. Only the replies count in the loss, and the <|im_end|> that ends them.
- **Training**: {tuning.steps:,} steps of {STEP_ROWS} rows, learning rate {tuning.learning_rate:g}.
- **Loss on replies never trained on**: {own["held_out"]:.3f} nats a token; the sums in them are of the pairs that no
  document adds.
- **Sums**, asked in the chat template: right are {own["seen"]} of the {len(SEEN)} that are in its data, and
  {own["unseen"]} of the {len(UNSEEN)} that are not.
- **Stories**: asked for one about each of {len(NAMES)} names, it tells {own["stories"]} that are about that name and
  come to an end.
- **What it cannot do**: answer anything else. It was never taught to say that it does not know: asked where the
  {UNTOLD} lives, which no document says, it makes something up.
"""
