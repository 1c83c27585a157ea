"""The ladder: words, characters and the BPE trained here, each equal to the `tokenizers` library."""

import itertools

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.tokenization import TokenizationError, bpe, load, texts
from lib.tokenization.bpe import trains_like_library
from lib.tokenization.bpe_tokenizer import BPETokenizer, MergeNode, same_as_library
from lib.tokenization.character import ALPHABET, CharacterTokenizer
from lib.tokenization.character import same_as_library as characters_as_library
from lib.tokenization.subwords import train_unigram, train_wordpiece
from lib.tokenization.word import CORPUS, PAD, UNK, WordTokenizer, vocabulary, words
from lib.tokenization.word import same_as_library as words_as_library

# Python's and the library's tables of letters may differ on code points that neither's Unicode version knows yet.
assigned = st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=60)
letters = st.text("ab c1.é🚀\n", max_size=80)


def test_the_word_vocabulary_has_no_duplicates_and_starts_with_pad_and_unk() -> None:
    vocab = vocabulary(["the cat and the dog and the bird"])
    assert vocab == [PAD, UNK, "the", "cat", "and", "dog", "bird"]


def test_encoding_an_unseen_word_never_grows_the_vocabulary() -> None:
    tokenizer = WordTokenizer(vocabulary(["the cat"]))
    before = tokenizer.vocab
    assert tokenizer.ids("the zebra the cat") == [2, 1, 2, 3]
    assert (tokenizer.vocab, tokenizer.ids("zebra zebra")) == (before, [1, 1])


def test_the_courses_alphabet_drops_what_it_lacks() -> None:
    tokenizer = CharacterTokenizer()
    assert (tokenizer.vocab_size, len(set(ALPHABET))) == (54, 54)
    assert tokenizer.decode(tokenizer.ids("What is 2+2?")) == "What is ?"


@settings(max_examples=200, deadline=None)
@given(assigned)
def test_words_and_characters_equal_the_library(text: str) -> None:
    assert words_as_library(WordTokenizer(vocabulary([CORPUS])), text)
    assert characters_as_library(CharacterTokenizer(), text)


@settings(max_examples=150, deadline=None)
@given(letters | assigned)
def test_training_learns_what_the_library_learns(corpus: str) -> None:
    assert trains_like_library(corpus, 290)


def test_training_on_real_text_learns_what_the_library_learns() -> None:
    assert trains_like_library(texts.corpus() + "".join(texts.article_1().values()), 900)


@pytest.mark.parametrize("corpus", ["abcab" * 400 + "aaaa" * 50, "".join(map(chr, range(0x4E00, 0x5200))) * 2])
def test_training_on_one_long_word_learns_what_the_library_learns(corpus: str) -> None:
    assert len(bpe.pre_tokenize(corpus)) == 1 and trains_like_library(corpus, 400)


TRAINED = BPETokenizer(bpe.train(texts.corpus(), vocab_size=456))


@settings(max_examples=200, deadline=None)
@given(assigned | letters)
def test_the_exported_tokenizer_gives_the_same_ids_and_nothing_is_lost(text: str) -> None:
    assert same_as_library(TRAINED, text)
    assert TRAINED.decode(TRAINED.ids(text)) == text
    assert [token.id for token in TRAINED.encode(text)] == TRAINED.ids(text)


def naive(corpus: str, merges: int) -> list[tuple[bpe.Pair, int, int]]:
    """The definition: recount everything at every step."""
    words = [bpe.byte_ids(word) for word in bpe.pre_tokenize(corpus)]
    vocab = [bytes([byte]) for byte in bpe.BYTES]
    steps = []
    while len(vocab) < 256 + merges:
        counts = sum((bpe.pair_counts(word) for word in words), start=bpe.pair_counts([]))
        best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
        if best is None or counts[best] < 2:
            break
        piece = vocab[best[0]] + vocab[best[1]]
        if piece not in vocab:
            vocab.append(piece)
        words = [bpe.merge_pair(word, best, vocab.index(piece)) for word in words]
        steps.append((best, counts[best], sum(map(len, words))))
    return steps


@settings(max_examples=100, deadline=None)
@given(letters)
def test_incremental_counts_equal_a_recount_at_every_step(corpus: str) -> None:
    quick = [(merge.pair, merge.count, merge.tokens_left) for merge in bpe.train(corpus, vocab_size=276)]
    # a run of one letter ("aaaa") leaves the library's counts, and ours, at the number of neighbouring places
    assert quick == naive(corpus, 20)


def test_the_candidates_are_ordered_and_begin_with_the_chosen_pair() -> None:
    for merge in itertools.islice(bpe.train(texts.corpus(), vocab_size=400, candidates=8), 100):
        assert merge.candidates[0] == (merge.pair, merge.count)
        assert list(merge.candidates) == sorted(merge.candidates, key=lambda item: (-item[1], item[0]))


def test_ties_go_to_the_smaller_ids() -> None:
    (first, *_) = bpe.train("xy xy ab ab", vocab_size=257)
    assert first.pair == (bpe.ID_OF_BYTE[ord("a")], bpe.ID_OF_BYTE[ord("b")])


def test_encoding_the_corpus_gives_as_many_tokens_as_training_left() -> None:
    assert len(TRAINED.ids(texts.corpus())) == TRAINED.merges[-1].tokens_left


@pytest.mark.parametrize("corpus", ["", " ", "a", "ab"])
def test_a_corpus_without_a_repeated_pair_teaches_nothing(corpus: str) -> None:
    assert list(bpe.train(corpus, vocab_size=300)) == []
    assert BPETokenizer([]).ids("hi") == bpe.byte_ids("hi")


def test_a_vocabulary_smaller_than_the_bytes_is_refused() -> None:
    with pytest.raises(TokenizationError, match="at least 256"):
        list(bpe.train("abc", vocab_size=255))


def leaves(node: MergeNode) -> bytes:
    return b"".join(map(leaves, node.parts)) if node.parts else node.data


@pytest.mark.parametrize("word", [" rabbit", " considered", "🚀", " and"])
def test_the_merge_tree_is_the_encoding(word: str) -> None:
    nodes = TRAINED.tree(word)
    assert [node.id for node in nodes] == TRAINED.ids(word)
    assert b"".join(map(leaves, nodes)) == word.encode()
    assert all(node.step > max(part.step for part in node.parts) for node in nodes if node.parts)


def test_gpt2_itself_follows_from_our_algorithm() -> None:
    """The last rung: our encoder with GPT-2's merges gives GPT-2's ids."""
    from lib.tokenization import vocabulary as files

    ranks = files.ranks("r50k_base")
    halves = [files.last_merge(token, ranks) for token in ranks if len(token) > 1]
    steps = [bpe.Merge((ranks[left], ranks[right]), ranks[left + right], 0, 0) for left, right in halves]
    ours, real = BPETokenizer(steps), load("gpt2")
    for text in [*texts.SAMPLES.values(), *texts.article_1().values(), texts.corpus()]:
        assert ours.ids(text) == real.ids(text)


def test_wordpiece_and_unigram_train_and_cut() -> None:
    piece, unigram = train_wordpiece(texts.corpus(), vocab_size=260), train_unigram(texts.corpus(), vocab_size=260)
    assert [piece.raw(i) for i in piece.ids("the rabbit 🚀")] == ["the", "rabbit", UNK]
    assert piece.unk_id == piece.ids("🚀")[0]
    assert unigram.unk_id in unigram.ids("🚀")
    assert unigram.decode(unigram.ids("the rabbit")) == "the rabbit"
    with pytest.raises(TokenizationError, match="empty corpus"):
        train_unigram("  ", vocab_size=100)


def test_the_download_loads_in_the_library() -> None:
    library = tokenizers.Tokenizer.from_str(TRAINED.to_json())
    assert library.decode(library.encode("naïve 🚀\n").ids) == "naïve 🚀\n"
    assert library.get_vocab_size() == TRAINED.vocab_size


long_runs = st.lists(st.sampled_from(["the", "ra", "bb", "it", "é"]), min_size=200).map("".join)


@settings(max_examples=100, deadline=None)
@given(st.text("ab", min_size=257, max_size=600) | long_runs)
def test_a_long_piece_is_encoded_as_the_library_encodes_it(text: str) -> None:
    assert len(text.encode()) > 256
    doubled = BPETokenizer(bpe.train("abab aabb bbbb aaaa ababab the rabbit " * 3, vocab_size=290))
    for tokenizer in (TRAINED, doubled):
        assert same_as_library(tokenizer, text)


def test_wordpiece_numbers_its_characters_in_order_so_that_ties_are_the_same_every_time() -> None:
    corpus = texts.corpus()
    tokenizer = train_wordpiece(corpus, vocab_size=260)
    raw = [tokenizer.raw(n) for n in range(tokenizer.vocab_size)]
    last = max(n for n, piece in enumerate(raw) if piece.startswith("##") and len(piece) == 3)
    inside = sorted({"##" + char for word, _, _ in words(corpus) for char in word[1:]})
    assert raw[0] == "[UNK]" and raw[1 : last + 1] == inside
    letters = sorted(set("".join(corpus.split())))
    assert raw[last + 1 : last + 1 + len(letters)] == letters


def test_signs_of_wordpiece_in_a_text_are_ordinary_text() -> None:
    tokenizer = train_wordpiece("cat at # [UNK] a", vocab_size=100)
    pieces = [tokenizer.raw(n) for n in tokenizer.ids("##a [UNK]")]
    assert pieces == ["#", "#", "a", "[", "UNK", "]"]
