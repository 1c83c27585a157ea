"""The answers to the questions of the course, each computed when somebody asks, by the model or code it is about.

A function gives the index of the right option of its step and one sentence (Markdown) with what was found.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from lib import chat, models
from lib.architecture import ledger
from lib.architecture.linear_layer import make
from lib.course.steps import CODE
from lib.engine import InspectableEngine, Sampling
from lib.engine.sampling import distribution, softmax
from lib.text_format import percent
from lib.tokenization import bpe, display, load, texts
from lib.tokenization.bpe_tokenizer import BPETokenizer
from lib.tokenization.word import UNK, WordTokenizer, vocabulary
from lib.training import dialogues, world
from lib.training.tokenizer import TrainedTokenizer
from lib.ui import cache
from lib.ui.components.page import escape

Found = tuple[int, str]
SURE, UNSURE = "The capital of France is", "I opened the door and saw"  # both are examples on the Next Token page
_NEW, _BEAMS = 12, 4  # tokens that a text of an answer has; beams


@dataclass(frozen=True)
class Asked:
    """What stands on the page: the model's id, a text, and the corpus to learn from."""

    model_id: str
    text: str
    corpus: str = texts.corpus()

    @property
    def engine(self) -> InspectableEngine:
        """The model, loaded. Raises PlaygroundError if it is not here or cannot be looked into."""
        return cache.inspectable(self.model_id)

    @property
    def ids(self) -> list[int]:
        """The text's token IDs; those of a short text where nothing was written."""
        return self.engine.tokenizer.ids(self.text[:2_000] if self.text.strip() else SURE)[:300]

    @property
    def probs(self) -> np.ndarray:
        """The model's distribution over the next token, float64 (V,)."""
        return softmax(self.engine.logits(self.ids))

    def name(self, token_id: int) -> str:
        """A token as Markdown."""
        return f"“{escape(display.label(self.engine.tokenizer.token_bytes(token_id)))}”"


def _roads(asked: Asked) -> Found:
    probs = asked.probs
    above = int((probs > 0).sum())
    right = 2 if above == len(probs) else 0 if above <= 5 else 1
    five = percent(float(np.sort(probs)[-5:].sum()))
    return right, f"Here {above:,} of {len(probs):,} tokens have one; the five likeliest hold {five}."


def _words(asked: Asked) -> Found:
    tokenizer = WordTokenizer(vocabulary([asked.corpus]))
    ids = tokenizer.ids("robot")
    unknown = tokenizer.vocab.index(UNK)
    right = 1 if ids == [unknown] else 2 if ids[-1] >= tokenizer.vocab_size else 0
    return right, f"“robot” becomes {escape(str(ids))}, and {unknown} is the ID of {escape(UNK)}."


def _characters(asked: Asked) -> Found:
    words, characters = len(WordTokenizer(vocabulary([asked.corpus])).ids(asked.corpus)), len(asked.corpus)
    ratio = characters / max(words, 1)
    right = 0 if ratio < 0.9 else 1 if ratio < 2 else 2
    return right, f"The corpus: {words:,} words and marks, {characters:,} characters, {ratio:.1f} times as many."


def _bpe(asked: Asked) -> Found:
    first = next(bpe.train(asked.corpus, vocab_size=257, candidates=2), None)
    if first is None:
        return 1, "In this corpus no pair occurs twice, so there is nothing to join."
    left, right = (display.label(BPETokenizer([first]).vocab[token]) for token in first.pair)
    others = [f" The next pair has {count:,}." for _, _, count in _flat(first.candidates)[1:2]]
    most = max(count for _, _, count in _flat(first.candidates))
    return (1 if first.count >= most else 2), (
        f"The first merge joined “{escape(left)}” and “{escape(right)}”, side by side {first.count:,} times."
        + "".join(others)
    )


def _flat(candidates: tuple[tuple[bpe.Pair, int], ...]) -> list[tuple[int, int, int]]:
    return [(left, right, count) for (left, right), count in candidates]


def _real(asked: Asked) -> Found:
    old, new = (len(load(name).ids(CODE)) for name in ("gpt2", "cl100k_base"))
    return (0 if old < new else 1 if new < old else 2), f"GPT-2 needs {old:,} tokens for the code, cl100k_base {new:,}."


def _block(asked: Asked) -> Found:
    ids = asked.ids if len(asked.ids) > 1 else asked.engine.tokenizer.ids(SURE)
    traced = asked.engine.run("lib.architecture.live_pass.without_lens", tuple(ids))
    elsewhere = float(1 - traced.attentions[:, :, -1, -1].mean())
    return (0 if elsewhere > 0 else 1), (
        f"In this text the last token gives {percent(elsewhere)} of its attention to the tokens before it, on average "
        "over all heads."
    )


def _linear(asked: Asked) -> Found:
    count = make(4, 3, bias=True).params
    return (7, 12, 15).index(count), f"4 × 3 + 3 = {count}."


def _parameters(asked: Asked) -> Found:
    book = ledger("gpt2")
    share = book.by_component()["mlp"] / book.total
    right = 0 if share < 0.2 else 1 if share < 0.7 else 2
    return right, f"{book.by_component()['mlp']:,} of {book.total:,}: {percent(share)}."


def _softmax(asked: Asked) -> Found:
    logits = asked.engine.logits(asked.ids)
    before, after = softmax(logits), softmax(logits + 10)
    best = int(before.argmax())
    change = float(after[best] - before[best])
    right = 2 if np.allclose(before, after, atol=1e-4) else 0 if change > 0 else 1
    return right, f"{asked.name(best)} had {percent(float(before[best]))} and has {percent(float(after[best]))}."


def _temperature(asked: Asked) -> Found:
    logits = asked.engine.logits(asked.ids)
    best = int(logits.argmax())
    one, half = (float(softmax(logits, temperature)[best]) for temperature in (1.0, 0.5))
    right = 0 if half > one else 1 if half < one else 2
    return right, f"At temperature 1 {asked.name(best)} has {percent(one)}, at 0.5 it has {percent(half)}."


def _filters(asked: Asked) -> Found:
    kept = []
    for text in (SURE, UNSURE):
        logits = asked.engine.logits(asked.engine.tokenizer.ids(text))
        kept.append(int(distribution(logits, top_p=0.9).kept.sum()))
    right = 0 if kept[0] == kept[1] else 1
    return right, f"After “{SURE}” it leaves {kept[0]:,} tokens, after “{UNSURE}” {kept[1]:,}."


def _greedy(asked: Asked) -> Found:
    def written(sampling: Sampling, seed: int) -> tuple[int, ...]:
        steps = asked.engine.generate(asked.ids, sampling=sampling, max_new_tokens=_NEW, seed=seed)
        return tuple(step.id for step in steps)

    same = [written(s, 1) == written(s, 2) for s in (Sampling(temperature=0), Sampling(top_p=0.9))]
    right = 2 if all(same) else 0 if same[0] else 1
    drawn = "the drawn one happened to be the same too" if same[1] else "the drawn one is another text"
    found = f"Written twice, with seeds 1 and 2: the greedy text is {'the same' if same[0] else 'different'}, {drawn}."
    return (0 if same[0] else right), found


def _beam(asked: Asked) -> Found:
    last = list(asked.engine.beam(asked.ids, num_beams=_BEAMS, length_penalty=1.0, max_new_tokens=3))[-1]
    count = len({hypothesis.ids for hypothesis in (*last.beams, *last.finished)})
    return (0 if count == 1 else 1), f"After three steps from your prompt it holds {count} different texts."


def _training(asked: Asked) -> Found:
    engine = cache.engine(models.BASE)
    greedy = Sampling(temperature=0)
    runs = {
        (a, b): engine.generate(engine.tokenizer.ids(f"{a} + {b} ="), sampling=greedy, max_new_tokens=4)
        for a, b in sorted(world.UNSEEN)
    }
    told = {pair: engine.tokenizer.decode([step.id for step in run]) for pair, run in runs.items()}
    count = sum(told[a, b].startswith(f" {a + b}.") for a, b in told)
    right = 2 if count > len(told) / 2 else 1 if count else 0
    name = escape(engine.info.name)
    return right, f"{name}, which was trained on this world and comes with the app, has {count} of {len(told)} right."


def _tuning(asked: Asked) -> Found:
    tokenizer = cast(
        "TrainedTokenizer", load(str(models.require(models.CHAT).folder))
    )  # it has all that is asked of it
    dice = world.Dice(0)
    exchanges = [dialogues.exchange(dice) for _ in range(200)]
    told = [dialogues.tokenize(tokenizer, [one]) for one in exchanges]
    learned = [[i for i, counts in zip(one.ids, one.in_loss, strict=True) if counts] for one in told]
    said = [tokenizer.decode(ids) for ids in learned]
    end = tokenizer.decode([tokenizer.special["<|im_end|>"]])
    replies = all(text == one.reply + end for text, one in zip(said, exchanges, strict=True))
    count, whole = sum(map(len, learned)), sum(len(one.ids) for one in told)
    right = 0 if count == whole else 1 if replies else 2
    return right, (
        f"Of the {whole:,} tokens in 200 dialogues like those of the page {count:,} count: the replies and the "
        f"{escape(end)} after each."
    )


def _template(asked: Asked) -> Found:
    engine, template = asked.engine, chat.for_model(asked.model_id)
    template = chat.TEMPLATES["smollm2"] if template.name == "plain" else template
    text = asked.text.strip() or SURE
    rendered = chat.render([{"role": "user", "content": text}], template=template, tokenizer=engine.tokenizer)
    raw = engine.tokenizer.ids(text)
    return (1 if raw != rendered.ids else 0), (
        f"Raw it reads {len(raw):,} tokens, in the template {len(rendered.ids):,}. The weights are the same numbers, "
        f"all {engine.info.parameters:,} of them."
    )


def _chat(asked: Asked) -> Found:
    engine, template = asked.engine, chat.for_model(asked.model_id)
    turns = [{"role": "user", "content": "What is 2+2?"}, {"role": "assistant", "content": "4"}]
    turns.append({"role": "user", "content": "And plus 1?"})
    first, second = (
        chat.render(messages, template=template, tokenizer=engine.tokenizer) for messages in (turns[:1], turns)
    )
    whole = all(turn["content"] in second.text for turn in turns)
    return (1 if whole else 0), (
        f"For example, “{turns[0]['content']}” is {len(first.ids)} tokens with its template. With its answer and "
        f"a second question of {len(engine.tokenizer.ids(turns[2]['content']))} tokens, the model reads "
        f"{len(second.ids)}."
    )


ANSWERS: dict[str, Callable[[Asked], Found]] = {
    "roads": _roads,
    "words": _words,
    "characters": _characters,
    "bpe": _bpe,
    "real": _real,
    "block": _block,
    "linear": _linear,
    "parameters": _parameters,
    "softmax": _softmax,
    "temperature": _temperature,
    "filters": _filters,
    "greedy": _greedy,
    "beam": _beam,
    "training": _training,
    "tuning": _tuning,
    "template": _template,
    "chat": _chat,
}


def default_model(page: str) -> str:
    """The model that a page opens with."""
    return models.default("instruct" if page in {"Chat", "Completion_vs_Chat"} else "capable")
