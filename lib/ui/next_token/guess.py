"""Guess the next token: a real text, four candidates, and a running score against the model."""

import math
import random
from dataclasses import dataclass, field

import streamlit as st

from lib.engine.sampling import ranking, softmax
from lib.text_format import ordinal, percent
from lib.ui.components.page import escape
from lib.ui.next_token.reading import Reading, read

# Openings of books in the public domain, and two plain paragraphs of our own.
TEXTS = {
    "Alice in Wonderland": (
        "Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: once"
        " or twice she had peeped into the book her sister was reading, but it had no pictures or conversations in it."
    ),
    "Pride and Prejudice": (
        "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of"
        " a wife. However little known the feelings or views of such a man may be on his first entering a"
        " neighbourhood."
    ),
    "The War of the Worlds": (
        "No one would have believed in the last years of the nineteenth century that this world was being "
        "watched keenly and closely by intelligences greater than man's and yet as mortal as his own."
    ),
    "A recipe": (
        "Preheat the oven to 180 degrees. Mix the flour, sugar and butter in a large bowl until smooth. Add the eggs"
        " one at a time and stir well. Pour the batter into a cake tin and bake for about thirty minutes, until golden"
        " brown."
    ),
    "A little code": (
        "def add(a, b):\n    return a + b\n\ndef multiply(a, b):\n    return a * b\n\nfor i in range(10):\n    "
        "print(i, add(i, 1), multiply(i, 2))\n"
    ),
}
FIRST = 6  # the first place that is asked: some context is needed to guess at all


@dataclass
class Game:
    """The running score. `answer` is the candidate chosen at the present place, None before that."""

    source: tuple[str, str] = ("", "")
    place: int = FIRST
    answer: int | None = None
    you: int = 0
    model: int = 0
    asked: int = 0
    bits: float = 0.0  # the model's surprisal of the real tokens, in sum
    seen: list[str] = field(default_factory=list)


def candidates(reading: Reading, place: int) -> list[int]:
    """The real token at `place` and the model's three likeliest others, in an order fixed by the place."""
    real = reading.ids[place]
    likely = [int(i) for i in ranking(reading.logits(place))[:4]]
    chosen = [real, *[i for i in likely if i != real][:3]]
    random.Random(place).shuffle(chosen)
    return chosen


def guess_panel(model_id: str, yours: str) -> None:
    """Play with a text of ours or the visitor's own prompt."""
    names = [*TEXTS, "My own prompt"]
    name = st.selectbox("Text", names, key="guess-text")
    text = yours if name == names[-1] else TEXTS[name]
    reading = read(model_id, text, ())
    game: Game = st.session_state.setdefault("next-token-game", Game())
    if game.source != (model_id, text):
        game = st.session_state["next-token-game"] = Game(source=(model_id, text))
    if len(reading.ids) <= FIRST:
        st.info(
            f"This text has only {len(reading.ids)} tokens. Write at least {FIRST + 1} in the prompt to play with it."
        )
        return
    _score(game)
    if game.place >= min(len(reading.ids), reading.engine.info.context):
        st.success(f"That was the whole text: you guessed {game.you} of {game.asked}, the model {game.model}.")
        st.button("Play again", key="guess-again", on_click=lambda: st.session_state.pop("next-token-game"))
        return
    _ask(reading, game)


def _score(game: Game) -> None:
    columns = st.columns(3)
    columns[0].metric("You", f"{game.you} of {game.asked}")
    columns[1].metric("The model's first guess", f"{game.model} of {game.asked}")
    columns[2].metric(
        "The model's surprise",
        f"{game.bits / game.asked:.1f} bits" if game.asked else "–",
        help=(
            "−log₂ of the probability that it gave the real token, on average. 0 is certainty; each bit halves "
            "the probability."
        ),
    )


def _ask(reading: Reading, game: Game) -> None:
    shown = reading.tokenizer.decode(reading.ids[: game.place])
    st.text(shown + " ▁▁▁")
    options = candidates(reading, game.place)
    with st.container(horizontal=True, key="guess-options"):
        for option in options:
            st.button(
                escape(reading.label(option)),
                key=f"guess-{game.place}-{option}",
                disabled=game.answer is not None,
                icon=_mark(reading, game, option),
                on_click=_answer,
                args=(reading, game, option),
            )
    if game.answer is None:
        st.caption("Which token really comes next? The model answers at the same time.")
        return
    _reveal(reading, game)
    st.button(
        "Next",
        icon=":material/arrow_forward:",
        key=f"guess-next-{game.place}",
        on_click=_go_on,
        args=(game,),
        type="primary",
    )


def _mark(reading: Reading, game: Game, option: int) -> str | None:
    """Once answered: a tick at the real token, a cross at a wrong pick."""
    if game.answer is None:
        return None
    if option == reading.ids[game.place]:
        return ":material/check:"
    return ":material/close:" if option == game.answer else None


def _answer(reading: Reading, game: Game, option: int) -> None:
    if game.answer is not None:  # a second click before the first was answered
        return
    real, probs = reading.ids[game.place], softmax(reading.logits(game.place))
    game.answer = option
    game.asked += 1
    game.you += option == real
    game.model += int(ranking(probs)[0]) == real
    game.bits -= math.log2(max(5e-324, float(probs[real])))


def _go_on(game: Game) -> None:
    game.place, game.answer = game.place + 1, None


def _reveal(reading: Reading, game: Game) -> None:
    probs = softmax(reading.logits(game.place))
    real, first = reading.ids[game.place], int(ranking(probs)[0])
    rank = int((probs > probs[real]).sum()) + 1
    right = game.answer == real
    words = "Right: " if right else "Not this time: "
    words += f"it is “**{escape(reading.label(real))}**”. The model gave it {percent(float(probs[real]))} "
    words += f"(ranked {ordinal(rank)} of {probs.size:,})"
    words += (
        ", its first guess."
        if first == real
        else (f"; its first guess was “{escape(reading.label(first))}” with {percent(float(probs[first]))}.")
    )
    (st.success if right else st.warning)(words, icon=":material/check_circle:" if right else ":material/lightbulb:")
