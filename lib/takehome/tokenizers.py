"""The Tokenizers page as a notebook: one text, cut by every tokenizer on the page, with the libraries' own programs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lib.takehome.csv_files import csv_text
from lib.takehome.notebook_file import Cell, code_cell, literal, long_literal, markdown_cell, notebook, wrapped
from lib.takehome.parts import opening
from lib.tokenization.comparison import ComparisonRow

FOLDER = "PLAYGROUND_NOTEBOOK_TOKENIZERS"


@dataclass(frozen=True)
class Cut:
    """A tokenizer of the page and what it made of the text.

    `kind` and `name`: "tiktoken" and an encoding; "hub" and a model's name there; "words" or "characters", whose
    entries are `entries`; "json" with a tokenizer.json's text in `name`; "file" and the name of a folder that has one.
    """

    title: str
    kind: Literal["tiktoken", "hub", "words", "characters", "json", "file"]
    name: str
    row: ComparisonRow
    entries: Sequence[str] = ()


def tokenizers_notebook(text: str, cuts: Sequence[Cut]) -> str:
    """`cuts`: those without an error, in the page's order."""
    about = (
        "A model never sees letters. A tokenizer cuts the text into pieces of its vocabulary, and each piece has a "
        "number, its token ID. The same text costs different tokenizers different numbers of tokens."
    )
    return notebook(
        [
            opening("Tokenizers", "Tokenizers", about),
            code_cell(_START + f"\n\nTEXT = {long_literal(text)}\ntables = {{}}"),
            *(cell for cut in cuts for cell in _cut(cut)),
            markdown_cell("## The picture\n\nHow many tokens each tokenizer makes of the same text."),
            code_cell(_CHART),
        ]
    )


_START = f'''\
# In a new environment, first: pip install tokenizers tiktoken plotly
import json
import os

import plotly.graph_objects as go
import tiktoken
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

FOLDER = os.environ.get({FOLDER!r})  # without a network: a folder with NAME.json for each tokenizer of the hub


def plain(tokenizer):
    """The same tokenizer without its special tokens: whatever is typed is ordinary text."""
    data = json.loads(tokenizer.to_str())
    return Tokenizer.from_str(json.dumps(data | {{"added_tokens": []}}))


def from_hub(name):
    """A tokenizer.json of the Hugging Face hub, downloaded once."""
    file = FOLDER and os.path.join(FOLDER, name.split("/")[-1] + ".json")
    return plain(Tokenizer.from_file(file) if file else Tokenizer.from_pretrained(name))


def show(name, ids, pieces, page_count, page_ids):
    """The pieces and their ids; whether they are those of the page."""
    tables[name] = len(ids)
    size = len(TEXT.encode())
    print(f"{{len(ids):,}} tokens (the page has {{page_count:,}}), {{size / max(len(ids), 1):.2f}} bytes per token")
    print("the same ids as on the page:", ids[: len(page_ids)] == page_ids)
    print([(i, piece) for i, piece in zip(ids[:60], pieces[:60])])'''

_CHART = """\
fig = go.Figure(go.Bar(y=list(tables), x=list(tables.values()), orientation="h", text=list(tables.values())))
fig.update_layout(title="Tokens for the same text", xaxis_title="tokens")
fig.update_yaxes(autorange="reversed")
fig.show()"""


def _cut(cut: Cut) -> list[Cell]:
    words, lines = _BY_KIND[cut.kind], _program(cut)
    head = [token.id for token in cut.row.head]
    lines.append(f"show({literal(cut.title)}, ids, pieces, {cut.row.tokens}, {wrapped(head)})")
    return [markdown_cell(f"## {cut.title}\n\n{words}"), code_cell("\n".join(lines))]


_BY_KIND = {
    "tiktoken": "OpenAI's `tiktoken`. `encode_ordinary` reads the spelling of a special token as ordinary text.",
    "hub": "The `tokenizers` library with the tokenizer.json of the model.",
    "words": "One id for each word of a small vocabulary; everything else is `[UNK]`. Spaces are lost.",
    "characters": "One id for each letter of a small alphabet. Other characters are dropped.",
    "json": "Byte-pair encoding with the merges that were learned on the page, in the library's own file format.",
    "file": "The `tokenizers` library with a tokenizer.json from a folder: write here where it is.",
}


def _program(cut: Cut) -> list[str]:
    from_library = ["ids, pieces = found.ids, found.tokens"]
    encode = "found = tokenizer.encode(TEXT, add_special_tokens=False)"
    if cut.kind == "tiktoken":
        return [
            f"encoding = tiktoken.get_encoding({literal(cut.name)})",
            "ids = encoding.encode_ordinary(TEXT)",
            "pieces = [encoding.decode_single_token_bytes(i) for i in ids]",
        ]
    if cut.kind == "hub":
        return [f"tokenizer = from_hub({literal(cut.name)})", encode, *from_library]
    if cut.kind == "file":
        return [
            f"tokenizer = plain(Tokenizer.from_file({literal(cut.name + '/tokenizer.json')}))",
            encode,
            *from_library,
        ]
    if cut.kind == "json":
        return [f"tokenizer = Tokenizer.from_str({long_literal(cut.name)})", encode, *from_library]
    vocabulary = f"vocabulary = {{entry: i for i, entry in enumerate({wrapped(cut.entries)})}}"
    if cut.kind == "words":
        return [
            vocabulary,
            'tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))',
            "tokenizer.pre_tokenizer = pre_tokenizers.Sequence([",
            r'    pre_tokenizers.Split(Regex(r"\s+"), "removed"),',
            r'    pre_tokenizers.Split(Regex(r"[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]"), "isolated"),',
            "])",
            encode,
            *from_library,
        ]
    return [vocabulary, "pieces = [c for c in TEXT if c in vocabulary]", "ids = [vocabulary[c] for c in pieces]"]


def tokenizers_csv(cuts: Sequence[Cut]) -> str:
    """One line a tokenizer: counts, and what a round trip loses."""
    header = ["tokenizer", "tokens", "characters per token", "bytes per token", "vocabulary", "unknown", "round trip"]
    return csv_text(
        header,
        (
            [
                cut.title,
                cut.row.tokens,
                _ratio(cut.row.chars_per_token),
                _ratio(cut.row.bytes_per_token),
                cut.row.vocab_size,
                cut.row.unknown,
                "kept" if cut.row.kept else cut.row.error or cut.row.lost,
            ]
            for cut in cuts
        ),
    )


def _ratio(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"  # NaN without tokens


def tokens_csv(cuts: Sequence[Cut]) -> str:
    """One line a token of the rows on the page."""
    return csv_text(
        ["tokenizer", "position", "token ID", "bytes (hexadecimal)", "text", "start", "end"],
        (
            [
                cut.title,
                place,
                token.id,
                token.data.hex(" "),
                token.data.decode("utf-8", "replace"),
                token.start,
                token.end,
            ]
            for cut in cuts
            for place, token in enumerate(cut.row.head, 1)
        ),
    )
