"""The architecture page run as a script: every section, nonsense, links, the live pass on a tiny model."""

import json
import re
from collections.abc import Callable
from csv import DictReader
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lib.architecture import known_configs, ledger
from lib.architecture.cost import weight_bytes

HOME = str(Path(__file__).resolve().parents[2] / "Home.py")


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tiny_models: dict[str, Path], tmp_path: Path) -> Callable[..., AppTest]:
    """open_page(**query) -> the page after its first run, with the tiny models as the only ones of this machine."""
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setenv("PLAYGROUND_HOME", str(tmp_path))  # the embedded model may be in the usual one
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tiny_models["gpt2"].parent))

    def start(**query: str) -> AppTest:
        page = AppTest.from_file(HOME, default_timeout=60).switch_page("pages/2_Architecture.py")
        for key, value in query.items():
            page.query_params[key] = value
        page.run()
        assert not page.exception
        return page

    return start


def everything(page: AppTest) -> str:
    """All text on the page."""
    html: Any = page.get("html")  # the general type has no `body`
    parts = [*page.markdown, *page.caption, *page.error, *page.info, *page.success, *page.code, *page.title]
    return "\n".join([str(part.value) for part in parts] + [str(h.body) for h in html])


def test_it_opens_on_a_model_of_this_machine_and_says_what_a_part_does(open_page: Callable[..., AppTest]) -> None:
    page = open_page()
    assert str(page.selectbox(key="arch").value).startswith("tiny-")
    text = everything(page)
    plain = re.sub(r'\[([^]]+)\]\(Glossary#[^ ]+ "[^"]+"\)', r"\1", text)
    assert "Writes what the MLP's neurons found back into the residual stream. **Without it:** Attention could" in plain
    assert "The model's answer with all its parts" in text


def test_a_model_that_is_not_here_shows_its_sizes_and_says_so(open_page: Callable[..., AppTest]) -> None:
    page = open_page(arch="gpt2", box="embedding")
    text = everything(page)
    assert "GPT\\-2 small is not on this machine" in text
    assert "38,597,376" in text and "model.transformer.wte" in text
    page.slider(key="batch_shape").set_value(4).run()
    assert "a batch of 4 and 8 tokens" in everything(page)


@pytest.mark.parametrize(
    ("box", "part", "says"),
    [
        ("positions", "positions", "KL divergence"),
        ("scores", "mask", "KL divergence"),
        ("q", "attention", "KL divergence"),
        ("add1", "residual", "KL divergence"),
        ("down", "mlp", "KL divergence"),
        ("norm2", "norm", "KL divergence"),
        ("out", "head", "KL divergence"),
    ],
)
def test_a_link_takes_a_part_out_and_the_page_says_what_that_does(
    open_page: Callable[..., AppTest], box: str, part: str, says: str
) -> None:
    page = open_page(arch="tiny-gpt2", prompt="the cat sat on the mat", box=box, out=part)
    assert says in everything(page) and not page.error
    assert part in page.query_params["out"] and (box == "down" or box in page.query_params["box"])


def test_a_diagram_without_a_text_asks_for_one(open_page: Callable[..., AppTest]) -> None:
    page = open_page(arch="tiny-gpt2", prompt="the cat")
    page.text_area(key="prompt").set_value("").run()
    assert "There is no text" in page.error[0].value and not page.exception
    page.text_area(key="prompt").set_value("the cat " * 10_000).run()
    assert "The first 20,000 of" in page.warning[0].value and not page.exception


def test_a_part_is_taken_out_and_put_back(open_page: Callable[..., AppTest]) -> None:
    page = open_page(arch="tiny-llama", prompt="the cat sat", box="rope")
    assert "KL divergence" not in everything(page)
    page.segmented_control(key="out-nothing-positions").set_value("positions").run()
    assert "KL divergence" in everything(page) and "positions" in page.query_params["out"]
    page.segmented_control(key="out-nothing-positions").set_value("nothing").run()
    assert "KL divergence" not in everything(page) and "out" not in page.query_params


def test_nonsense_in_a_link_is_left_at_its_default(open_page: Callable[..., AppTest]) -> None:
    page = open_page(box="<b>", out="everything", model="<script>")
    assert "Writes what the MLP's neurons found" in everything(page)
    assert "not known here" in page.toast[0].value


def test_every_word_under_a_box_is_in_the_glossary() -> None:
    from lib.course.glossary import GLOSSARY
    from lib.ui.architecture.diagram import TERMS

    assert {word for words in TERMS.values() for word in words} <= set(GLOSSARY)


@pytest.mark.parametrize("name", ["gpt2", "qwen3-0.6b", "gemma-3-270m"])
def test_a_word_for_experts_is_a_link_at_its_first_place_under_a_box(name: str) -> None:
    from lib.architecture.block_diagram import diagram
    from lib.ui.architecture.box_words import in_words

    boxes = diagram(known_configs.architecture(name)).boxes.values()
    said = [" ".join(in_words(box)) for box in boxes]
    for word in ("residual stream", "RMSNorm", "LayerNorm", "RoPE", "SiLU", "GELU", "MLP", "Attention"):
        places = [text for text in said if re.search(rf"\b{word}\b", re.sub(r"\([^)]*\)", "", text))]
        assert all(f"[{word}](Glossary#" in text for text in places), word
    assert any("Glossary#" in text for text in said)


def about(page: AppTest) -> Any:
    """What the page shows of the clicked box."""
    return next(control for control in page.segmented_control if str(control.key).startswith("box-view"))


@pytest.mark.parametrize(
    "box", ["tokens", "embedding", "norm1", "q", "scores", "gate", "final_norm", "head", "softmax"]
)
def test_every_box_has_numbers_of_the_text(open_page: Callable[..., AppTest], box: str) -> None:
    page = open_page(arch="tiny-qwen2", prompt="the cat sat 🚀 <b>$x$</b>", box=box)
    before = everything(page)
    about(page).set_value("Numbers here").run()
    assert not page.exception and not page.error
    assert page.dataframe or page.get("plotly_chart")
    about(page).set_value("Details").run()
    assert "**Why it is there.**" in everything(page) and everything(page) != before


def test_softmax_by_hand_shows_every_step(open_page: Callable[..., AppTest]) -> None:
    page = open_page(view="Softmax by hand")
    text = everything(page)
    assert "7.389 / 11.107 = **66.5%**" in text and "7.389 + 2.718 + 1.000 = **11.107**" in text
    page.slider(key="softmax_t").set_value(2.0).run()
    assert "2.718 / 5.367 = **50.6%**" in everything(page)


def test_attention_says_how_its_first_head_was_chosen(open_page: Callable[..., AppTest]) -> None:
    page = open_page(**{"view": "A live pass", "model": "tiny-gpt2", "prompt": "the cat sat on the cat"})
    assert "the one with the largest such lead is shown first" in everything(page)
    next(b for b in page.button if b.key == "look-the first token").click().run()
    assert not page.exception


def test_the_lens_says_where_the_answer_wins_and_what_the_head_was_not_trained_for(
    open_page: Callable[..., AppTest],
) -> None:
    page = open_page(**{"view": "A live pass", "pass": "Logit lens", "model": "tiny-gpt2", "prompt": "the cat sat"})
    text = everything(page)
    assert "it is in front" in text and "tuned lens" in text


def test_the_lesson_in_short_and_the_questions_are_tabs(open_page: Callable[..., AppTest]) -> None:
    assert "Takeaways" in everything(open_page(view="In short"))
    page = open_page(view="Questions")
    page.radio(key="predict-kv-choice").set_value("The KV cache").run()
    page.button(key="predict-kv-reveal").click().run()
    assert any("Yes" in box.value for box in page.success)
    page.radio(key="predict-parameters-choice").set_value("In the norms").run()
    page.button(key="predict-parameters-reveal").click().run()
    assert "In the MLPs" in page.warning[0].value


@pytest.mark.parametrize(
    ("old", "view"),
    [
        ({"part": "Cost"}, "Cost"),
        ({"view": "Explore a model", "part": "Module tree"}, "Module tree"),
        ({"view": "Two models", "part": "Cost"}, "Two models"),
        ({"part": "Block diagram"}, "Block diagram"),
        ({"part": "nonsense"}, "Block diagram"),
        ({"view": "A live pass", "pass": "Step by step"}, "A live pass"),
        ({"view": "<b>"}, "Block diagram"),
    ],
)
def test_a_link_from_before_the_tabs_stood_in_one_row(
    open_page: Callable[..., AppTest], old: dict[str, str], view: str
) -> None:
    page = open_page(**old)
    assert page.session_state["view"] == view
    assert "part" not in page.query_params


def test_an_old_links_text_is_the_prompt(open_page: Callable[..., AppTest]) -> None:
    page = open_page(view="A live pass", model="tiny-gpt2", text="the cat sat")
    assert page.text_area(key="prompt").value == "the cat sat"
    assert "the cat sat" in page.query_params["prompt"] and "text" not in page.query_params
    page.text_area(key="prompt").set_value("a mat").run()
    assert "a mat" in page.query_params["prompt"]


def test_an_old_links_way_is_in_the_one_picker(open_page: Callable[..., AppTest]) -> None:
    assert open_page(**{"from": "Any hub model"}).selectbox(key="arch").value == "Any hub model"
    assert open_page(arch="A folder or a file").selectbox(key="arch").value == "A folder or a file"
    assert str(open_page(**{"from": "<b>"}).selectbox(key="arch").value).startswith("tiny-")


def test_choosing_a_rarer_way_opens_its_panel_and_a_known_model_closes_it(open_page: Callable[..., AppTest]) -> None:
    page = open_page(part="Parameters")
    page.selectbox(key="arch").set_value("Build your own").run()
    assert page.session_state["architecture-source"] is True
    assert page.slider(key="layers").value == 12
    page.selectbox(key="arch").set_value("gpt2").run()
    assert "layers" not in [slider.key for slider in page.slider]


def test_all_known_models_open_in_every_part(open_page: Callable[..., AppTest]) -> None:
    page = open_page(part="Parameters")
    for name in known_configs.names()[::4]:
        page.selectbox(key="arch").set_value(name).run()
        assert not page.exception
        assert f"{ledger(name).total:,}" in everything(page)
        assert "exactly the published count" in everything(page)


def test_links_name_models_by_id_or_label(open_page: Callable[..., AppTest]) -> None:
    assert open_page(arch="qwen3-0.6b").selectbox(key="arch").value == "qwen3-0.6b"
    assert open_page(arch="GPT-2 XL").selectbox(key="arch").value == "gpt2-xl"
    assert str(open_page(arch="<script>").selectbox(key="arch").value).startswith("tiny-")
    assert open_page(model="tiny-llama").selectbox(key="arch").value == "tiny-llama"
    assert open_page(model="tiny-llama", arch="gpt2").selectbox(key="arch").value == "gpt2"


def test_counting_a_tied_head_twice(open_page: Callable[..., AppTest]) -> None:
    page = open_page(part="Parameters", arch="gpt2")
    page.segmented_control(key="picture").set_value("table").run()
    assert "parameters in **148** tensors" in everything(page)  # as in GPT-2's file: the head is the embedding's
    page.toggle(key="tied").set_value(False).run()
    assert "parameters in **149** tensors" in everything(page)
    assert f"{ledger('gpt2', tied=False).total:,}" in everything(page)
    assert "counted twice" in everything(page)
    page.toggle(key="fold").set_value(False).run()
    assert not page.exception
    assert len(page.dataframe[0].value) == 149


def test_the_csv_has_every_tensor_and_adds_up() -> None:
    from lib.ui.architecture.table import csv

    for name in ("gpt2", "pythia-70m"):
        rows = list(DictReader(StringIO(csv(ledger(name)))))
        assert sum(int(row["parameters"]) for row in rows) == ledger(name).total
        for dtype in ("bfloat16", "int4"):
            mine = sum(int(row[f"bytes_{dtype}"]) for row in rows)
            assert mine == weight_bytes(known_configs.architecture(name), dtype)
        assert len(rows) == len(ledger(name).rows)


def test_an_own_model_comes_from_a_link_and_goes_into_the_comparison(open_page: Callable[..., AppTest]) -> None:
    page = open_page(**{"from": "Build your own", "layers": "24", "kv": "4", "part": "Cost"})
    assert (page.slider(key="layers").value, page.slider(key="kv").value) == (24, 4)
    page.query_params["view"] = "Two models"
    page.session_state["view"] = "Two models"
    page.run()
    page.selectbox(key="left").set_value("explored").run()
    assert not page.exception
    assert "Your own model" in everything(page)


def test_cost_of_seven_billion(open_page: Callable[..., AppTest]) -> None:
    page = open_page(part="Cost", arch="qwen2.5-7b-instruct")
    assert "15.2 GB<small>15,231,233,024 bytes" in everything(page)
    assert "58.7 MB" in everything(page)
    assert "Community Cloud" in everything(page)
    assert "logits for its last token" in everything(page) and "25.8 GB" in everything(page)
    page.toggle(key="with_training").set_value(True).run()
    assert not page.exception
    page.segmented_control(key="cost-view").set_value("Cache and arithmetic").run()
    assert "About two operations per matrix weight" in everything(page)
    page.segmented_control(key="cost-view").set_value("How it is counted").run()
    assert "2 × 4 KV heads × 128 × tokens" in everything(page)


def test_the_formula_and_the_other_models_are_pictures_of_their_own(open_page: Callable[..., AppTest]) -> None:
    page = open_page(part="Parameters", arch="gpt2")
    page.segmented_control(key="picture").set_value("formula").run()
    assert "12 × 7,087,872 + 39,385,344 = **124,439,808**" in everything(page)
    page.segmented_control(key="picture").set_value("across models").run()
    assert "larger than all blocks together" in everything(page)
    assert not page.exception


def test_a_linear_layer_is_set_against_the_chosen_models(open_page: Callable[..., AppTest]) -> None:
    text = everything(open_page(view="One linear layer", arch="qwen2.5-7b-instruct"))
    assert "In each of the 28 blocks of Qwen2\\.5\\-7B\\-Instruct" in text
    assert "3,584 × 18,944 = **67,895,296**" in text
    text = everything(open_page(view="One linear layer", arch="gpt2"))
    assert "768 × 3,072 + 3,072 = **2,362,368**; all 2 matrices of the MLP have 4,722,432" in text
    assert "for the 32,768th it is 26%" in everything(open_page(view="One linear layer", arch="qwen2.5-0.5b"))


def test_the_module_tree_is_pytorchs(open_page: Callable[..., AppTest]) -> None:
    page = open_page(part="Module tree", arch="smollm2-135m")
    assert "× 30 of one shape" in page.code[0].value
    assert "134,515,008" in page.success[0].value


def test_building_ones_own_and_nonsense(open_page: Callable[..., AppTest]) -> None:
    page = open_page(**{"from": "Build your own", "part": "Parameters"})
    page.slider(key="layers").set_value(24).run()
    assert not page.error
    assert "<span>Layers</span><b>24</b>" in everything(page)
    page.slider(key="heads").set_value(7).run()
    assert "7 heads do not divide a hidden size of 768" in page.error[0].value
    assert "last model that made sense: 24 layers" in everything(page)
    page.slider(key="heads").set_value(12).run()
    page.slider(key="kv").set_value(5).run()
    assert "cannot be shared evenly" in page.error[0].value
    page.slider(key="kv").set_value(4).run()
    page.number_input(key="inner").set_value(1_000_000_000).run()
    assert "1,000,000,000" in page.error[0].value.replace("\\", "")
    page.number_input(key="inner").set_value(0).run()
    assert "at least 1" in page.error[0].value
    assert not page.exception


def test_pasted_configurations(open_page: Callable[..., AppTest]) -> None:
    page = open_page(**{"from": "A folder or a file", "part": "Parameters"})
    page.text_area(key="pasted").set_value('{"model_type": "llama", "num_hidden_layers": 2}').run()
    assert not page.exception
    for bad in ("{", "[]", '{"model_type": "gpt2", "n_layer": 0}', '{"model_type": "<b>x</b>"}', '{"a": 1}'):
        page.text_area(key="pasted").set_value(bad).run()
        assert not page.exception
        assert page.error
    page.text_area(key="pasted").set_value("").run()
    for folder, said in (
        ("/nowhere", "There is no folder “/nowhere”"),
        (str(Path(__file__).parent), "no config.json in"),
    ):
        page.text_input(key="folder").set_value(folder).run()
        assert said in page.error[0].value.replace("\\", "")


def test_a_mixture_of_experts_says_that_a_token_uses_a_part_of_it(open_page: Callable[..., AppTest]) -> None:
    page = open_page(**{"from": "A folder or a file", "part": "Parameters"})
    small = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    for family, said in (("llama", False), ("mixtral", True)):
        page.text_area(key="pasted").set_value(json.dumps({"model_type": family, **small})).run()
        assert ("it uses only a part of them" in everything(page)) == said, family
    assert "Query heads" in everything(page) and "Heads / KV" not in everything(page)


def test_the_hub_switched_off_is_a_sentence(open_page: Callable[..., AppTest]) -> None:
    page = open_page(**{"from": "Any hub model"})
    assert "Type a model's id" in page.info[0].value
    page.text_input(key="hub").set_value("someone/something").run()
    assert "switched off" in page.error[0].value


def test_one_linear_layer_agrees_with_torch_and_explains_wrong_inputs(open_page: Callable[..., AppTest]) -> None:
    page = open_page(view="One linear layer")
    assert "the same" in page.success[0].value
    page.slider(key="lin_in").set_value(2).run()
    page.text_input(key="lin_x_2").set_value("1, 2, 3").run()
    assert "has 2 inputs; you typed 3" in page.error[0].value
    page.text_input(key="lin_x_2").set_value("1 2").run()
    assert "torch.nn.Linear(2, 3)" in page.success[0].value


def test_two_models_are_compared_and_the_same_one_is_noticed(open_page: Callable[..., AppTest]) -> None:
    page = open_page(view="Two models", left="gpt2", right="gemma-3-270m")
    text = everything(page)
    assert "15 of 18 blocks only the last 512 tokens" in text
    page.selectbox(key="right").set_value("gpt2").run()
    assert "Both sides show the same model" in everything(page)
    assert not page.exception


@pytest.mark.parametrize("view", ["Attention maps", "Logit lens", "Logits"])
@pytest.mark.parametrize("model", ["tiny-gpt2", "tiny-qwen2"])
def test_every_view_of_the_live_pass_takes_any_text(open_page: Callable[..., AppTest], view: str, model: str) -> None:
    page = open_page(**{"view": "A live pass", "pass": view, "model": model, "text": "the cat sat 🚀 <b>$x$</b>"})
    assert not page.error
    assert "The steps end at the model's own output" in everything(page)
    for text in ("x", "the cat sat on the mat " * 200, "�\u200d"):
        page.text_area(key="prompt").set_value(text).run()
        assert not page.exception
    page.text_area(key="prompt").set_value("").run()
    assert "There is no text" in page.error[0].value
