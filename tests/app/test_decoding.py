"""The decoding page without a browser: run, stop, branch-free state, presets, links, nonsense knobs."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.design import STRATEGIES
from lib.generation.strategy_run import StrategyRun
from lib.ui import cache
from lib.ui.decoding import column_words
from tests.engines import here
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("run_by_run")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def page(tiny_models, monkeypatch) -> Iterator[AppTest]:
    """The page with the tiny GPT-2 as its model."""
    import streamlit as st

    monkeypatch.setenv("PLAYGROUND_MODELS", os.pathsep.join(str(folder) for folder in tiny_models.values()))
    st.cache_resource.clear()
    st.cache_data.clear()
    app = AppTest.from_file(str(ROOT / "pages" / "4_Decoding.py"), default_timeout=60)
    app.query_params["model"] = "tiny-gpt2"
    app.query_params["prompt"] = "the cat sat"
    app.query_params["n"] = "8"
    yield app
    st.cache_resource.clear()


def columns(app: AppTest) -> list:
    return app.session_state["decoding-columns"]


def click(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def finish(app: AppTest) -> AppTest:
    assert until(lambda: not any(c.track and c.track.running for c in columns(app)), seconds=40)
    return app.run()


def show(app: AppTest, tab: str) -> AppTest:
    """Open one of the tabs under the texts."""
    app.session_state["section"] = tab
    return app.run()


def html(app: AppTest) -> str:
    return " ".join(str(block.proto.body) for block in app.get("html"))


def test_the_course_preset_runs_and_shows_numbers(page) -> None:
    page.run()
    assert not page.exception
    assert [c.strategy.kind for c in columns(page)] == ["greedy", "top_k", "top_p"]
    assert "s" not in page.query_params  # they are what the page opens with
    click(page, "decoding-run")
    finish(page)
    assert not page.exception
    for column in columns(page):
        assert column.track.state == "done" and len(column.track.steps) <= 8
    assert html(page).count("longest repeat") == 3
    assert "here the texts diverge" in html(page)  # the mark stands in the first column too
    assert any(button.label == "Run" for button in page.button)
    show(page, "One step")
    assert any(m.value.startswith("Token ") and "(Greedy)" in m.value for m in page.markdown)


def test_only_the_open_tab_is_computed(page, monkeypatch) -> None:
    asked: list[int] = []
    real = cache.logits
    monkeypatch.setattr(cache, "logits", lambda *given: (asked.append(1), real(*given))[1])
    page.run()
    click(page, "decoding-run")
    finish(page)
    assert not page.exception and not asked and not page.radio and not page.code
    assert any("diverge" in m.value for m in page.markdown)
    show(page, "One step")
    assert len(asked) == 1 and not page.radio
    show(page, "Code")
    assert len(asked) == 1 and page.code and not page.exception


def test_a_link_opens_its_tab(page) -> None:
    page.query_params["section"] = "In short"
    page.run()
    assert not page.exception
    assert any("the decoding strategy chooses" in m.value for m in page.markdown)


def test_a_changed_knob_says_that_the_text_is_older(page) -> None:
    page.query_params["s"] = "topk_k5~greedy"
    page.run()
    click(page, "decoding-run")
    finish(page)
    uid = columns(page)[0].uid

    def notes() -> list[str]:
        streams = [json.loads(part.proto.json) for part in page.get("bidi_component") if "tokens" in part.proto.json]
        return [data["note"] for (data,) in streams]

    assert len(notes()) == 2 and not any("earlier settings" in note for note in notes())
    page.number_input(key=f"decoding-{uid}-top_k-top_k").set_value(7).run()
    assert ["earlier settings" in note for note in notes()] == [True, False]


def test_after_the_next_seed_every_column_says_whether_its_text_changed(page) -> None:
    page.query_params["s"] = "greedy~pure~beam_b2"
    page.run()

    def notes(key: str) -> list[str]:
        """What stands under the texts after one more run."""
        finish(click(page, key))
        shown = [json.loads(part.proto.json)[0] for part in page.get("bidi_component") if "tokens" in part.proto.json]
        return [data["note"] for data in shown]

    assert not any("seed" in note for note in notes("decoding-run"))
    before = [[step.id for step in column.track.steps] for column in columns(page)]
    greedy, pure, beam = notes("decoding-next")
    assert "the same as with seed 42" in greedy and "the same as with seed 42" in beam
    after = [step.id for step in columns(page)[1].track.steps]
    place = next(i for i, (one, other) in enumerate(zip(before[1], after, strict=False), 1) if one != other)
    assert f"differs from seed 42's at token {place}" in pure
    assert not any("seed" in note for note in notes("decoding-run"))  # with the same seed: nothing to compare
    page.slider(key="n").set_value(6).run()
    assert not any("seed" in note for note in notes("decoding-next"))  # another length


def test_columns_of_one_strategy_have_shades_of_its_colour(page) -> None:
    page.query_params["s"] = "beam~pure~pure_t2"
    page.run()
    marks = re.findall(r"--number: '(\d)'; --strategy: (#\w{6});", html(page))
    assert [number for number, _ in marks] == ["1", "2", "3"]
    colours = [colour for _, colour in marks]
    assert colours[:2] == [STRATEGIES["beam"], STRATEGIES["sampling"]] and len(set(colours)) == 3


def test_a_preset_replaces_the_columns(page) -> None:
    page.run()
    page.menu_button(key="decoding-preset").click("All six").run()
    assert not page.exception
    assert [c.strategy.kind for c in columns(page)] == ["greedy", "beam", "top_k", "top_p", "min_p", "sampling"]


def test_the_same_seed_writes_the_same_texts_and_the_next_seed_others(page) -> None:
    page.query_params["s"] = "greedy~pure_t2"
    page.run()

    def texts() -> list[list[int]]:
        finish(page)
        return [[step.id for step in c.track.steps] for c in columns(page)]

    click(page, "decoding-run")
    first = texts()
    click(page, "decoding-run")
    assert texts() == first
    click(page, "decoding-next")
    assert page.session_state["seed"] == 43
    again = texts()
    assert again[0] == first[0] and again[1] != first[1]


def test_nonsense_knobs_are_explained_and_not_run(page) -> None:
    page.query_params["s"] = "topp_p2~greedy~topk_knan~beam_b99"
    page.run()
    click(page, "decoding-run")
    finish(page)
    assert not page.exception
    bad, good, other, beams = columns(page)
    assert bad.track is None and other.track is None and beams.track is None and good.track.state == "done"
    said = " ".join(error.value for error in page.error).replace("\\", "")
    assert "top_p is a probability" in said and "must be a number" in said and "goes up to 16" in said


def test_columns_are_added_copied_removed_and_changed(page) -> None:
    page.query_params["s"] = "topk_k5"
    page.run()
    uid = columns(page)[0].uid
    click(page, f"decoding-{uid}-copy")
    click(page, "decoding-add")
    assert [c.strategy.kind for c in columns(page)] == ["top_k", "top_k", "sampling"]
    page.selectbox(key=f"decoding-{uid}-kind").select("min_p").run()
    assert columns(page)[0].strategy.kind == "min_p"
    page.number_input(key=f"decoding-{uid}-min_p-min_p").set_value(0.25).run()
    assert columns(page)[0].strategy.min_p == 0.25
    click(page, f"decoding-{uid}-remove")
    assert len(columns(page)) == 2 and page.query_params["s"] == "topk_k5_t1_r1~pure_t1_r1"
    for _ in range(6):
        click(page, "decoding-add")
    assert len(columns(page)) == 8 and page.button(key="decoding-add").disabled and not page.exception


def test_beam_columns_show_their_tree(page) -> None:
    page.query_params["s"] = "beam_b3_l0.5~greedy"
    page.run()
    click(page, "decoding-run")
    finish(page)
    assert not page.exception
    assert len(columns(page)[0].track.beam_steps) >= 1
    show(page, "Beam tree")
    assert not page.exception
    page.session_state["decoding-beam-numbers"] = True
    page.run()
    assert any(slider.key.startswith("decoding-beam-step") for slider in page.slider)
    assert any("first token" in m.value for m in page.markdown)


def test_a_branch_in_the_link_starts_every_text(page) -> None:
    page.query_params["s"] = "greedy_f80.81"
    page.run()
    click(page, "decoding-run")
    finish(page)
    assert [step.id for step in columns(page)[0].track.steps][:2] == [80, 81]
    page.query_params["s"] = "greedy_f999999"
    page.run()
    click(page, "decoding-run")
    finish(page)
    assert not page.exception and columns(page)[0].track.state == "failed" and page.error


def test_a_branch_says_that_its_tokens_belong_to_another_prompt(page) -> None:
    page.query_params["s"] = "greedy~greedy_f80.81"
    page.run()
    click(page, "decoding-run")
    finish(page)
    first, branch = columns(page)
    branch.parent = first.track  # as a click on a token leaves it
    notes = [column_words.note(branch.track, branch.track.steps, foreign=branch.foreign)]
    page.text_area(key="prompt").set_value("dogs").run()
    click(page, "decoding-run")
    finish(page)
    branch = columns(page)[1]
    notes.append(column_words.note(branch.track, branch.track.steps, foreign=branch.foreign))
    assert ["2 tokens chosen by hand after another prompt" in note for note in notes] == [False, True]
    click(page, f"decoding-{branch.uid}-release")
    click(page, "decoding-run")
    finish(page)
    assert columns(page)[1].strategy.forced == () and not columns(page)[1].foreign


def test_an_empty_prompt_is_explained(page) -> None:
    page.query_params["prompt"] = ""
    page.run()
    page.text_area(key="prompt").set_value("").run()
    click(page, "decoding-run")
    assert not page.exception
    assert any("no prompt" in error.value for error in page.error)
    assert page.button(key="decoding-stop").disabled
    show(page, "Code")
    assert not page.exception and any("No column can run" in caption.value for caption in page.caption)


def test_stop_keeps_what_was_written(page) -> None:
    page.query_params["n"] = "50"
    page.query_params["s"] = "pure"
    page.run()
    click(page, "decoding-run")
    track = columns(page)[0].track
    page.run()
    track.stop()
    track.join(20)
    kept = [step.id for step in track.steps]
    page.run()
    assert not page.exception and [step.id for step in columns(page)[0].track.steps] == kept


def test_many_samples_are_drawn_and_counted(page) -> None:
    page.query_params["s"] = "pure_t2~greedy"
    page.run()
    show(page, "Many samples")
    page.number_input(key="decoding-many-count").set_value(6)
    page.number_input(key="decoding-many-length").set_value(4)
    click(page, "decoding-many-run")
    for track in page.session_state["decoding-many"]:
        track.join(30)
    page.run()
    assert not page.exception
    tracks = page.session_state["decoding-many"]
    assert [track.seed for track in tracks] == list(range(42, 48)) and all(len(t.steps) <= 4 for t in tracks)
    different = len({tuple(step.id for step in track.steps) for track in tracks})
    assert next(m for m in page.metric if m.label == "Different texts").value == f"{different} of 6"
    engine = here(cache.engine("tiny-gpt2"))
    with engine.lock:  # Stop comes before their first token
        tracks[4:] = [
            StrategyRun(engine, track.prompt, track.strategy, seed=track.seed, max_new_tokens=4) for track in tracks[4:]
        ]
        for track in tracks[4:]:
            track.stop()
            track.join(30)
    page.run()
    left = len({tuple(step.id for step in track.steps) for track in tracks[:4]})
    assert next(m for m in page.metric if m.label == "Different texts").value == f"{left} of 4"
    assert any("4 of 6 texts had begun" in caption.value for caption in page.caption)


def test_the_questions_are_answered_by_the_model(page) -> None:
    page.run()
    show(page, "Questions")
    radios = [radio for radio in page.radio if radio.key.startswith("predict-decoding-")]
    assert len(radios) == 3
    for radio in radios:
        radio.set_value(radio.options[0])
    page.run()
    for button in [b for b in page.button if b.label == "Reveal"]:
        button.click().run()
    assert not page.exception
    shown = [*page.success, *page.warning]
    assert len(shown) == 3 and any("longest repeat" in block.value for block in shown)


def test_another_model_drops_the_texts_of_the_first(page) -> None:
    page.query_params["s"] = "greedy~beam_b2"
    page.run()
    click(page, "decoding-run")
    finish(page)
    page.selectbox(key="model").select("tiny-llama").run()
    assert not page.exception and all(c.track is None for c in columns(page))
    click(page, "decoding-run")
    finish(page)
    assert not page.exception and all(c.track.state == "done" for c in columns(page))


def test_one_strategy_is_one_bar_and_beams_alone_have_no_empty_sentence(page) -> None:
    page.query_params["s"] = "greedy_r1.3~greedy_r1.3_f80~topk_k5"
    page.run()
    click(page, "decoding-run")
    finish(page)
    show(page, "One step")
    assert not page.exception
    said = next(m.value for m in page.markdown if m.value.startswith("Tokens still possible"))
    assert said.count("Greedy") == 1 and "**5**" in said
    show(page, "Code")
    assert page.selectbox(key="decoding-code-which").options == [
        "1 · Greedy (repetition 1.3)",
        "2 · Greedy (repetition 1.3) (branch)",
        "3 · Top-k (k 5 · T 1)",
    ]
    show(page, "One step")
    page.query_params["s"] = "beam_b2"
    page.run()
    click(page, "decoding-run")
    finish(page)
    assert not page.exception and any("ranks it" in m.value for m in page.markdown)
    assert not any("still possible" in m.value for m in page.markdown)
