"""The live pass against transformers: blocks step by step, attentions, logit lens; one linear layer against torch."""

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.architecture import ArchitectureError
from lib.architecture.head_patterns import (
    AFTER_SAME,
    BEFORE,
    FIRST,
    SAME,
    head_summary,
    middle_peaks,
    notable_heads,
    opening_head,
    winning_row,
)
from lib.architecture.linear_layer import by_conv1d, by_torch, make, numbers
from lib.architecture.live_pass import block_steps, trace
from lib.architecture.live_pass_data import Lens
from lib.architecture.step_descriptions import STORY
from tests.engines import load_here
from tests.unit.architecture.test_cost import SMALL

IDS = [5, 17, 3, 3, 250, 41, 99, 1, 0, 77, 8, 12]
NORMS = {"qwen3", "gemma3_text"}


def engine_of(config: dict[str, Any], dtype: torch.dtype = torch.float32) -> Any:
    """A stand-in engine around a real random model whose norms and biases are not the trivial ones."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**{**config, "initializer_range": 0.2})).eval()
    for parameter in model.parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, 0.5, 0.3)
    return SimpleNamespace(module=model.to(dtype), lock=threading.Lock())


def reference(model: Any, ids: list[int]) -> Any:
    """transformers' own attentions and hidden states (eager attention is the one that gives weights)."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    with torch.inference_mode():
        out = model(torch.tensor([ids]), output_attentions=True, output_hidden_states=True, use_cache=False)
    model.set_attn_implementation(before)
    return out


@pytest.mark.parametrize(
    "config",
    [*SMALL.values(), {**SMALL["gpt_neox"], "use_parallel_residual": False}, {**SMALL["phi"], "qk_layernorm": True}],
    ids=lambda c: c["model_type"],
)
def test_every_block_equals_the_transformers_block(config: dict[str, Any]) -> None:
    engine = engine_of(config)
    traced = trace(engine, IDS)
    theirs = reference(engine.module, IDS)
    for mine, real in zip(traced.attentions, theirs.attentions, strict=True):
        np.testing.assert_allclose(mine, real[0].numpy(), atol=1e-5)
    for mine, real in zip(traced.hidden[:-1], theirs.hidden_states[:-1], strict=True):  # transformers norms its last
        np.testing.assert_allclose(mine, real[0].numpy(), atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(traced.attentions.sum(-1), 1, atol=1e-5)
    assert not np.triu(traced.attentions, 1).any()
    np.testing.assert_allclose(traced.logits, theirs.logits[0, -1].numpy(), atol=1e-4, rtol=1e-4)
    assert traced.difference < 1e-5 * max(1.0, traced.scale) * 10
    assert traced.shape == tuple(theirs.logits.shape)


@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen2"])
def test_the_block_itself_called_by_transformers(family: str) -> None:
    """The module of block 1, called with the same input, gives what the steps end with."""
    engine = engine_of(SMALL[family])
    captured: dict[str, torch.Tensor] = {}

    def hook(_: Any, args: Any, kwargs: Any, out: Any) -> None:
        captured["in"] = args[0] if args else kwargs["hidden_states"]
        captured["out"] = out[0] if isinstance(out, tuple) else out

    layers = engine.module.transformer.h if family == "gpt2" else engine.module.model.layers
    handle = layers[1].register_forward_hook(hook, with_kwargs=True)
    traced = trace(engine, IDS)
    handle.remove()
    steps = block_steps(engine, traced, 1)
    np.testing.assert_allclose(captured["in"][0].numpy(), traced.hidden[1], atol=1e-5)
    np.testing.assert_allclose(steps[-1].values, captured["out"][0].numpy(), atol=1e-5)
    by_key = {step.key: step for step in steps}
    assert set(by_key) <= set(STORY)
    assert by_key["weights"].shape == (1, 4, len(IDS), len(IDS))
    assert by_key["k"].shape == (1, 4 if family == "gpt2" else 2, len(IDS), 24)
    masked = by_key["masked"].values
    assert np.isneginf(masked[:, ~np.tri(len(IDS), dtype=bool)]).all()
    np.testing.assert_allclose(by_key["add1"].values, traced.hidden[1] + by_key["out"].values, atol=1e-5)
    np.testing.assert_allclose(by_key["add2"].values, by_key["add1"].values + by_key["down"].values, atol=1e-5)


@pytest.mark.parametrize("family", ["gpt2", "qwen3"])
def test_the_lens_ends_at_the_models_logits(family: str) -> None:
    engine = engine_of(SMALL[family])
    traced = trace(engine, IDS)
    probs = reference(engine.module, IDS).logits[0].softmax(-1).numpy()
    lens = traced.lens
    assert lens.top.shape[:2] == (4, len(IDS))
    for position in range(len(IDS)):
        assert lens.top[-1, position, 0] == probs[position].argmax()
        np.testing.assert_allclose(lens.probs[-1, position, 0], probs[position].max(), atol=1e-5)
        np.testing.assert_allclose(lens.curves[position][-1], probs[position][lens.candidates[position]], atol=1e-5)
        for token, layer, peak, end in middle_peaks(lens, position):
            column = lens.curves[position][:, list(lens.candidates[position]).index(token)]
            assert 0 < layer < 3
            assert peak == column.max() == column[layer]
            assert end == column[-1] < peak / 2


def test_the_module_is_left_as_it_was_and_the_lock_is_taken() -> None:
    engine = engine_of(SMALL["llama"])
    before = {name: value.clone() for name, value in engine.module.state_dict().items()}
    kind = engine.module.config._attn_implementation

    class Lock:
        held = 0

        def __enter__(self) -> None:
            Lock.held += 1

        def __exit__(self, *_: Any) -> None:
            pass

    engine.lock = Lock()
    block_steps(engine, trace(engine, IDS), 0)
    assert Lock.held == 3  # the pass, the lens, the steps
    assert engine.module.config._attn_implementation == kind
    assert all(torch.equal(value, before[name]) for name, value in engine.module.state_dict().items())
    assert not any(module._forward_hooks for module in engine.module.modules())


def test_half_precision_passes_agree_with_themselves() -> None:
    traced = trace(engine_of(SMALL["qwen2"], torch.bfloat16), IDS)
    assert traced.difference < 0.1 * traced.scale
    np.testing.assert_allclose(traced.attentions.sum(-1), 1, atol=0.02)


def test_long_texts_are_cut_and_say_so() -> None:
    engine = engine_of({**SMALL["gpt2"], "n_positions": 10})
    traced = trace(engine, IDS)
    assert traced.ids == tuple(IDS[-10:])
    assert "12 tokens; the last 10" in traced.cut
    assert "context holds 10" in traced.cut
    longer = trace(engine_of(SMALL["gpt2"]), IDS * 5)
    assert len(longer.ids) == 48
    assert "could not be read" in longer.cut
    assert trace(engine, IDS[:1]).attentions.shape == (3, 4, 1, 1)


def test_what_cannot_be_traced_gets_a_sentence() -> None:
    engine = engine_of(SMALL["gpt2"])
    with pytest.raises(ArchitectureError, match="no text"):
        trace(engine, [])
    with pytest.raises(ArchitectureError, match="outside this model's vocabulary of 300"):
        trace(engine, [300])
    with pytest.raises(ArchitectureError, match="blocks 0 to 2"):
        block_steps(engine, trace(engine, IDS), 3)
    with pytest.raises(ArchitectureError, match="knows the families"):
        trace(SimpleNamespace(module=SimpleNamespace(config=SimpleNamespace(model_type="mamba"))), IDS)
    with pytest.raises(ArchitectureError, match="released in the meantime"):
        trace(SimpleNamespace(module=None), IDS)
    broken = SimpleNamespace(module=torch.nn.Module())
    broken.module.config = SimpleNamespace(model_type="gpt2")
    with pytest.raises(ArchitectureError, match="rearranged"):
        trace(broken, IDS)


def test_a_real_engine_can_be_traced(tiny_models: Any) -> None:

    for family in ("gpt2", "llama", "qwen2"):
        loaded = load_here(str(tiny_models[family]))
        try:
            ids = [token.id for token in loaded.tokenizer.encode("the cat sat")]
            traced = trace(loaded, ids)
            np.testing.assert_allclose(traced.logits, loaded.logits(ids), atol=1e-4, rtol=1e-4)
        finally:
            loaded.close()


def test_heads_are_summarised_by_where_they_look() -> None:
    maps = np.zeros((1, 2, 4, 4))
    maps[0, 0, :, 0] = 1
    maps[0, 1] = np.eye(4, k=-1)
    assert head_summary(maps, 0, 0) == {"first": 1.0, "previous": pytest.approx(1 / 3), "itself": 0.0}
    assert head_summary(maps, 0, 1)["previous"] == 1.0
    assert head_summary(maps[:, :, :1, :1], 0, 0)["first"] == 1.0


def test_notable_heads_are_those_that_show_a_pattern_most() -> None:
    maps = np.zeros((1, 2, 4, 4))
    maps[0, 0, :, 0] = 1
    maps[0, 1] = np.eye(4, k=-1)
    kinds = {found.kind: found for found in notable_heads(maps, [7, 8, 9, 7])}
    assert (kinds[FIRST].head, kinds[FIRST].weight) == (0, 1.0)
    assert (kinds[BEFORE].head, kinds[BEFORE].weight, kinds[BEFORE].tokens) == (1, 1.0, 2)
    assert kinds[BEFORE].even == pytest.approx((1 / 3 + 1 / 4) / 2)
    assert (kinds[SAME].head, kinds[SAME].weight, kinds[SAME].tokens) == (0, 1.0, 1)  # the second 7 looks at the first
    induction = np.zeros((2, 1, 4, 4))
    induction[1, 0, 3, 1] = 1  # the second 7 looks at the 8 that followed the first
    assert next(f for f in notable_heads(induction, [7, 8, 9, 7]) if f.kind == AFTER_SAME).layer == 1
    assert not notable_heads(maps[:, :, :2, :2], [1, 2])
    assert {f.kind for f in notable_heads(maps, [1, 2, 3, 4])} == {FIRST, BEFORE}


def test_the_page_opens_on_the_head_furthest_above_even_attention_and_never_on_a_sink() -> None:
    maps = np.zeros((1, 2, 4, 4))
    maps[0, 0, :, 0] = 1
    maps[0, 1] = np.eye(4, k=-1)
    opening = opening_head(maps, [1, 2, 3, 4])
    assert opening is not None and (opening.kind, opening.head) == (BEFORE, 1)
    assert opening_head(maps[:, :, :2, :2], [1, 2]) is None


def test_the_answer_wins_where_it_comes_to_the_front_for_good() -> None:
    tops = np.array([[5], [9], [5], [9], [9]])  # rows of the lens, one position
    assert winning_row(lens_of(tops), 0) == 3
    assert winning_row(lens_of(np.full((5, 1), 9)), 0) == 0


def lens_of(tops: np.ndarray) -> Lens:
    """A lens whose likeliest tokens are `tops` (rows, positions)."""
    return Lens(tops[:, :, None], np.ones((*tops.shape, 1), np.float32), (), ())


@settings(max_examples=60, deadline=None, database=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 99), st.data())
def test_one_linear_layer_equals_torchs(inputs: int, outputs: int, seed: int, data: Any) -> None:
    layer = make(inputs, outputs, seed=seed)
    x = tuple(data.draw(st.lists(st.floats(-1e6, 1e6), min_size=inputs, max_size=inputs)))
    assert layer.params == inputs * outputs + outputs
    mine = layer(x)
    np.testing.assert_allclose(mine, by_torch(layer, x), rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(mine, by_conv1d(layer, x), rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("text", ["", "1 2", "1 2 x", "1 2 nan", "1 2 inf", "1,2,3,4", "1 2 1e300"])
def test_typed_vectors_that_cannot_be_used(text: str) -> None:
    with pytest.raises(ArchitectureError):
        numbers(text, 3)
