"""The tokenizers page as a script: every lesson runs, what is typed is shown literally, errors are sentences."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.tokenization import load, texts
from lib.ui.tokenizers.counts import ways

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ["Words", "Characters", "BPE", "WordPiece and Unigram", "Languages", "Control tokens"]


def page(**query: Any) -> AppTest:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    app.switch_page("pages/1_Tokenizers.py")
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


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
    assert [tab.label for tab in app.tabs] == LESSONS


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
    app.multiselect(key="tokenizers").set_value(["word", "character", "bpe", "tiktoken-gpt2"]).run()
    assert not app.exception
    assert figures(app)["Tokenizer"] == ["Words", "Characters", "BPE trained here", "GPT-2 by tiktoken"]


def test_a_sample_fills_the_text_and_the_link() -> None:
    app = page()
    app.pills(key="sample").set_value("Star player").run()
    assert not app.exception
    assert app.query_params["text"] == texts.SAMPLES["Star player"]
    assert sent(app, "compare-rows")["text"] == texts.SAMPLES["Star player"]


def test_no_tokenizer_and_no_text_are_no_errors() -> None:
    app = page(text="")
    app.multiselect(key="tokenizers").set_value([]).run()
    assert not app.exception
    assert any("at least one tokenizer" in note.value for note in app.info)


def test_the_stepper_gets_the_real_merges() -> None:
    from lib.tokenization import bpe

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
    app = page(learn="Control tokens")
    assert not app.warning
    app.toggle(key="control-parse").set_value(True).run()
    assert "control tokens came out" in app.warning[0].value


def test_the_spelling_of_a_control_token_is_explained_where_it_is_typed() -> None:
    def notes(text: str) -> list[str]:
        return [caption.value for caption in page(text=text).caption if "control token" in caption.value]

    assert not notes("an ordinary text")
    (note,) = notes("the <|endoftext|>")
    assert "ordinary text" in note and "endoftext" in note


def test_a_text_too_long_for_the_link_is_said_to_be() -> None:
    assert any("address keeps the text" in caption.value for caption in page(text="short").caption)
    captions = [caption.value for caption in page(text="long " * 400).caption]
    assert any("too long" in caption for caption in captions)
    assert not any("address keeps the text" in caption for caption in captions)


def test_counts_differ_where_control_tokens_are_parsed() -> None:
    name = "With control tokens parsed"
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
    app = page()
    app.radio(key=f"predict-{key}-choice").set_value(question.options[right]).run()
    app.button(key=f"predict-{key}-reveal").click().run()
    assert not app.exception
    assert app.success[0].value.startswith("Yes") and why in app.success[0].value


def test_what_was_learned_stays_when_the_lesson_is_closed() -> None:
    app = page(learn="BPE")
    app.multiselect(key="tokenizers").set_value(["bpe"]).run()
    app.text_area(key="corpus").set_value("low lower lowest " * 9).run()
    before = figures(app)["Vocabulary"]
    app.session_state["learn"] = "Languages"
    app.run()
    assert not app.exception
    assert figures(app)["Vocabulary"] == before != ["256"]


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
    assert "tiny-llama" in app.multiselect(key="tokenizers").options
    app.multiselect(key="tokenizers").set_value(["tiny-llama", "gpt2"]).run()
    assert not app.exception
    table = figures(app)
    own = load(str(tiny_models["llama"]))
    assert table["Tokens"] == [str(len(t.ids("the cat sat 🚀"))) for t in (own, load("gpt2"))]
    assert table["Vocabulary"][0] == "300"


def test_a_link_followed_within_the_app_brings_its_text() -> None:
    app = page(text="first")
    app.pills(key="sample").set_value("Chinese").run()
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
    app.session_state["cuts"] = True
    app.run()
    app.selectbox(key="cut-b").set_value("Qwen").run()
    assert not app.exception
    data = sent(app, "compare-cuts")
    assert data["names"] == ["GPT-2", "Qwen"] and "".join(text for text, _ in data["pieces"]) == "a␣rabbit␣2"
    app.session_state["cuts"] = False
    app.run()
    app.session_state["cuts"] = True
    app.run()
    assert app.selectbox(key="cut-b").value == "Qwen"
