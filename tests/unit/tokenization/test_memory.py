"""Vocabularies kept small: the same entries, the same ids whatever was asked before, and a page that imports little."""

import base64
import json
import lzma
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.tokenization import partial_tokenizer, tiktokens, vocabulary
from lib.tokenization.entries import Entries
from lib.tokenization.partial_tokenizer import PartialTokenizer
from lib.tokenization.pretrained import RECIPES, RankedTokenizer
from lib.tokenization.texts import SAMPLES, article_1, corpus

ROOT = Path(__file__).resolve().parents[3]
TEXTS = [*SAMPLES.values(), *article_1().values(), corpus()]


@pytest.mark.parametrize("name", list(vocabulary.SHA256))
def test_the_entries_are_those_of_the_file(name: str) -> None:
    lines = lzma.decompress((vocabulary.FOLDER / f"{name}.tiktoken.xz").read_bytes()).splitlines()
    assert [int(line.split()[1]) for line in lines] == list(range(len(lines)))
    entries = vocabulary.entries(name)
    whole = [base64.b64decode(line.split()[0]) for line in lines]
    assert [entries[n] for n in range(len(entries))] == whole
    ids = list(range(0, len(whole), 7))
    assert entries.joined(ids) == b"".join(whole[n] for n in ids)
    assert entries.joined([]) == b""


ENTRIES = vocabulary.entries("o200k_base")
RANKS = vocabulary.ranks("o200k_base")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.binary(max_size=40) | st.sampled_from(TEXTS))
def test_every_entry_that_occurs_is_found_with_all_that_occurs_in_it(text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode()[:400]
    found = set(ENTRIES.occurring(data).tolist())
    pieces = {data[a:b] for a in range(len(data)) for b in range(a + 1, min(a + 128, len(data)) + 1)}
    assert {RANKS[piece] for piece in pieces if piece in RANKS} <= found
    for n in found:  # so that the merges that lead to it are there too
        entry = ENTRIES[n]
        parts = {entry[a:b] for a in range(len(entry)) for b in range(a + 1, len(entry) + 1)}
        assert {RANKS[part] for part in parts if part in RANKS} <= found


def test_not_much_is_found_that_does_not_occur() -> None:
    data = corpus().encode()
    found = ENTRIES.occurring(data).tolist()
    real = [n for n in found if ENTRIES[n] in data or len(ENTRIES[n]) == 1]
    assert len(found) < 2 * len(real)


@pytest.mark.parametrize("limits", [(256, 1, 1), (300, 50, 600), (300, 400, 100_000), (300, 10**6, 10**6)])
def test_the_ids_never_depend_on_what_was_asked_before(
    limits: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a text's entries are kept, thrown away or made for it alone, with few and many kept."""
    first, short, most = limits
    for name, value in (("FIRST", first), ("SHORT", short), ("MAX_ENTRIES", most)):
        monkeypatch.setattr(partial_tokenizer, name, value)
    cl100k, gpt2 = tiktokens.load("cl100k_base"), RankedTokenizer("gpt2", RECIPES["gpt2"])
    twin, whole = tiktoken_with_all("cl100k_base"), gpt2.full
    texts = [text[at : at + 300] for text in TEXTS[::3] for at in (0, 300)] * 2
    for text in texts:
        assert cl100k.ids(text) == twin.encode_ordinary(text)
        assert gpt2.ids(text) == whole.encode(text, add_special_tokens=False).ids
        assert cl100k.decode(cl100k.ids(text)) == text == gpt2.decode(gpt2.ids(text))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(cl100k.ids, texts)) == [twin.encode_ordinary(text) for text in texts]


def tiktoken_with_all(name: str) -> tiktoken.Encoding:
    recipe = tiktokens.RECIPES[name]
    return tiktoken.Encoding(name, pat_str=recipe.pattern, mergeable_ranks=vocabulary.ranks(recipe.file),
                             special_tokens=dict(recipe.special))  # fmt: skip


def test_what_is_kept_grows_with_short_texts_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    entries = Entries.read(b"".join(base64.b64encode(bytes([n])) + b" %d\n" % n for n in range(256)) + b"".join(
        base64.b64encode(b"%02d" % n) + b" %d\n" % (256 + n) for n in range(100)))  # fmt: skip
    monkeypatch.setattr(partial_tokenizer, "SHORT", 3)
    monkeypatch.setattr(partial_tokenizer, "MAX_ENTRIES", 262)
    some = PartialTokenizer(entries, lambda ids: made.append(len(ids)) or np.array(ids), first=256)
    assert 256 + 12 in some.of(b"12") and made == [256, 257]  # the first ones; and those of this text
    assert 256 + 12 in some.of(b"12") and made == [256, 257]  # asked again
    some.of(b"34")
    some.of(b"56")
    assert made == [256, 257, 257, 259]  # three are new: they are kept
    assert len(some.of(b"12")) == len(some.of(b"34")) == 259 and len(made) == 4
    for n in (61, 62, 63, 64, 65, 66, 67):
        assert 256 + n in some.of(b"%d" % n)
    assert max(made) <= 262


PROGRAM = r"""
import json, sys
from streamlit.testing.v1 import AppTest
import lib.ui.cache

def resident(field):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field)) / 1024

before = resident("VmRSS")
app = AppTest.from_file(sys.argv[1], default_timeout=60)
app.switch_page("pages/1_Tokenizers.py")
app.run()
assert not app.exception and len(app.button_group(key="tokenizers").value) == 4
first = resident("VmHWM") - before
for lesson in ("Words", "BPE", "WordPiece and Unigram", "Languages", "Special tokens"):
    app.query_params["learn"] = lesson
    app.query_params["tab"] = app.session_state["tab"] = "Learn"
    app.run()
    assert not app.exception and app.button_group(key="learn").value == lesson
app.button_group(key="tokenizers").set_value(["gpt2", "tiktoken-gpt2", "cl100k_base", "o200k_base", "qwen"]).run()
assert not app.exception
opened = resident("VmHWM") - before
from lib.tokenization import compare, load
pasted = compare("A megabyte of words, caf\u00e9s and numbers: 12. " * 22_000,
                 [load(name) for name in ("gpt2", "cl100k_base", "o200k_base", "qwen")])
assert all(row.kept and row.tokens > 200_000 for row in pasted.rows)
heavy = [name for name in ("pandas", "pyarrow", "torch", "transformers") if name in sys.modules]
print(json.dumps({"first": first, "all": opened, "pasted": resident("VmHWM") - before, "heavy": heavy}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_page_needs_little_memory_and_no_heavy_library() -> None:
    """Bounds with room to spare: whole vocabularies and pandas would take four times as much."""
    command = [sys.executable, "-c", PROGRAM, str(ROOT / "Home.py")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["heavy"] == []
    assert said["first"] < 110 and said["all"] < 170 and said["pasted"] < 240
