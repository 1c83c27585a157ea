"""What is trained on and what is kept for testing, as token ids.

The tiny world is made twice with two seeds: documents to train on, and others to test with. No story is in both (a
test counts); facts and counting are, because there are few of them. Of another text, the last tenth is kept for
testing.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from lib.tokenization.parts import cut
from lib.training import tokenizer as tokenizers
from lib.training.recipe import Recipe, TrainingError
from lib.training.tokenizer import END_OF_TEXT, TrainedTokenizer
from lib.training.world import generate

ALICE = Path(__file__).parent / "texts" / "alice.txt"
DOCUMENTS, HELD_OUT_DOCUMENTS = 20_000, 200  # of the world
TRAIN_SEED, HELD_OUT_SEED = 0, 1
HELD_OUT_TOKENS = 6_144  # measured again and again, so not all of a long text's tenth
SHARE = 0.1
LONG_TEXT = 20_000  # characters

Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Corpus:
    """Token ids in a row, every document followed by <|endoftext|>, and one before the first.

    `starts`: where documents begin in `train`; empty for a text that is one document. `floor`: the entropy of the
    held-out documents in nats a token, where it is known. `text` and `held_out_text`: the same as characters.
    """

    tokenizer: TrainedTokenizer
    train: Ids
    held_out: Ids
    starts: Ids
    held_out_starts: Ids
    floor: float | None
    text: str
    held_out_text: str

    @property
    def end(self) -> int:
        """The id of <|endoftext|>."""
        return self.tokenizer.special[END_OF_TEXT]


def corpus_of(recipe: Recipe) -> Corpus:
    """The corpus of a recipe. Raises TrainingError if too little is left of a text to test with."""
    return _corpus(recipe.text, recipe.own)


@lru_cache(maxsize=2)
def _corpus(text: str, own: str) -> Corpus:
    if text == "world":
        return from_world(DOCUMENTS, HELD_OUT_DOCUMENTS)
    return from_text(own if text == "own" else ALICE.read_text(encoding="utf-8"))


def from_world(train: int, held_out: int) -> Corpus:
    """So many documents of the tiny world to train on, and others to test with."""
    documents = list(generate(seed=TRAIN_SEED, documents=train))
    others = list(generate(seed=HELD_OUT_SEED, documents=held_out))
    text = "\n".join(document.text for document in documents)
    tokenizer = tokenizers.learn(text)
    ids, starts = _joined(tokenizer, [document.text for document in documents])
    other_ids, other_starts = _joined(tokenizer, [document.text for document in others])
    floor = sum(document.nats for document in others) / (len(other_ids) - 1)
    held_out_text = "\n".join(document.text for document in others)
    return Corpus(tokenizer, ids, other_ids, starts, other_starts, floor, text, held_out_text)


def from_text(text: str) -> Corpus:
    """A text as one document to train on, and its last tenth as another to test with."""
    at = _cut(text)
    text, rest = text[:at].strip(), text[at:].strip()
    tokenizer = tokenizers.learn(text)
    (train, _), (held_out, _) = _joined(tokenizer, [text]), _joined(tokenizer, [rest])
    if len(held_out) < 10:
        raise TrainingError(
            f"The last tenth of this text is {len(held_out) - 1} tokens long: too little to test with. "
            "A longer text is needed."
        )
    nowhere = np.zeros(0, dtype=np.int64)
    return Corpus(tokenizer, train, held_out[: HELD_OUT_TOKENS + 1], nowhere, nowhere, None, text, rest)


def _joined(tokenizer: TrainedTokenizer, texts: list[str]) -> tuple[Ids, Ids]:
    end = tokenizer.special[END_OF_TEXT]
    ids, starts = [end], []
    for text in texts:
        starts.append(len(ids))
        ids += _ids(tokenizer, text)
        ids.append(end)
    return np.array(ids, dtype=np.int64), np.array(starts, dtype=np.int64)


def _ids(tokenizer: TrainedTokenizer, text: str) -> list[int]:
    """The ids of a text. A long one goes through the `tokenizers` library, which gives the same ids: ours remembers
    words and is quicker on the world's few, but a million Chinese characters would take it seven seconds.
    """
    if len(text) < LONG_TEXT:
        return tokenizer.ids(text)
    library = Tokenizer.from_str(tokenizer.without_control())
    parts = library.encode_batch_fast(list(cut(text)), add_special_tokens=False)
    return [token_id for part in parts for token_id in part.ids]


def _cut(text: str) -> int:
    """Where the last tenth begins: at a paragraph near there, else at a line, a space, or just there."""
    wanted = round(len(text) * (1 - SHARE))
    slack = len(text) // 50
    for mark in ("\n\n", "\n", " "):
        at = text.rfind(mark, wanted - slack, wanted + slack)
        if at > 0 and text[at:].strip():
            return at
    return wanted
