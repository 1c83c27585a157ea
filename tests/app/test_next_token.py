"""The Next Token page without a browser: bad input, the path, places, panels, and no model run for a setting."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lib.engine.local import LocalEngine
from lib.engine.sampling import softmax
from lib.ui import cache
from lib.ui.next_token import reading as next_token
from lib.ui.next_token.distribution import Knobs
from lib.ui.next_token.state import History

PAGE = Path(__file__).resolve().parents[2] / "pages" / "3_Next_Token.py"


@pytest.fixture
def page(tiny_models, monkeypatch) -> Iterator[AppTest]:
    """The page with the tiny GPT-2 (300 tokens, 64 positions)."""
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tiny_models["gpt2"]))
    st.cache_resource.clear()
    st.cache_data.clear()
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params["model"] = "tiny-gpt2"
    app.query_params["prompt"] = "the cat sat"
    yield app
    st.cache_resource.clear()


def said(app: AppTest) -> str:
    """All sentences of the page's boxes and toasts, and of the line under the tokens."""
    return " ".join(box.value for kind in ("error", "toast", "markdown") for box in getattr(app, kind))


def view(app: AppTest):
    return app.session_state["next-token-state"]


def prompt(app: AppTest, text: str) -> AppTest:
    return app.text_area(key="prompt").set_value(text).run()


def tab(app: AppTest, name: str) -> None:
    """Open a tab in the next run: it is in the address, too."""
    app.query_params["next-token-tabs"] = app.session_state["next-token-tabs"] = name


def settle(app: AppTest, **knobs) -> AppTest:
    """What the chart reports when a movement ends."""
    view(app).set_knobs(Knobs(**knobs))
    return app.run()


def test_the_page_shows_itself_and_restores_a_link(page) -> None:
    for name, value in {"t": "0.7", "k": "40", "p": "0.9", "minp": "0.05", "n": "30", "path": "70,71"}.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception and not page.error and not page.warning and not page.toast
    assert view(page).knobs == Knobs(t=0.7, k=40, p=0.9, m=0.05, n=30)
    assert view(page).history.path == (70, 71)
    assert page.query_params["k"] == "40" and page.query_params["path"] == "70,71"
    assert page.text_area(key="prompt").value == "the cat sat"


@pytest.mark.parametrize("query", [{"p": "2"}, {"k": "0"}, {"t": "nan"}, {"path": "9999"}, {"path": "<b>"}])
def test_nonsense_in_a_link_is_said_and_left_out(page, query) -> None:
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception and not page.error
    assert "link" in said(page)
    assert view(page).knobs == Knobs() and view(page).history.path == ()


def test_settings_at_their_ends_are_answered(page) -> None:
    page.run()
    for knobs in ({"p": 0.0}, {"k": 10**6}, {"t": 0}, {"t": 2.0, "k": 1}, {"m": 1.0}):
        settle(page, **knobs)
        assert not page.exception and not page.error


def test_strange_prompts_are_read_as_text(page) -> None:
    page.run()
    hostile = "<script>alert(1)</script> $x$ :red[no] `a`"
    for text in ("🚀👩‍👩‍👧 naïve", "<|endoftext|><|im_start|>", hostile, "\n", " ", "a\x00b", "\u202ertl"):
        prompt(page, text)
        assert not page.exception and not page.error
        reading = next_token.read("tiny-gpt2", text, ())
        assert reading.tokenizer.decode(reading.ids) == text


def test_an_empty_prompt_is_explained(page) -> None:
    page.run()
    prompt(page, "")
    assert not page.exception and "<|endoftext|>" in said(page) and "start of a text" in said(page)


def test_control_token_text_is_explained(page) -> None:
    page.run()
    prompt(page, "say <|im_end|>")
    assert "does not become the special token" in said(page)


def test_a_prompt_beyond_the_context_is_a_sentence_and_stays_typed(page) -> None:
    page.run()
    prompt(page, "the cat " * 10_000)
    assert not page.exception
    assert "tokens" in page.error[0].value and "64" in page.error[0].value
    assert page.text_area(key="prompt").value.startswith("the cat the cat")


def test_a_trailing_space_is_flagged_and_not_healed(page) -> None:
    page.run()
    assert not [m for m in page.markdown if "ends in a space" in m.value]
    prompt(page, "the cat ")
    assert [m for m in page.markdown if "ends in a space" in m.value]
    assert page.text_area(key="prompt").value == "the cat "
    prompt(page, "the cat\n")
    assert [m for m in page.markdown if "ends in a line break" in m.value]


def test_the_trailing_space_has_a_tab_while_it_is_there(page, monkeypatch) -> None:
    read = []
    original = next_token.read
    monkeypatch.setattr("lib.ui.next_token.panels.read", lambda *a: read.append(a[1]) or original(*a))
    page.run()
    prompt(page, "the cat ")
    assert not read  # the other text is read when one asks for it
    page.button(key="show-trailing").click().run()
    assert not page.exception and read == ["the cat"]
    assert [c for c in page.caption if "of the probability moved" in c.value]
    prompt(page, "the cat")
    assert not page.exception and not page.caption[-1].value.startswith("KL")
    assert [m for m in page.markdown if "The same scores at six temperatures" in m.value]  # the first tab is open again


def test_what_is_wrong_with_a_link_is_said_once(page) -> None:
    page.query_params["p"] = "2"
    page.run()
    assert [toast.value for toast in page.toast] and "Top\\-p" in page.toast[0].value
    page.run()
    assert not page.toast


def test_undo_redo_reset_and_edit(page) -> None:
    page.query_params["path"] = "70,71"
    page.run()
    page.button(key="path-reset").click().run()
    assert view(page).history.path == () and "path" not in page.query_params
    page.button(key="path-undo").click().run()
    assert view(page).history.path == (70, 71)
    page.button(key="path-redo").click().run()
    assert view(page).history.path == ()
    page.button(key="path-undo").click().run()
    whole = next_token.read("tiny-gpt2", "the cat sat", (70, 71))
    page.button(key="path-fold").click().run()
    assert page.text_area(key="prompt").value == whole.tokenizer.decode(whole.ids)
    assert view(page).history.path == ()


def test_another_prompt_begins_a_new_path(page) -> None:
    page.query_params["path"] = "70"
    page.run()
    prompt(page, "the dog")
    assert view(page).history.path == ()


def test_a_place_shows_its_own_distribution(page) -> None:
    page.run()
    view(page).at = 1
    page.run()
    assert not page.exception
    assert [m for m in page.markdown if "**position 2**" in m.value]
    page.button(key="place-back").click().run()
    assert view(page).at is None


def test_no_setting_runs_the_model(page, monkeypatch) -> None:
    cache.engine("tiny-gpt2", "auto")  # loading may run the model
    calls = []
    for name in ("logits", "score"):
        original = getattr(LocalEngine, name)
        monkeypatch.setattr(LocalEngine, name, lambda *a, _f=original, _n=name, **k: calls.append(_n) or _f(*a, **k))
    page.run()
    assert calls == ["score"]  # the prompt, once
    for knobs in ({"t": 0.2}, {"t": 0}, {"k": 5}, {"p": 0.5}, {"m": 0.1}, {"n": 50}, {"seed": 3, "draws": 10_000}):
        settle(page, **knobs)
        assert not page.exception
    assert calls == ["score"] and page.button(key="path-undo").disabled
    prompt(page, "the dog sat")
    assert calls == ["score", "score"]


def test_only_the_open_panel_is_computed(page, monkeypatch) -> None:
    from lib.figures import next_token as figures

    swept = []
    original = figures.sweep
    monkeypatch.setattr(figures, "sweep", lambda *a, **k: swept.append(1) or original(*a, **k))
    tab(page, "Guess the next token")
    page.run()
    prompt(page, "the dog")
    assert not page.exception and not swept
    tab(page, "Temperatures")
    page.run()
    assert len(swept) == 1
    page.run()
    assert len(swept) == 1 and len(page.get("plotly_chart")) == 1
    for shown in ("Every temperature", "How uncertain is the model?"):
        page.session_state["next-token-temperatures"] = shown
        page.run()
        assert not page.exception and len(swept) == 1 and len(page.get("plotly_chart")) == 1


def test_the_page_imports_no_pandas_and_no_torch_of_its_own(tiny_models) -> None:
    """In a fresh process, with an engine that needs no torch either: they would cost a second and 150 MB."""
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(PAGE)],
        capture_output=True,
        text=True,
        check=False,
        cwd=PAGE.parents[1],
        env={**os.environ, "PLAYGROUND_MODELS": str(tiny_models["gpt2"])},
    )
    assert done.stdout.split() == ["1", "charts"], done.stdout + done.stderr


FRESH = """
import sys
import numpy as np
from streamlit.testing.v1 import AppTest
from lib import engine, tokenization
from lib.engine.interface import EngineInfo, TokenScores

class Ready(engine.InspectableEngine):
    tokenizer, stop_ids, generate, beam, rivals, run, close = None, frozenset(), None, None, None, None, None
    info, alive = EngineInfo("tiny-gpt2", "tiny", "gpt2", "float32", "cpu", 1, 300, 64, 1), True
    def logits(self, ids, position=-1):
        return np.arange(300, dtype=np.float32)
    def score(self, ids):
        n = len(ids) - 1
        return TokenScores(np.array(ids[1:]), -np.ones(n), np.ones(n, int), np.ones(n, int), np.ones(n), np.ones(n),
                           self.logits(ids))

engine.load = lambda *a, **k: Ready()
app = AppTest.from_file(sys.argv[1], default_timeout=60)
app.query_params["model"] = "tiny-gpt2"
app.run()
assert not app.exception and not app.error
print(len(app.get("plotly_chart")), "charts", *({"pandas", "pyarrow", "torch", "transformers"} & set(sys.modules)))
"""


@pytest.mark.parametrize("kind", ["Another prompt", "Other settings", "Another model"])
def test_two_distributions_have_a_divergence_where_vocabularies_agree(page, kind) -> None:
    tab(page, "Compare two")
    page.session_state["compare-kind"] = kind
    page.run()
    assert not page.exception and not page.error
    labels = [metric.label for metric in page.metric]
    assert ("KL(A ‖ B)" in labels) == (kind != "Another model")  # there is no second model of this tokenizer


def test_two_models_with_one_tokenizer(page, tiny_models, monkeypatch) -> None:
    monkeypatch.setenv("PLAYGROUND_MODELS", os.pathsep.join(str(tiny_models[name]) for name in ("gpt2", "llama")))
    tab(page, "Compare two")
    page.session_state["compare-kind"] = "Another model"
    page.run()
    assert not page.exception and not page.error
    kl = float(page.metric[0].value.split()[0])
    a, b = (softmax(next_token.read(name, "the cat sat", ()).logits()) for name in ("tiny-gpt2", "tiny-llama"))
    assert np.isclose(kl, (a * np.log2(a / b)).sum(), atol=1e-3)


def test_guessing_keeps_score_against_the_model(page) -> None:
    tab(page, "Guess the next token")
    page.session_state["guess-text"] = "My own prompt"
    page.run()
    prompt(page, "the cat sat on the mat. the dog")
    game = page.session_state["next-token-game"]
    reading = next_token.read("tiny-gpt2", "the cat sat on the mat. the dog", ())
    real = reading.ids[game.place]
    place = game.place
    page.button(key=f"guess-{place}-{real}").click().run()
    assert not page.exception
    game = page.session_state["next-token-game"]
    probs = softmax(reading.logits(place))
    assert (game.you, game.asked, game.model) == (1, 1, int(np.argmax(probs) == real))
    assert np.isclose(game.bits, -np.log2(probs[real]))
    page.button(key=f"guess-next-{place}").click().run()
    assert page.session_state["next-token-game"].place == place + 1


def test_the_table_lists_the_likeliest_by_id(page) -> None:
    tab(page, "Table and download")
    page.run()
    frame = page.dataframe[0].value
    probs = softmax(next_token.read("tiny-gpt2", "the cat sat", ()).logits())
    assert list(frame["token ID"]) == list(np.argsort(-probs, kind="stable")[:20])
    assert np.allclose(frame["model (T = 1)"], np.sort(probs)[::-1][:20])


def test_every_place_has_its_surprisal_rank_and_guess(page) -> None:
    tab(page, "Every position")
    page.run()
    assert not page.exception and not page.error
    frame, reading = page.dataframe[0].value, next_token.read("tiny-gpt2", "the cat sat", ())
    for _, row in frame.iterrows():
        place = row["position"] - 1
        probs = softmax(reading.logits(place))
        real = reading.ids[place]
        assert np.isclose(row["probability"], probs[real], rtol=1e-4)
        assert row["rank"] == 1 + (probs > probs[real]).sum()
        assert frame["the model's guess"][place - 1] == reading.label(int(probs.argmax()))


def test_undo_brings_back_a_prompt_that_a_click_has_cut(page: AppTest) -> None:
    page.session_state["prompt"] = "The capital of France is"
    page.run()
    state = page.session_state["next-token-state"]
    state.earlier.append(("The capital of France is", History([(), (7,)], at=1)))
    state.history, state.base = History([(5,)]), None
    page.session_state["prompt"] = "The capital"
    page.run()
    page.button(key="path-undo").click().run()
    assert page.text_area(key="prompt").value == "The capital of France is"
    assert page.session_state["next-token-state"].history.path == (7,)
