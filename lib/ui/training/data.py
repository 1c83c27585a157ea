"""The tab The data: every byte that the model is trained on can be read, and how the tiny world makes its documents."""

import inspect
from functools import lru_cache
from html import escape as html
from itertools import islice

import streamlit as st

from lib.training import world
from lib.training.corpus import ALICE, DOCUMENTS, TRAIN_SEED
from lib.training.recipe import Recipe
from lib.ui.components.glossary import term
from lib.ui.components.number_widgets import whole_slider
from lib.ui.components.page import switch

_SHOWN = 24  # documents at a time
_LETTERS = 4_000  # characters of a text at a time
_ABOUT = {
    "story": "five sentences about somebody, somebody else and a place",
    "sums": "two to four sums; 33 of the 169 pairs never come",
    "questions": "questions in a list, without answers, as web pages have them",
    "facts": "where two animals live, or what they eat",
    "counting": "four to seven numbers in order",
}


def show_data(recipe: Recipe) -> None:
    """The text of this recipe."""
    if recipe.text == "world":
        _world()
    else:
        _plain(recipe.own if recipe.text == "own" else _alice(), own=recipe.text == "own")


def _world() -> None:
    st.markdown(
        f"**{DOCUMENTS:,} documents, made by a small program.** Every choice in it has a known probability, so a "
        "document comes with how unlikely it is: −ln of the product of its choices, in nats. The mean of that is this "
        f"language's {term('entropy')}, and no model's loss can be lower on average (Shannon 1948)."
    )
    kind = switch("Kind of document", ("all", *world.KINDS), key="train-kind")
    if kind in world.KINDS:
        st.caption(f"{world.KINDS[kind]:.0%} of the documents: {_ABOUT[kind]}.")
    else:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in world.KINDS.items())
        st.caption(f"Kinds: {shares}. Documents as the model reads them, from the first on.")
    rows = "".join(
        f'<tr><td>{document.kind}</td><td class="number">{document.nats:.1f}</td><td>{html(document.text)}</td></tr>'
        for document in _documents(kind)
    )
    st.html(
        '<div class="train-scroll" tabindex="0"><table class="train-table"><thead><tr><th scope="col">kind</th>'
        f'<th scope="col">nats</th><th scope="col">document</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )
    with st.expander("The program that makes a story", icon=":material/code:"):
        st.markdown("`pick` takes one of several, each as likely as the others; `weigh` has a probability for each.")
        st.code("\n\n".join(inspect.getsource(part).strip() for part in (world.story, world._middle, world._end)))


def beginning(text: str, own: str) -> str:
    """Some lines of what is trained on, by the recipe's name of the text."""
    if text == "world":
        return next(document.text for document in _documents("all") if document.kind == "story")
    whole = own if text == "own" else _alice()
    return " ".join(whole[:1000].split())[:300] + " …" if whole.strip() else "(nothing yet)"


@lru_cache(maxsize=8)
def _documents(kind: str) -> tuple[world.Document, ...]:
    made = world.generate(seed=TRAIN_SEED, documents=DOCUMENTS)
    return tuple(islice((one for one in made if kind in ("all", one.kind)), _SHOWN))


@lru_cache(maxsize=1)
def _alice() -> str:
    return ALICE.read_text(encoding="utf-8")


def _plain(text: str, *, own: bool) -> None:
    """Any text; its last tenth is held out."""
    source = "Your own text" if own else "“Alice's Adventures in Wonderland” by Lewis Carroll (1865)"
    st.markdown(
        f"**{source}: {len(text):,} characters.** The model is trained on the first nine tenths; the last tenth is "
        f"held out to test it. Nobody knows the {term('entropy')} of this text."
    )
    last = max(1, -(-len(text) // _LETTERS))
    place = whole_slider("Part", 1, last, 1, key="train-part")
    st.text(text[(place - 1) * _LETTERS : place * _LETTERS])
