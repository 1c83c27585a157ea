"""The tokenizers one can choose on the tokenizers page: names, titles, and the objects behind them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from lib import models, tokenization
from lib.numbers import Number
from lib.settings import Settings, settings
from lib.tokenization import Tokenizer, bpe, texts
from lib.tokenization.bpe_tokenizer import BPETokenizer
from lib.tokenization.word import WordTokenizer, vocabulary
from lib.ui import available_models
from lib.ui.components.link_values import in_link

MAX_CHOSEN = 6  # at a time: more rows than a screen holds
DEFAULT = ["gpt2", "cl100k_base", "o200k_base", "qwen"]
OWN = "bpe"
MERGES, FEWEST, MOST = 200, 10, 400  # merges of the BPE trained on the page: unless changed, and the slider's ends
LIMITS = Number(FEWEST, MOST, whole=True)
CORPUS_LIMIT = 50_000  # characters to learn from
TITLES = {
    "word": ("Words", "the words of the corpus in Learn"),
    "character": ("Characters", "54: a to z, A to Z, space and ?"),
    OWN: ("Subwords (BPE trained here)", "learned from the corpus in Learn"),
    "gpt2": ("GPT-2", "2019, byte-level BPE"),
    "tiktoken-gpt2": ("GPT-2 by tiktoken", "the same vocabulary, another program"),
    "cl100k_base": ("cl100k_base", "GPT-3.5 and GPT-4, tiktoken"),
    "o200k_base": ("o200k_base", "GPT-4o and later, tiktoken"),
    "qwen": ("Qwen", "Qwen2.5; cuts as 1.5 and 2 do"),
    "smollm2": ("SmolLM2", "single digits, 49,152 ids"),
}


@dataclass(frozen=True)
class TokenizerOption:
    """One tokenizer of the list."""

    title: str
    about: str
    tokenizer: Tokenizer
    key: str  # another one for every other tokenizer, those learned from another corpus too


def names() -> list[str]:
    """All names that can be chosen now: our own, the pretrained ones whose files are here, local model folders."""
    present = [name for name in TITLES if name == OWN or tokenization.available(name)]
    return present + list(_local())


def _local() -> dict[str, Path]:
    """Model id to folder, for models on this machine that bring a tokenizer.json of their own."""
    return _found(settings())


@st.cache_data(ttl=3, max_entries=4, show_spinner=False, hash_funcs={Settings: repr})
def _found(where: Settings) -> dict[str, Path]:
    """Looked for on the disk every few seconds, not at every key press of everybody."""
    found: dict[str, Path] = {}
    for spec in models.local_models():
        location, known = models.where(spec.id), spec.id in (models.EMBEDDED, models.CHAT)  # CHAT has that of BASE
        if not known and location and (location.folder / "tokenizer.json").is_file():
            found[spec.id] = location.folder
    return found


def title(name: str) -> str:
    """What people read for a name."""
    if name in TITLES:
        return TITLES[name][0]
    try:
        return available_models.spec(name).name
    except models.ModelError:  # its folder has just gone
        return name


def chosen_names(then: Callable[[], None] | None = None) -> list[str]:
    """The choice of tokenizers, for the settings of the header bar; `then` is called when somebody chooses."""
    present = names()
    chosen = st.pills(
        "Tokenizers",
        present,
        selection_mode="multi",
        default=[name for name in DEFAULT if name in present],
        format_func=title,
        key="tokenizers",
        **in_link("tokenizers", ["", *map(title, present)]),
        wrap=True,
        on_change=then,
        help=f"Up to {MAX_CHOSEN} at a time. The first three come from the lessons under Learn.",
    )
    if len(chosen) > MAX_CHOSEN:
        st.caption(f"Only the first {MAX_CHOSEN} of them are shown.")
    return chosen[:MAX_CHOSEN]


def choose(name: str) -> TokenizerOption:
    """The tokenizer of a name. Raises TokenizationError if its files are missing or damaged."""
    if name == OWN:
        return TokenizerOption(*TITLES[OWN], trained(corpus(), merge_limit()), f"{OWN} {merge_limit()} {corpus()}")
    if name == "word":
        return TokenizerOption(*TITLES[name], _words(corpus()), f"word {corpus()}")
    if name in TITLES:
        return _loaded(*TITLES[name], name)
    return _loaded(title(name), "tokenizer of a local model", str(_local()[name]))


def _loaded(title: str, about: str, name: str) -> TokenizerOption:
    tokenizer = tokenization.load(name)
    return TokenizerOption(
        title, about, tokenizer, f"{name} {id(tokenizer)}"
    )  # of a folder another one, if its file changes


def corpus() -> str:
    """The corpus of the Learn sections as it is now."""
    kept = st.session_state.get("corpus-kept", texts.corpus())
    return str(st.session_state.get("corpus", kept))[:CORPUS_LIMIT]


def merge_limit() -> int:
    """How many merges the page's BPE learns: the slider's value, also while its lesson is closed."""
    linked = LIMITS.read(st.query_params.get("merges", ""))
    return int(st.session_state.get("merges") or linked or MERGES)


def keep_corpus(text: str) -> None:
    """Remember the corpus while its text area is not on screen."""
    st.session_state["corpus-kept"] = text


@st.cache_resource(max_entries=32, show_spinner=False)
def _words(text: str) -> WordTokenizer:
    return WordTokenizer(vocabulary([text]))


@st.cache_resource(max_entries=32, show_spinner=False)
def merges(text: str, limit: int) -> list[bpe.Merge]:
    """Training steps with their leading pairs, for the stepper."""
    return list(bpe.train(text, vocab_size=256 + limit, candidates=8))


@st.cache_resource(max_entries=32, show_spinner=False)
def trained(text: str, limit: int) -> BPETokenizer:
    """The BPE tokenizer of a corpus."""
    return BPETokenizer(merges(text, limit))
