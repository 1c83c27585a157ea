"""The tokenizers page as a script: every lesson runs, what is typed is shown literally, errors are sentences."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.design import TOKENIZERS
from lib.tokenization import bpe, load, texts
from lib.tokenization.bpe_tokenizer import BPETokenizer
from lib.ui.tokenizers.bpe import played
from lib.ui.tokenizers.code_pieces import row as code_row
from lib.ui.tokenizers.counts import ways
from lib.ui.tokenizers.ladder import LADDER, REAL
from lib.ui.tokenizers.options import MAX_CHOSEN, MERGES

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ["Words", "Characters", "BPE", "WordPiece and Unigram", "Languages", "Code", "Special tokens"]


def page(**query: Any) -> AppTest:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    app.switch_page("pages/1_Tokenizers.py")
    if "learn" not in query:
        app.query_params["rows"] = REAL
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def open_tab(app: AppTest, name: str) -> None:
    """What a click on a tab does: the browser's address follows."""
    app.session_state["rows"] = REAL
    app.session_state["tab"] = app.query_params["tab"] = name
    app.run()


def sent(app: AppTest, key: str) -> dict[str, Any]:
    """The data that a browser component was given."""
    for node in app.get("bidi_component"):
        if key in node.proto.id:
            (data,) = json.loads(node.proto.json)  # `lib.ui.components.custom` sends it in a list
            return data
    raise AssertionError(f"no component {key}")


def figures(app: AppTest) -> dict[str, list[str]]:
    """The table of the Compare part: title to cells."""
    data = sent(app, "compare-figures")
    return dict(zip(data["columns"], map(list, zip(*data["rows"], strict=True)), strict=True))


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_runs(lesson: str) -> None:
    app = page(learn=lesson)
    assert not app.exception and not app.error
    assert app.session_state["tab"] == "Learn"
    assert list(app.button_group(key="learn").options) == LESSONS
    assert app.button_group(key="learn").value == lesson


def test_the_figures_are_the_tokenizers_own() -> None:
    text = "<b>$x$</b> :red[no] e\u0301 👩🏽\u200d🚀"
    app = page(text=text)
    assert not app.exception
    table = figures(app)
    names = ["gpt2", "cl100k_base", "o200k_base", "qwen"]
    assert table["Tokens"] == [str(len(load(name).ids(text))) for name in names]
    assert table["Vocabulary"] == ["50,257", "100,277", "200,019", "151,936"]
    assert table["Round trip"] == ["kept", "kept", "kept", "lost"]
    (lost,) = [caption.value for caption in app.caption if "round trip" in caption.value]
    assert lost.startswith("**Qwen**") and "NFC" in lost


def test_the_rows_hold_every_token_of_every_tokenizer() -> None:
    text = "The 🌟 star-player scored 40 points!"
    data = sent(page(text=text), "compare-rows")
    assert data["text"] == text
    for row in data["rows"]:
        tokens = [token for item in row["items"] for token in item.get("tokens", [])]
        real = load(row["name"]).encode(text)
        assert [(t[0], t[3], t[5], t[6]) for t in tokens] == [
            (t.id, t.data.hex(" ").upper(), t.start, t.end) for t in real
        ]
    grouped = [item for item in data["rows"][0]["items"] if "of" in item]
    assert [item["of"] for item in grouped] == ["␣🌟"]


def test_own_tokenizers_stand_beside_the_others() -> None:
    app = page(text="Hello rabbit 2")
    app.button_group(key="tokenizers").set_value(["word", "character", "bpe", "tiktoken-gpt2"]).run()
    assert not app.exception
    assert figures(app)["Tokenizer"] == ["Words", "Characters", "Subwords (BPE trained here)", "GPT-2 by tiktoken"]


def test_a_sample_fills_the_text_and_the_link() -> None:
    app = page()
    app.menu_button(key="sample-example").click("Star player").run()
    assert not app.exception
    assert app.query_params["text"] == texts.SAMPLES["Star player"]
    assert sent(app, "compare-rows")["text"] == texts.SAMPLES["Star player"]


def test_no_tokenizer_and_no_text_are_no_errors() -> None:
    app = page(text="")
    app.button_group(key="tokenizers").set_value([]).run()
    assert not app.exception
    assert any("at least one tokenizer" in note.value for note in app.info)


def test_the_stepper_gets_the_real_merges() -> None:
    data = sent(page(learn="BPE"), "stepper")
    real = list(bpe.train(texts.corpus(), vocab_size=456))
    assert [(tuple(m["ids"][:2]), m["ids"][2], m["count"], m["left"]) for m in data["merges"]] == [
        (m.pair, m.new_id, m.count, m.tokens_left) for m in real
    ]
    assert data["tokens"] == len(texts.corpus().encode())


def test_an_empty_corpus_is_explained() -> None:
    for lesson in LESSONS[:4]:
        app = page(learn=lesson)
        app.text_area(key="corpus").set_value("").run()
        assert not app.exception, lesson


def test_control_tokens_are_text_until_they_are_parsed() -> None:
    app = page(learn="Special tokens")
    assert not app.warning
    app.toggle(key="control-parse").set_value(True).run()
    assert "special tokens came out" in app.warning[0].value


def test_the_spelling_of_a_control_token_is_explained_where_it_is_typed() -> None:
    def notes(text: str) -> list[str]:
        return [caption.value for caption in page(text=text).caption if "special token" in caption.value]

    assert not notes("an ordinary text")
    (note,) = notes("the <|endoftext|>")
    assert "ordinary text" in note and "endoftext" in note


def test_a_text_too_long_for_the_link_is_said_to_be() -> None:
    assert any("copy the page's address" in caption.value for caption in page(text="short").caption)
    captions = [caption.value for caption in page(text="long " * 400).caption]
    assert any("too long" in caption for caption in captions)
    assert not any("copy the page's address" in caption for caption in captions)


def test_counts_differ_where_control_tokens_are_parsed() -> None:
    name = "With special tokens parsed"
    assert ways("a<|endoftext|>", load("gpt2"))[name] == 2
    assert ways("a plain text", load("gpt2"))[name] is None


def test_a_local_model_counts_in_its_own_chat_template(tiny_models: dict[str, Path], tmp_path: Path) -> None:
    name = "As a message in its chat template"
    (tmp_path / "tokenizer.json").write_bytes((tiny_models["qwen2"] / "tokenizer.json").read_bytes())
    assert ways("Hi", load(str(tmp_path)))[name] is None
    (tmp_path / "chat_template.jinja").write_text("<{% for m in messages %}{{ m.content }}{% endfor %}>")
    tokenizer = load(str(tmp_path))
    assert ways("Hi", tokenizer)[name] == len(tokenizer.ids("<")) + len(tokenizer.ids("Hi")) + len(tokenizer.ids(">"))
    (tmp_path / "chat_template.jinja").write_text("{{ raise_exception('no') }}")
    assert ways("Hi", tokenizer)[name] is None


@pytest.mark.parametrize("key", ["digits", "space", "language"])
def test_the_questions_compute_their_answers(key: str) -> None:
    from lib.ui.tokenizers.questions import QUESTIONS

    question = next(q for q in QUESTIONS if q.key == key)
    right, why = question.answer()
    app = page(tab="Questions")
    app.radio(key=f"predict-{key}-choice").set_value(question.options[right]).run()
    app.button(key=f"predict-{key}-reveal").click().run()
    assert not app.exception
    assert app.success[0].value.startswith("Yes") and why in app.success[0].value


def test_what_was_learned_stays_when_the_lesson_is_closed() -> None:
    corpus = "low lower lowest " * 9
    app = page(learn="BPE", text="slower")
    app.button_group(key="tokenizers").set_value(["bpe"]).run()
    app.text_area(key="corpus").set_value(corpus).run()
    open_tab(app, "Compare")
    assert not app.exception
    learned = BPETokenizer(bpe.train(corpus, vocab_size=256 + MERGES))
    assert figures(app)["Vocabulary"] == [str(learned.vocab_size)] != ["256"]
    assert figures(app)["Tokens"] == [str(len(learned.ids("slower")))]


def test_ids_are_read_by_every_tokenizer_and_strange_ones_are_explained() -> None:
    from lib.tokenization import TokenizationError
    from lib.ui.tokenizers.lookup import meaning, read_ids

    assert read_ids("[1, 22]\n333; x") == [1, 22, 333]
    assert meaning(load("gpt2"), [464, 12520, 234, 253]) == ("The␣🌟", "The | ␣⟨F0 9F⟩ | ⟨8C⟩ | ⟨9F⟩")
    with pytest.raises(TokenizationError):
        load("gpt2").decode([60_000])
    assert meaning(load("gpt2"), [60_000])[1] == "gpt2 has ids 0 to 50256; 60000 is not one of them."
    assert meaning(load("cl100k_base"), [10**30])[0] == "–"
    assert meaning(load("word"), []) == ("", "")


def test_the_tokenizer_of_a_local_model_can_be_chosen(
    tiny_models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tiny_models["llama"].parent))
    app = page(text="the cat sat 🚀")
    assert "tiny-llama" in app.button_group(key="tokenizers").options
    app.button_group(key="tokenizers").set_value(["tiny-llama", "gpt2"]).run()
    assert not app.exception
    table = figures(app)
    own = load(str(tiny_models["llama"]))
    assert table["Tokens"] == [str(len(t.ids("the cat sat 🚀"))) for t in (own, load("gpt2"))]
    assert table["Vocabulary"][0] == "300"


def test_a_link_followed_within_the_app_brings_its_text() -> None:
    app = page(text="first")
    app.menu_button(key="sample-example").click("Chinese").run()
    assert sent(app, "compare-rows")["text"] == texts.SAMPLES["Chinese"]
    app.query_params["text"] = "second"
    app.run()
    assert sent(app, "compare-rows")["text"] == "second"
    app.run()
    assert sent(app, "compare-rows")["text"] == "second"


def test_a_corpus_that_is_too_long_is_cut_with_a_sentence_and_kept_as_typed() -> None:
    app = page(learn="Words")
    book = "another word " * 5_000  # 65,000 characters
    app.text_area(key="corpus").set_value(book).run()
    assert not app.exception
    assert [w.value for w in app.warning] == ["The first 50,000 of 65,000 characters are used."]
    assert app.text_area(key="corpus").value == book
    words = next(metric.value for metric in app.metric if metric.label == "Words and marks in the corpus")
    assert words == f"{len(book[:50_000].split()):,}"


def test_cuts_are_drawn_only_where_they_are_seen_and_the_choice_of_two_stays() -> None:
    app = page(text="a rabbit 2")
    assert not any("compare-cuts" in node.proto.id for node in app.get("bidi_component"))
    open_tab(app, "Where two cut")
    assert not any("compare-figures" in node.proto.id for node in app.get("bidi_component"))
    app.selectbox(key="cut-b").set_value("Qwen").run()
    assert not app.exception
    data = sent(app, "compare-cuts")
    assert data["names"] == ["GPT-2", "Qwen"] and "".join(text for text, _ in data["pieces"]) == "a␣rabbit␣2"
    open_tab(app, "Compare")
    open_tab(app, "Where two cut")
    assert app.selectbox(key="cut-b").value == "Qwen"


def test_a_link_to_a_lesson_opens_it_and_another_tab_forgets_it() -> None:
    app = page(learn="Characters")
    assert app.button_group(key="learn").value == "Characters"
    open_tab(app, "Questions")
    assert "learn" not in app.query_params and app.radio(key="predict-digits-choice")
    open_tab(app, "Learn")
    assert app.button_group(key="learn").value == "Characters"
    assert app.query_params["learn"] in ("Characters", ["Characters"])


def test_a_tab_in_the_link_goes_before_a_lesson() -> None:
    app = page(tab="In short", learn="BPE")
    assert not app.exception
    assert any("Takeaways" in text.value for text in app.markdown)
    assert not any("stepper" in node.proto.id for node in app.get("bidi_component"))


def test_an_unknown_lesson_in_a_link_opens_the_first() -> None:
    app = page(learn="Alchemy")
    assert not app.exception
    assert app.button_group(key="learn").value == "Words"


def test_rows_and_bars_have_their_tokenizers_colours() -> None:
    app = page(text="colours")
    expected = [TOKENIZERS[name] for name in ("gpt2", "cl100k_base", "o200k_base", "qwen")]
    assert [row["colour"] for row in sent(app, "compare-rows")["rows"]] == expected
    assert [bar["colour"] for bar in sent(app, "compare-bars")["bars"]] == expected


def test_only_so_many_tokenizers_are_shown_as_a_screen_holds() -> None:
    app = page(text="many")
    every = list(app.button_group(key="tokenizers").options)
    names = ["word", "character", "bpe", "gpt2", "cl100k_base", "o200k_base", "qwen", "smollm2"]
    assert len(every) >= len(names) > MAX_CHOSEN
    app.button_group(key="tokenizers").set_value(names).run()
    assert not app.exception
    assert len(sent(app, "compare-rows")["rows"]) == MAX_CHOSEN
    assert any(f"Only the first {MAX_CHOSEN}" in caption.value for caption in app.caption)


def test_one_tokenizer_alone_has_no_other_to_cut_beside() -> None:
    app = page(tab="Where two cut")
    app.button_group(key="tokenizers").set_value(["gpt2"]).run()
    assert not app.exception
    assert any("two tokenizers or more" in note.value for note in app.info)


def shown(app: AppTest) -> list[str]:
    return [row["name"] for row in sent(app, "compare-rows")["rows"]]


def test_the_ladder_comes_first_and_the_real_tokenizers_second() -> None:
    app = page(rows=LADDER)
    assert not app.exception
    assert shown(app) == ["word", "character", "bpe"] and app.button_group(key="learn").value == "Words"
    assert "[UNK]" in sent(app, "compare-rows")["rows"][0]["about"]
    app.button_group(key="rows").set_value(REAL).run()
    assert shown(app) == ["gpt2", "cl100k_base", "o200k_base", "qwen"]
    assert app.button_group(key="learn").value == "Words"  # the open tab stays open
    open_tab(app, "Compare")
    assert figures(app)["Tokenizer"][0] == "GPT-2"
    app.button_group(key="rows").set_value(LADDER).run()  # the tab that was open is not there any more
    assert not app.exception and shown(app) == ["word", "character", "bpe"]


@pytest.mark.parametrize("query", [{"tokenizers": ["gpt2", "qwen"]}, {"tab": "Compare"}])
def test_a_link_about_real_tokenizers_shows_them(query: dict[str, Any]) -> None:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    app.switch_page("pages/1_Tokenizers.py")
    app.query_params.update(query)
    app.run()
    assert not app.exception and {"gpt2", "qwen"} <= set(shown(app)) and "word" not in shown(app)


@pytest.mark.parametrize("text", ["The rabbit considered tokenization 🚀", "", "aaaa aaa  \n\n"])
def test_the_merges_that_are_played_are_those_that_encode(text: str) -> None:
    tokenizer = BPETokenizer(bpe.train(texts.corpus() + "aaaa " * 9, vocab_size=456))
    data = played(text, tokenizer)
    words = data["words"]
    for step in data["steps"]:
        left, right, made = step["ids"]
        merge = tokenizer.merges[step["number"] - 1]
        assert ((left, right), made) == (merge.pair, merge.new_id)
        joined = [bpe.merge_pair(ids, merge.pair, merge.new_id) for ids in words]
        assert joined != words  # each of them applies
        words = joined
    assert [i for ids in words for i in ids] == tokenizer.ids(text)
    assert [step["number"] for step in data["steps"]] == sorted(step["number"] for step in data["steps"])


def test_the_pieces_of_code_add_up_to_the_tokens() -> None:
    code = texts.SAMPLES["Code"]
    for name, run in (("tiktoken-gpt2", 1), ("cl100k_base", 81)):
        found = code_row(name, code)
        assert found["tokens"] == len(load(name).ids(code)) and found["run"] == run
        assert len(load(name).ids(" " * run)) == 1
    assert code_row("cl100k_base", code)["blank"] < code_row("tiktoken-gpt2", code)["blank"]


def test_dropped_characters_are_in_no_rate() -> None:
    app = page(text="ab🚀🚀🚀🚀")
    app.button_group(key="tokenizers").set_value(["character"]).run()
    assert (figures(app)["Characters per token"], figures(app)["Bytes per token"]) == (["1.00"], ["1.00"])


def test_openai_counts_three_tokens_a_message_and_three_for_the_reply() -> None:
    # OpenAI Cookbook, "How to count tokens with tiktoken": 3 + role + content, and 3 more
    found = ways("Hi there", load("cl100k_base"))
    assert found["As a message in its chat template"] == 3 + 1 + 2 + 3


def test_a_link_from_before_the_names_changed_opens_what_it_meant() -> None:
    app = page(show="Ids", tab="Ids to text")
    assert not app.exception and app.button_group(key="show").value == "Token IDs"
    assert app.text_input(key="ids").value
    assert page(learn="Control tokens").button_group(key="learn").value == "Special tokens"
