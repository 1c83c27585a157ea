"""Three predict-then-reveal questions of the tokenizers page. The answers are computed, not written down."""

from collections.abc import Callable
from dataclasses import dataclass

from lib.tokenization import load
from lib.tokenization.texts import article_1


@dataclass(frozen=True)
class Question:
    """`answer` gives the index of the right option and one sentence of why."""

    key: str
    text: str
    options: tuple[str, ...]
    answer: Callable[[], tuple[int, str]]


def _digits() -> tuple[int, str]:
    ids = load("gpt2").encode("1234567890")
    pieces = " | ".join(token.data.decode() for token in ids)
    right = 0 if len(ids) == 1 else 1 if len(ids) < 10 else 2
    qwen = len(load("qwen").ids("1234567890"))
    return right, f"GPT-2 cuts it into {len(ids)}: {pieces}. Qwen takes every digit alone: {qwen} tokens."


def _space() -> tuple[int, str]:
    first, second = load("gpt2").ids("dog"), load("gpt2").ids(" dog")
    return (0 if first == second else 1), f"`dog` is {first} and `␣dog` is {second}: the space is part of the token."


def _language() -> tuple[int, str]:
    tokenizer = load("gpt2")
    counts = {name: len(tokenizer.ids(article_1()[name])) for name in ("English", "Hindi")}
    ratio = counts["Hindi"] / counts["English"]
    right = 0 if ratio < 1.5 else 1 if ratio < 4 else 2
    newer = load("o200k_base")
    now = len(newer.ids(article_1()["Hindi"])) / len(newer.ids(article_1()["English"]))
    return right, (
        f"{counts['Hindi']} tokens against {counts['English']}: {ratio:.1f} times as many. "
        f"With o200k_base it is {now:.1f} times."
    )


QUESTIONS = (
    Question("digits", "Into how many tokens does GPT-2 cut 1234567890?", ("One", "A few", "Ten"), _digits),
    Question(
        "space", "Do “dog” and “ dog” (with a space before it) have the same token ID in GPT-2?", ("Yes", "No"), _space
    ),
    Question(
        "language",
        "The same sentence in Hindi instead of English: how many tokens does GPT-2 need?",
        ("About as many", "Two or three times as many", "More than four times as many"),
        _language,
    ),
)
