"""A part taken out of the live pass: "before" is the model; "after" equals a reference computed another way.

The references use transformers' own forward pass on a copy whose weights, mask or positions were changed; the residual
connections are left out of transformers' layers called one by one.
"""

import copy
import threading
from typing import Any

import numpy as np
import pytest
import torch

from lib.architecture import ArchitectureError
from lib.architecture.ablation import ablate
from lib.architecture.ablation_data import Ablation, kl_bits
from lib.architecture.module_names import MODULE_NAMES
from tests.engines import load_here
from tests.unit.architecture.test_cost import SMALL
from tests.unit.architecture.test_live_pass import IDS, engine_of

TOKENS = torch.tensor([IDS])
FAMILIES = list(SMALL)


@pytest.fixture(scope="module")
def engines() -> dict[str, Any]:
    """A tiny random model of every family."""
    return {family: engine_of(config) for family, config in SMALL.items()}


def same(mine: np.ndarray, reference: torch.Tensor) -> None:
    np.testing.assert_allclose(mine, reference.numpy(), atol=1e-4, rtol=1e-4)


def last(model: Any, **options: Any) -> torch.Tensor:
    """transformers' logits after the last token."""
    with torch.inference_mode():
        return model(TOKENS, use_cache=False, **options).logits[0, -1]


def blocks(model: Any) -> Any:
    return model.get_submodule(MODULE_NAMES[model.config.model_type].block)


def silenced(model: Any, path: str, block: int | None) -> Any:
    """A copy in which the layer at `path` of a block (None: of all) gives only zeros."""
    changed = copy.deepcopy(model)
    for index, layer in enumerate(blocks(changed)):
        if block in {None, index}:
            for parameter in layer.get_submodule(path).parameters():
                torch.nn.init.zeros_(parameter)
    return changed


@pytest.mark.parametrize("family", FAMILIES)
def test_before_is_the_models_own_answer(engines: dict[str, Any], family: str) -> None:
    effect = ablate(engines[family], IDS, Ablation("mlp", 0))
    np.testing.assert_array_equal(effect.before, last(engines[family].module).numpy())
    assert kl_bits(effect.before, effect.after) > 1e-4
    assert kl_bits(effect.before, effect.before) == 0


@pytest.mark.parametrize("block", [None, 1])
@pytest.mark.parametrize("part", ["mlp", "attention"])
@pytest.mark.parametrize("family", FAMILIES)
def test_no_mlp_or_attention_is_a_copy_whose_last_matrix_is_zero(
    engines: dict[str, Any], family: str, part: str, block: int | None
) -> None:
    names = MODULE_NAMES[family]
    path = f"mlp.{names.mlp[-1]}" if part == "mlp" else f"{names.attn}.{names.out}"
    same(ablate(engines[family], IDS, Ablation(part, block)).after, last(silenced(engines[family].module, path, block)))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_head_off_is_a_copy_with_its_columns_of_the_output_projection_zeroed(
    engines: dict[str, Any], family: str
) -> None:
    changed = copy.deepcopy(engines[family].module)
    names = MODULE_NAMES[family]
    out = blocks(changed)[1].get_submodule(f"{names.attn}.{names.out}")
    weight = out.weight.data if family == "gpt2" else out.weight.data.T  # Conv1D: one row an input
    width = weight.shape[0] // 4
    weight[2 * width : 3 * width] = 0
    effect = ablate(engines[family], IDS, Ablation("head", 1, 2))
    same(effect.after, last(changed))
    assert kl_bits(effect.before, effect.after) > 1e-7


@pytest.mark.parametrize("family", FAMILIES)
def test_no_mask_is_transformers_with_a_mask_that_hides_nothing(engines: dict[str, Any], family: str) -> None:
    nothing: Any = torch.zeros(1, 1, len(IDS), len(IDS))
    if family == "gemma3_text":  # one mask a kind of block
        nothing = {"full_attention": nothing, "sliding_attention": nothing}
    same(ablate(engines[family], IDS, Ablation("mask")).after, last(engines[family].module, attention_mask=nothing))


@pytest.mark.parametrize("family", FAMILIES)
def test_no_positions_is_every_token_at_position_0_or_a_table_of_zeros(engines: dict[str, Any], family: str) -> None:
    model = engines[family].module
    if family == "gpt2":
        model = copy.deepcopy(model)
        torch.nn.init.zeros_(model.transformer.wpe.weight)
        reference = last(model)
    else:  # with a mask given, transformers does not take positions that begin anew for texts that were packed together
        nowhere = torch.zeros_like(TOKENS)
        reference = last(model, position_ids=nowhere, attention_mask=torch.ones_like(TOKENS))
    same(ablate(engines[family], IDS, Ablation("positions")).after, reference)


@pytest.mark.parametrize("block", [None, 1])
@pytest.mark.parametrize("family", FAMILIES)
def test_no_norms_is_a_copy_whose_norms_hand_on_what_they_get(
    engines: dict[str, Any], family: str, block: int | None
) -> None:
    changed, names = copy.deepcopy(engines[family].module), MODULE_NAMES[family]
    for index, layer in enumerate(blocks(changed)):
        for name in (names.norm1, names.norm2, names.after_attn, names.after_mlp):
            if name and block in {None, index}:
                setattr(layer, name, torch.nn.Identity())
    if block is None:
        place, _, name = names.final.rpartition(".")
        setattr(changed.get_submodule(place), name, torch.nn.Identity())
    effect = ablate(engines[family], IDS, Ablation("norm", block))
    reference = last(changed).numpy()
    np.testing.assert_allclose(effect.after, reference, rtol=1e-3, atol=1e-4 * np.abs(reference).max())


@pytest.mark.parametrize("block", [None, 1])
@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen2", "qwen3"])
def test_no_residual_is_transformers_layers_one_after_the_other(
    engines: dict[str, Any], family: str, block: int | None
) -> None:
    model = engines[family].module
    names, places = MODULE_NAMES[family], torch.arange(len(IDS))[None]
    mask = torch.full((1, 1, len(IDS), len(IDS)), float("-inf")).triu(1)
    with torch.inference_mode():
        x = model.get_submodule(names.embed)(TOKENS)
        x = x + model.transformer.wpe(places) if family == "gpt2" else x
        turns = {} if family == "gpt2" else {"position_embeddings": model.model.rotary_emb(x, places)}
        for index, layer in enumerate(blocks(model)):
            through = 0.0 if block in {None, index} else 1.0
            attention, mlp = getattr(layer, names.attn), layer.mlp
            x = through * x + attention(getattr(layer, names.norm1)(x), attention_mask=mask, **turns)[0]
            x = through * x + mlp(getattr(layer, names.norm2)(x))
        reference = model.lm_head(model.get_submodule(names.final)(x))[0, -1]
    same(ablate(engines[family], IDS, Ablation("residual", block)).after, reference)


def test_the_surprise_at_the_text_itself_is_transformers_loss(engines: dict[str, Any]) -> None:
    effect = ablate(engines["llama"], IDS, Ablation("mlp"))
    with torch.inference_mode():
        loss = engines["llama"].module(TOKENS, labels=TOKENS, use_cache=False).loss
    assert effect.bits[0] == pytest.approx(float(loss) / np.log(2), rel=1e-5)
    assert np.isnan(ablate(engines["llama"], IDS[:1], Ablation("mlp")).bits[0])


def test_numbers_that_overflow_are_told_from_a_distribution(engines: dict[str, Any]) -> None:
    model = copy.deepcopy(engines["llama"].module)
    for layer in blocks(model):
        layer.mlp.down_proj.weight.data *= 1e30
    engine = type("Engine", (), {"module": model, "lock": threading.Lock()})()
    assert not ablate(engine, IDS, Ablation("norm")).finite
    assert ablate(engines["llama"], IDS, Ablation("norm", 0)).finite


@pytest.mark.parametrize(
    ("ablation", "why"),
    [
        (Ablation("soul"), "one of positions, mask"),
        (Ablation("mlp", 3), "blocks 0 to 2, not 3"),
        (Ablation("head", 0, 4), "heads 0 to 3, not 4"),
        (Ablation("mask", 0), "cannot be taken out of one block"),
    ],
)
def test_what_cannot_be_taken_out_gets_a_sentence(engines: dict[str, Any], ablation: Ablation, why: str) -> None:
    with pytest.raises(ArchitectureError, match=why):
        ablate(engines["llama"], IDS, ablation)
    with pytest.raises(ArchitectureError, match="no text"):
        ablate(engines["llama"], [], Ablation("mlp"))


def test_others_have_the_whole_model_meanwhile(tiny_models: Any) -> None:
    loaded = load_here(str(tiny_models["llama"]))
    try:
        ids = [token.id for token in loaded.tokenizer.encode("the cat sat")]
        before = loaded.logits(ids)
        wrong: list[float] = []

        def ask() -> None:
            wrong.extend(float(np.abs(loaded.logits(ids) - before).max()) for _ in range(20))

        other = threading.Thread(target=ask)
        other.start()
        for part in ("mlp", "attention", "residual", "norm", "mask", "positions") * 3:
            ablate(loaded, ids, Ablation(part))
        other.join()
        assert len(wrong) == 20 and max(wrong) == 0
    finally:
        loaded.close()
