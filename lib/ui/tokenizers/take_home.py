"""What one takes home from the Tokenizers page: its notebook, the table of figures, and the tokens."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from lib import models
from lib.takehome import tokenizers as files
from lib.takehome.tokenizers import Cut
from lib.tokenization import Comparison
from lib.tokenization.bpe_tokenizer import BPETokenizer
from lib.tokenization.character import CharacterTokenizer
from lib.tokenization.comparison import ComparisonRow
from lib.tokenization.word import WordTokenizer
from lib.ui.components import take_home
from lib.ui.tokenizers.options import TokenizerOption

# Encodings of tiktoken (the app's "tiktoken-gpt2" is built from r50k_base), and models whose tokenizer.json it is.
_TIKTOKEN = {"tiktoken-gpt2": "r50k_base", "cl100k_base": "cl100k_base", "o200k_base": "o200k_base"}
_HUB = {"gpt2": "openai-community/gpt2", "qwen": "Qwen/Qwen2.5-0.5B", "smollm2": "HuggingFaceTB/SmolLM2-135M-Instruct"}


def page_menu(text: str, result: Comparison | None, choices: Sequence[TokenizerOption]) -> None:
    """The menu of the page."""
    cuts = [] if result is None else [_cut(choice, row) for choice, row in zip(choices, result.rows, strict=True)]
    usable = [cut for cut in cuts if not cut.row.error]
    why = "" if usable else "Choose a tokenizer first"
    take_home.menu(
        take_home.File(
            "Notebook (.ipynb)",
            "tokenizers.ipynb",
            take_home.NOTEBOOK,
            partial(files.tokenizers_notebook, text, usable) if usable else None,
            help=why or "This text with tokenizers, tiktoken and Plotly, without the app",
        ),
        take_home.File(
            "Figures (CSV)",
            "tokenizers.csv",
            take_home.CSV,
            partial(files.tokenizers_csv, cuts) if cuts else None,
            help=why or "One line a tokenizer",
        ),
        take_home.File(
            "Tokens (CSV)",
            "tokens.csv",
            take_home.CSV,
            partial(files.tokens_csv, usable) if usable else None,
            help=why or "One line a token: its ID, bytes and place",
        ),
    )


def _cut(choice: TokenizerOption, row: ComparisonRow) -> Cut:
    tokenizer, name = choice.tokenizer, choice.tokenizer.name
    if isinstance(tokenizer, WordTokenizer):
        return Cut(choice.title, "words", "", row, tokenizer.vocab)
    if isinstance(tokenizer, CharacterTokenizer):
        return Cut(choice.title, "characters", "", row, list(tokenizer.alphabet))
    if isinstance(tokenizer, BPETokenizer):
        return Cut(choice.title, "json", tokenizer.to_json(), row)
    if name in _TIKTOKEN:
        return Cut(choice.title, "tiktoken", _TIKTOKEN[name], row)
    kind, place = _place(choice.title, name)
    return Cut(choice.title, kind, place, row)


def _place(title: str, name: str) -> tuple[Literal["hub", "file"], str]:
    """A model's tokenizer.json: by its name on the hub, or by the name of its folder here, never by a path."""
    if name in _HUB:
        return "hub", _HUB[name]
    known = {spec.id: spec for spec in models.local_models()}.get(title)
    return ("hub", known.hub_id) if known is not None and known.hub_id else ("file", title)
