"""Texts as ids: our own tokenizer, what is trained on, what is kept for testing, and how rows are drawn."""

from pathlib import Path

import numpy as np
import pytest

from lib.tokenization.huggingface import load_folder
from lib.training import batches, corpus
from lib.training import tokenizer as tokenizers
from lib.training.recipe import VOCABULARY, Recipe, TrainingError, checked
from lib.training.world import generate

ODD = "Once upon a time 😀 naïve <|endoftext|> <|im_end|>\n\n 12 + 2 = 14.\tend"


@pytest.fixture(scope="module")
def small() -> corpus.Corpus:
    """A small tiny world."""
    return corpus.from_world(300, 20)


def test_the_library_and_the_app_read_the_tokenizer_with_the_same_ids(small: corpus.Corpus, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    ours = small.tokenizer
    (tmp_path / "tokenizer.json").write_text(ours.to_json(), encoding="utf-8")
    app, library = load_folder(tmp_path), Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert ours.ids(ODD) == app.ids(ODD) == tokenizers.read(tmp_path / "tokenizer.json").ids(ODD)
    plain = ODD.replace("<|", "<").replace("|>", ">")
    assert library.encode(plain).ids == ours.ids(plain)
    assert library.encode("<|im_start|>user").ids[0] == ours.special["<|im_start|>"] == app.special["<|im_start|>"]
    assert app.vocab_size == ours.vocab_size == library.get_vocab_size()


def test_a_control_token_in_a_text_stays_text(small: corpus.Corpus) -> None:
    ids = small.tokenizer.ids(ODD)
    assert not set(ids) & set(small.tokenizer.special.values())
    assert small.tokenizer.decode(ids) == ODD
    learned = corpus.from_text("<|endoftext|> <|im_end|> <|im_start|> " * 300)
    assert not set(learned.train[1:-1].tolist()) & set(learned.tokenizer.special.values())


def test_rows_are_documents_of_the_world_from_their_beginnings(small: corpus.Corpus) -> None:
    texts = {document.text for document in generate(seed=corpus.TRAIN_SEED, documents=300)}
    inputs, labels = batches.batch_of_step(small, seed=3, step=5, batch=8, context=64)
    assert inputs.shape == labels.shape == (8, 64)
    assert (inputs[:, 1:] == labels[:, :-1]).all()
    for row in inputs:
        first = small.tokenizer.decode(row[1:] if row[0] == small.end else row).split("<|endoftext|>")[0]
        assert any(text.startswith(first) for text in texts)
    again, _ = batches.batch_of_step(small, seed=3, step=5, batch=8, context=64)
    other, _ = batches.batch_of_step(small, seed=3, step=6, batch=8, context=64)
    assert (again == inputs).all() and (other != inputs).any()


def test_every_held_out_token_is_predicted_once(small: corpus.Corpus) -> None:
    for data, context in ((small, 64), (small, 16), (corpus.from_text("one two three. " * 100), 16)):
        inputs, labels = batches.held_out_rows(data, context=context)
        counted = labels[labels != batches.IGNORE]
        assert sorted(counted.tolist()) == sorted(data.held_out[1:].tolist())
        assert inputs.shape[1] <= context


def test_the_floor_is_the_nats_of_the_held_out_documents(small: corpus.Corpus) -> None:
    nats = sum(document.nats for document in generate(seed=corpus.HELD_OUT_SEED, documents=20))
    assert small.floor == pytest.approx(nats / (len(small.held_out) - 1))


@pytest.mark.parametrize("text", ["a" * 200, "😀" * 500, "x\n" * 150, "日本語の文です。" * 60, "a" * 50_000])
def test_odd_texts_can_be_learned_from(text: str) -> None:
    data = corpus.corpus_of(checked({"text": "own", "own": text}))
    assert data.tokenizer.vocab_size <= 768
    assert len(data.held_out) >= 10
    inputs, _ = batches.batch_of_step(data, seed=0, step=0, batch=2, context=128)
    assert inputs.max() < data.tokenizer.vocab_size


def test_a_long_text_has_the_ids_that_our_own_tokenizer_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"{ODD}\n" * 400
    long = corpus.from_text(text)
    monkeypatch.setattr(corpus, "LONG_TEXT", len(text) + 1)
    own = corpus.from_text(text)
    assert (long.train == own.train).all() and (long.held_out == own.held_out).all()


def test_a_text_is_cut_where_a_paragraph_ends() -> None:
    data = corpus.from_text("\n\n".join(f"This is paragraph number {n}." for n in range(100)))
    assert data.text.endswith(".") and data.held_out_text.startswith("This is paragraph number")
    assert 0.08 < len(data.held_out_text) / len(data.text + data.held_out_text) < 0.12


def test_too_little_to_test_with_is_a_sentence() -> None:
    with pytest.raises(TrainingError, match="too little to test with"):
        corpus.from_text("a" * 60)


def test_the_vocabularies_that_are_promised_are_those_that_are_learned() -> None:
    assert corpus.corpus_of(Recipe()).tokenizer.vocab_size == VOCABULARY["world"]
    assert corpus.corpus_of(Recipe(text="alice")).tokenizer.vocab_size == VOCABULARY["alice"]
    assert np.unique(corpus.corpus_of(Recipe()).train).max() < VOCABULARY["world"]


def test_no_held_out_story_is_among_those_trained_on() -> None:
    trained = {document.text for document in generate(seed=corpus.TRAIN_SEED, documents=corpus.DOCUMENTS)}
    held_out = list(generate(seed=corpus.HELD_OUT_SEED, documents=corpus.HELD_OUT_DOCUMENTS))
    assert not [one.text for one in held_out if one.kind == "story" and one.text in trained]
