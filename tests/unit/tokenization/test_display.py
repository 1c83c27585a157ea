"""What people see: labels that hide nothing, streams that never break a character, groups, boundaries, verdicts."""

import json
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.figures import tokenizers as figures
from lib.tokenization import TokenizationError, bpe, compare, load, texts
from lib.tokenization.bpe_tokenizer import BPETokenizer
from lib.tokenization.clusters import groups
from lib.tokenization.comparison import what_is_lost
from lib.tokenization.display import Utf8Stream, label
from lib.tokenization.texts import SAMPLES, article_1
from lib.ui.tokenizers.token_view import items

ALL = ("word", "character", "gpt2", "tiktoken-gpt2", "cl100k_base", "o200k_base", "qwen")


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=24) | st.text(min_size=1, max_size=8).map(str.encode))
def test_a_label_hides_nothing_and_fakes_nothing(data: bytes) -> None:
    shown = label(data)
    assert shown and ("\ufffd" in shown) == ("\ufffd".encode() in data)
    assert not any(
        unicodedata.category(char) in {"Cc", "Cf", "Cs", "Cn", "Co", "Zs", "Zl", "Zp"} for char in shown if char != " "
    )
    assert " " not in shown or "⟨" in shown  # a space appears only between the values of bytes


def test_labels_of_gpt2_are_distinct_where_the_bytes_are() -> None:
    """353 GPT-2 ids decode to strings that collide; their labels do not."""
    tokenizer = load("gpt2")
    assert len({label(tokenizer.token_bytes(i)) for i in range(50_256)}) == 50_256


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=20).map(str.encode), st.lists(st.integers(1, 5), max_size=60))
def test_a_stream_of_bytes_becomes_the_same_text_however_it_is_cut(data: bytes, sizes: list[int]) -> None:
    stream, out, position = Utf8Stream(), "", 0
    for size in [*sizes, len(data)]:
        out += stream.feed(data[position : position + size])
        assert data.decode("utf-8", "replace").startswith(out)
        position += size
    assert out + stream.flush() == data.decode("utf-8", "replace")


def test_a_stream_holds_back_only_an_incomplete_suffix() -> None:
    stream = Utf8Stream()
    assert stream.feed("a\ufffd".encode()) == "a\ufffd"
    assert (stream.feed(b"x\xf0\x9f"), stream.feed(b"\x9a\x80!"), stream.flush()) == ("x", "🚀!", "")


@settings(deadline=None)
@given(st.text(max_size=40))
def test_groups_are_a_partition_and_keep_characters_whole(text: str) -> None:
    tokens = load("gpt2").encode(text)
    ranges = list(groups(text, tokens))
    assert [n for first, after in ranges for n in range(first, after)] == list(range(len(tokens)))
    for (_, after), (first, _) in pairwise(ranges):
        assert after == first and tokens[first].start >= max(token.end for token in tokens[:after])


def test_pieces_of_one_emoji_are_one_group() -> None:
    text = "a👩🏽\u200d🚀b"
    tokens = load("o200k_base").encode(text)
    assert [(tokens[a].start, tokens[b - 1].end) for a, b in groups(text, tokens)] == [(0, 1), (1, 5), (5, 6)]


@pytest.mark.parametrize("text", [*SAMPLES.values(), "", " ", "\ufffd", "e\u0301a"])
def test_a_comparison_is_what_each_tokenizer_says_alone(text: str) -> None:
    result = compare(text, [load(name) for name in ALL])
    for row, name in zip(result.rows, ALL, strict=True):
        tokenizer = load(name)
        ids = tokenizer.ids(text)
        assert (row.tokens, [token.id for token in row.head]) == (len(ids), ids)
        assert row.kept == (tokenizer.decode(ids) == text)
        assert bool(row.lost) != row.kept
    assert result.agreement(2, 3) == 1.0  # GPT-2 by two programs


def test_boundaries_are_by_character() -> None:
    result = compare("The 🌟 star", [load("gpt2"), load("character"), load("word")])
    assert result.rows[0].cuts(10) == {3, 5}  # the star's own bytes are cut, but at no character position
    both, only_gpt2, only_word = result.boundaries(0, 2)
    assert (both, only_gpt2, only_word) == ({3, 5}, set(), {4, 6})
    assert result.rows[1].unknown == 1 and result.rows[2].unknown == 2


@pytest.mark.parametrize("text", ["caf e\u0301 x", "\u1100\u1161\u11a8b", "A\u030aA\u030a"])
def test_a_composed_character_is_no_cut_and_no_gap(text: str) -> None:
    tokenizer = load("qwen")
    (row,) = compare(text, [tokenizer]).rows
    assert [(t.id, t.data) for t in row.head] == [(t.id, t.data) for t in tokenizer.encode(text)]
    assert "".join(text[t.start : t.end] for t in row.head) == text
    assert not any("gap" in item for item in items(row.head, tokenizer, text))
    assert row.cuts(len(text)) == {token.start for token in row.head[1:]}


def test_a_long_text_is_counted_whole_and_spelled_out_at_the_start() -> None:
    text = "".join(article_1().values()) * 20
    result = compare(text, [load(name) for name in ALL], shown=1000, head_tokens=50)
    for row, name in zip(result.rows, ALL, strict=True):
        whole = load(name).encode(text)
        assert row.tokens == len(whole)
        assert row.head == whole[: len(row.head)] and 0 < len(row.head) <= 50


def test_one_tokenizer_that_cannot_does_not_stop_the_others() -> None:
    result = compare(" " * 1_000_000, [load("gpt2"), load("o200k_base")])  # tiktoken's pattern overflows its stack
    assert result.rows[0].tokens == 1_000_000
    assert "cannot cut this text" in result.rows[1].error and not result.rows[1].kept


def test_what_a_round_trip_loses_is_named() -> None:
    assert what_is_lost("abc", "abc") == ""
    assert compare("hi, 🚀", [load("character")]).rows[0].lost == "Lost characters: , 🚀"
    assert compare("zebra", [load("word")]).rows[0].lost == "Unknown words: 1 became [UNK]."
    assert "spacing is lost too" in compare("the  zebra", [load("word")]).rows[0].lost
    assert "1 became [UNK]" in compare("the zebra", [load("word")]).rows[0].lost
    assert "NFC" in compare("e\u0301", [load("qwen")]).rows[0].lost


def test_the_texts_are_many_and_normal() -> None:
    assert len(article_1()) >= 20 and next(iter(article_1())) == "English"
    assert all(unicodedata.normalize("NFC", text) == text and "\ufffd" not in text for text in article_1().values())


@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen2"])
def test_the_tokenizer_of_a_model_folder(tiny_models: dict[str, Path], family: str) -> None:
    import tokenizers

    folder = tiny_models[family]
    ours, theirs = load(str(folder)), tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text in SAMPLES.values():
        expected = theirs.encode(text, add_special_tokens=False)
        assert ours.ids(text) == expected.ids
        assert [(token.start, token.end) for token in ours.encode(text)] == expected.offsets
        assert ours.decode(expected.ids) == text
    assert ours.special["<|im_start|>"] not in ours.ids("a<|im_start|>b")
    assert ours.special["<|im_start|>"] in ours.ids("a<|im_start|>b", parse_special=True)


def test_a_sentencepiece_folder_never_turns_text_into_a_control_token(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    vocab = [("<unk>", 0.0), ("</s>", -1.0), ("▁", -2.0), *((char, -3.0) for char in "</s>abc"), ("▁ab", -2.5)]
    library = Tokenizer(models.Unigram(vocab, unk_id=0))
    library.pre_tokenizer, library.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    library.add_special_tokens(["<unk>", "</s>"])
    library.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(json.dumps({"vocab_size": 64}))
    ours = load(str(tmp_path))
    assert (ours.vocab_size, ours.unk_id) == (64, 0)
    assert ours.special["</s>"] not in ours.ids("ab</s>c")
    assert ours.special["</s>"] in ours.ids("ab</s>c", parse_special=True)
    assert ours.decode(ours.ids("ab</s>c")) == "ab</s>c"
    assert ours.token_bytes(ours.ids("ab")[0]) == b" ab"


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", '{"model": {"type": "None"}}'])
def test_a_damaged_folder_is_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(TokenizationError, match=r"tokenizer\.json"):
        load(str(tmp_path))


def test_labels_of_a_merge_tree_stand_beside_its_lines() -> None:
    tree = figures.merge_tree(BPETokenizer(bpe.train("low low low", vocab_size=260)).tree("low"))
    places = {text: place for trace in tree["data"][1:]
              for text, place in zip(trace["text"], trace["textposition"], strict=True)}  # fmt: skip
    assert places["low"] == "top center" and places["w"] == "bottom center"
    assert places["lo"] == "top left"


def test_the_share_of_new_words_has_round_ticks() -> None:
    axis = figures.growth([1, 2], [1, 2], [100.0, 100.0])["layout"]["yaxis2"]
    assert axis["tickvals"] == [0, 25, 50, 75, 100] and axis["tickmode"] == "array"


def test_a_group_of_blank_characters_shows_their_numbers() -> None:
    text = "\u3164"  # a letter that draws nothing
    (item,) = items(load("o200k_base").encode(text), load("o200k_base"), text)
    assert item["of"] == "⟨U+3164⟩"


def test_figures_show_text_literally() -> None:
    fig = figures.bars(["<b>$x$"], [3], ["#3f6fb5"], unit="tokens")
    assert fig["data"][0]["y"] == ["&lt;b&gt;&#36;x&#36;"]
    tree = figures.merge_tree(BPETokenizer(bpe.train("$$ $$ <b> <b>", vocab_size=262)).tree("$$"))
    assert all("$" not in text for trace in tree["data"] for text in trace.get("text", ()))
    counts = {"gpt2": {name: len(load("gpt2").ids(text)) for name, text in article_1().items()}}
    ratios = {"gpt2": {name: n / counts["gpt2"]["English"] for name, n in counts["gpt2"].items()}}
    x = figures.languages(ratios, counts, {"gpt2": "#3f6fb5"})["data"][0]["x"]
    assert len(x) == len(texts.article_1()) and min(x) == 1.0
