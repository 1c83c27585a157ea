"""A model in training, looked at: what it writes, where its tokens lie, what one head attends to, what it can add."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lib.training import dialogues
from lib.training.continuation import continued
from lib.training.events import Sample
from lib.training.network import Network
from lib.training.tokenizer import END_OF_TEXT, END_OF_TURN, TrainedTokenizer
from lib.training.world import ANIMALS, COLOURS, FOODS, NAMES, NUMBERS, PLACES, THINGS, Dice, story

Floats = NDArray[np.float64]
LONGEST_SAMPLE = 72  # tokens: a whole story
LONGEST_LOOK = 40
LABELS, FEWEST_LABELS = 60, 20


def samples(network: Network, tokenizer: TrainedTokenizer, asked: dict[str, list[int]]) -> tuple[Sample, ...]:
    """Each prompt, by the name it is shown under, continued greedily."""
    ends = [tokenizer.special[END_OF_TEXT], tokenizer.special[END_OF_TURN]]
    rows = continued(network, list(asked.values()), most=LONGEST_SAMPLE, ends=ends)
    return tuple(
        Sample(name, tokenizer.decode([i for i in row if i not in ends]), bool(row) and row[-1] in ends)
        for name, row in zip(asked, rows, strict=True)
    )


def sums(
    network: Network, tokenizer: TrainedTokenizer, ask: Callable[[int, int], list[int]]
) -> tuple[tuple[str, ...], ...]:
    """The table of a + b: the number that the model writes, [a][b]. `ask`: the ids of a sum's prompt."""
    ends = [tokenizer.special[END_OF_TEXT], tokenizer.special[END_OF_TURN]]
    prompts = [ask(a, b) for a in NUMBERS for b in NUMBERS]
    rows = continued(network, prompts, most=8, ends=ends)
    found = [result(tokenizer.decode([i for i in row if i not in ends])) for row in rows]
    return tuple(tuple(found[a * len(NUMBERS) : (a + 1) * len(NUMBERS)]) for a in NUMBERS)


def result(text: str) -> str:
    """The number that a text gives as the result: after the first "=" if there is one, else at its beginning.

    >>> result(" 4. 3 + 3 = 6."), result("2 + 2 = 4."), result("2 + 2 is even.")
    ('4', '4', '')
    """
    found = re.match(r"(?:\d+ \+ \d+ =)? ?(\d+)\b(?! ?[+=\d])", text)
    return found[1] if found else ""


def labels_of(tokenizer: TrainedTokenizer, text: str, *, world: bool) -> dict[str, int]:
    """Tokens for the embedding map: of the tiny world its names, things and numbers that are one token; of any other
    text its most frequent words.
    """
    if world:
        words: Sequence[str] = (*NAMES, *ANIMALS, *THINGS, *PLACES, *COLOURS, *FOODS, *map(str, range(25)))
    else:
        words = [word for word, _ in Counter(re.findall(r"[^\W\d_]{2,}", text)).most_common(400)]
    cut = {word: tokenizer.ids(f" {word}") for word in words}
    whole = {word: ids[0] for word, ids in cut.items() if len(ids) == 1}
    if len(whole) < FEWEST_LABELS:  # a short text, or one without words: its characters, and those of any text
        characters = [*(sign for sign, _ in Counter(text).most_common(400)), *map(chr, range(33, 127))]
        whole |= {sign: ids[0] for sign in characters if sign.strip() and len(ids := tokenizer.ids(sign)) == 1}
    return whole if world else dict(list(whole.items())[:LABELS])


def embedding_map(embedding: torch.Tensor, before: Sequence[Sequence[float]] | None) -> Floats:
    """(n, 2): embeddings (n, d) on the plane of their two greatest principal components.

    Which way the axes of a plane point is open: it is turned (and mirrored) so that the points lie as close as they can
    to where they were `before` (orthogonal Procrustes, Schönemann 1966), or the map would flip as it learns.
    """
    centred = embedding.double().numpy() - embedding.double().numpy().mean(0)
    left, size, _ = np.linalg.svd(centred, full_matrices=False)
    points: Floats = left[:, :2] * size[:2]
    if before is None:
        return points
    turn, _, back = np.linalg.svd(points.T @ np.array(before))
    turned: Floats = points @ (turn @ back)
    return turned


@torch.no_grad()
def sharpest_head(network: Network, ids: list[int]) -> tuple[str, Floats]:
    """One head's attention over a text, (T, T), and its name: the head that, at the last token, attends most to a
    single token between the first and the last.

    The first is left out because heads that find nothing rest there (attention sinks, Xiao et al. 2023).
    """
    network.set_attn_implementation("eager")  # the one that gives its weights back
    try:
        layers = network(torch.tensor([ids]), output_attentions=True).attentions
    finally:
        network.set_attn_implementation("sdpa")
    weights = torch.stack([layer[0] for layer in layers]).double()  # (layers, heads, T, T)
    most = weights[:, :, -1, 1:-1].amax(-1)
    layer, head = divmod(int(most.argmax()), weights.shape[1])
    return f"layer {layer + 1}, head {head + 1}", weights[layer, head].numpy()


@torch.no_grad()
def beliefs(
    network: Network, tokenizer: TrainedTokenizer, truths: dict[str, dict[str, float]]
) -> dict[str, dict[str, tuple[float, float]]]:
    """{prompt: {word: (the model's probability, the true one)}}. A word of several tokens: their product."""
    asked = [(prompt, word, tokenizer.ids(prompt), tokenizer.ids(word)) for prompt in truths for word in truths[prompt]]
    longest = network.config.max_position_embeddings
    asked = [(prompt, word, ids[len(more) - longest :], more) for prompt, word, ids, more in asked]  # the last ones
    longest = max(len(ids) + len(more) for *_, ids, more in asked)
    rows = torch.zeros(len(asked), longest, dtype=torch.long)  # padded on the right: nobody looks there
    for row, (*_, prompt_ids, word_ids) in enumerate(asked):
        rows[row, : len(prompt_ids) + len(word_ids)] = torch.tensor(prompt_ids + word_ids)
    likely = network(rows).logits.double().log_softmax(-1)
    found: dict[str, dict[str, tuple[float, float]]] = {prompt: {} for prompt in truths}
    for row, (prompt, word, prompt_ids, word_ids) in enumerate(asked):
        places = torch.arange(len(prompt_ids) - 1, len(prompt_ids) + len(word_ids) - 1)
        probability = float(likely[row, places, torch.tensor(word_ids)].sum().exp())
        found[prompt][word.strip()] = (probability, truths[prompt][word])
    return found


def inside(
    network: Network, tokenizer: TrainedTokenizer, labels: dict[str, int], ids: list[int], notes: dict[str, Any]
) -> dict[str, Any]:
    """The fields of a Snapshot that show the weights and what they do: the map and a head.

    `ids`: what the head looks at; `notes` holds the last map.
    """
    embedding = network.get_input_embeddings().weight.detach()[list(labels.values())]
    points = embedding_map(embedding, notes.get("points"))
    notes["points"] = points.tolist()
    ids = ids[: min(LONGEST_LOOK, network.config.max_position_embeddings)]
    head, attention = sharpest_head(network, ids)
    return {
        "labels": tuple(labels),
        "points": frozen(points),
        "tokens": tuple(tokenizer.decode([token_id]) for token_id in ids),
        "attention": frozen(attention),
        "head": head,
    }


@torch.no_grad()
def ends_well(network: Network, tokenizer: TrainedTokenizer, count: int = 48) -> float | None:
    """The probability that a story ends well, the mean over stories told up to where it is decided: the hero's name
    follows there, or "Then". Read from the model, not sampled: no chance is in it. None if no story fits into a row.
    """
    dice, rows, names = Dice(4), list[list[int]](), list[int]()
    for _ in range(2 * count):
        name = dice.pick(NAMES)
        told = story(dice, name, happy=False).split(" Then")[0]
        row = [*dialogues.prompt(tokenizer, dialogues.story_question(name)), *tokenizer.ids(told)]
        if len(row) <= network.config.max_position_embeddings and len(rows) < count:
            rows.append(row)
            names.append(tokenizer.ids(f" {name}")[0])
    if not rows:
        return None
    ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)  # padded on the right: nobody looks there
    for at, row in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
    each, last = torch.arange(len(rows)), torch.tensor([len(row) - 1 for row in rows])
    likely = network(ids).logits[each, last].double().softmax(-1)
    well, sadly = likely[each, torch.tensor(names)], likely[:, tokenizer.ids(" Then")[0]]
    return float((well / (well + sadly)).mean())


def frozen(table: Any) -> tuple[tuple[float, ...], ...]:
    """An array of two axes as an event holds it, to four digits after the point."""
    return tuple(tuple(row) for row in np.round(table, 4).tolist())
