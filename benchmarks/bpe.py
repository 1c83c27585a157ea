"""Training BPE on one megabyte: our incremental counts, a naive recount, and the `tokenizers` trainer; then encoding.

The text is Article 1 in 36 languages and a chapter of English, repeated with numbered words so that it stays varied.
"""

import random
import time
from collections.abc import Callable
from itertools import pairwise

from benchmarks.report import Report
from lib.tokenization import bpe, load, texts
from lib.tokenization.bpe_tokenizer import BPETokenizer

SIZE = 1_000_000  # characters
MERGES = 1_000
NAIVE_MERGES = 20  # a recount costs the same at every step, so a few say it all
ROUNDS = 3


def corpus(size: int = SIZE) -> str:
    """`size` characters of varied words: known ones, and pairs of their halves (seeded)."""
    draw = random.Random(0)
    words = bpe.pre_tokenize(texts.corpus() + "".join(texts.article_1().values()))
    made: list[str] = []
    length = 0
    while length < size:
        word = draw.choice(words)
        if draw.random() < 0.3:
            other = draw.choice(words).strip()
            word = word[: len(word) // 2 + 1] + other[len(other) // 2 :]
        made.append(word)
        length += len(word)
    return "".join(made)[:size]


def ours(text: str) -> None:
    """Learn 1,000 merges with incremental counts."""
    assert sum(1 for _ in bpe.train(text, vocab_size=256 + MERGES)) == MERGES


def naive(text: str) -> None:
    """Learn a few merges, counting every pair of every different word again at each step."""
    frequency: dict[str, int] = {}
    for word in bpe.pre_tokenize(text):
        frequency[word] = frequency.get(word, 0) + 1
    words, often = [bpe.byte_ids(word) for word in frequency], list(frequency.values())
    for step in range(NAIVE_MERGES):
        count: dict[bpe.Pair, int] = {}
        for word_ids, times in zip(words, often, strict=True):
            for pair in pairwise(word_ids):
                count[pair] = count.get(pair, 0) + times
        best = min(count, key=lambda pair: (-count[pair], pair))
        words = [bpe.merge_pair(word_ids, best, 256 + step) for word_ids in words]


def library(text: str) -> None:
    """Learn 1,000 merges with the `tokenizers` library (Rust, all cores)."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=256 + MERGES, min_frequency=2, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([text], trainer)
    assert tokenizer.get_vocab_size() == 256 + MERGES


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run() -> Report:
    """Interleaved rounds; medians; per-merge times for the naive recount scaled to 1,000 merges."""
    report = Report("bpe")
    text = corpus()
    trained = BPETokenizer(bpe.train(text, vocab_size=256 + MERGES))
    encoders = {"ours, 1,256 ids": trained} | {name: load(name) for name in ("gpt2", "tiktoken-gpt2", "qwen")}
    training: dict[str, list[float]] = {"ours": [], "naive": [], "library": []}
    encoding: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(ROUNDS):
        training["ours"].append(seconds(lambda: ours(text)))
        training["library"].append(seconds(lambda: library(text)))
        training["naive"].append(seconds(lambda: naive(text)) * MERGES / NAIVE_MERGES)
        for name, tokenizer in encoders.items():
            encoding[name].append(seconds(lambda tokenizer=tokenizer: tokenizer.ids(text)))  # type: ignore[misc]
    a = report.add("train 1,000 merges on 1 MB, incremental counts (ours), s", training["ours"])
    b = report.add("train 1,000 merges on 1 MB, tokenizers' BpeTrainer, s", training["library"])
    c = report.add(f"train 1,000 merges on 1 MB, naive recount (from {NAIVE_MERGES} merges), s", training["naive"])
    for name, samples in encoding.items():
        report.add(f"encode 1 MB, {name}, s", samples)
    report.ratios["naive recount / ours"] = c / a
    report.ratios["ours / tokenizers' trainer"] = a / b
    return report
