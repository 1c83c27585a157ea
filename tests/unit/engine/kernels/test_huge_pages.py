"""Weights in huge pages: the same numbers, held once, and gone with the model."""

import gc
import weakref
from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from lib.engine import Sampling
from lib.engine.kernels.huge_pages import HugePages
from tests.engines import load_here

CPU = torch.device("cpu")
able = pytest.mark.skipif(not HugePages(CPU, torch.bfloat16).usable, reason="a system without huge pages")

pytestmark = [pytest.mark.kernels, pytest.mark.usefixtures("one_thread")]


@able
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8])
def test_what_is_put_is_the_same_and_apart_from_what_it_was(dtype: torch.dtype) -> None:
    pages = HugePages(CPU, torch.bfloat16)
    weights = [torch.randn(*shape).mul(50).to(dtype) for shape in ((3, 5), (300, 1000), (1, 70_001), (4_000, 3_000))]
    weights.append(weights[1].T)  # not contiguous
    put = [pages.put(weight) for weight in weights]
    for before, after in zip(weights, put, strict=True):
        assert torch.equal(before, after) and after.is_contiguous() and after.data_ptr() % 64 == 0
        assert before.data_ptr() != after.data_ptr()
    put[1].zero_()
    assert all(torch.equal(*pair) for index, pair in enumerate(zip(weights, put, strict=True)) if index != 1)


@pytest.mark.parametrize(
    ("device", "dtype"), [("cuda", torch.bfloat16), ("mps", torch.float16), ("cpu", torch.float32)]
)
def test_elsewhere_weights_are_left_alone(device: str, dtype: torch.dtype) -> None:
    weight = torch.randn(300, 300)
    assert HugePages(torch.device(device), dtype).put(weight) is weight


@able
def test_a_weight_ends_with_its_last_use_not_with_the_others() -> None:
    pages = HugePages(CPU, torch.bfloat16)
    weight = pages.put(torch.ones(300, 300))
    del pages
    gc.collect()
    assert weight.sum() == 90_000


@able
@pytest.mark.parametrize("dtype", ["bfloat16", "int8"])
def test_all_weights_of_a_model_move_and_nothing_is_held_twice(tmp_path: Path, dtype: str) -> None:
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=640, n_embd=128, n_layer=2, n_head=4, n_positions=64)
    GPT2LMHeadModel(config).eval().save_pretrained(tmp_path / "m")
    loaded = load_here(tmp_path / "m", dtype=dtype)
    places = {name: weight.data_ptr() for name, weight in loaded.module.named_parameters()}
    before = loaded.logits([5, 6, 7])
    first = [step.id for step in loaded.generate([5, 6, 7], sampling=Sampling(temperature=0), max_new_tokens=5)]
    moved = {name: weight.data_ptr() for name, weight in loaded.module.named_parameters()}
    assert all(places[name] != moved[name] for name in places)
    assert loaded.module.lm_head.weight.data_ptr() == loaded.module.transformer.wte.weight.data_ptr()
    assert (loaded.logits([5, 6, 7]) == before).all() and first[0] == before.argmax()
    gone = weakref.ref(loaded.module.transformer.h[0].mlp.c_fc.weight)
    loaded.close()
    del loaded
    gc.collect()
    assert gone() is None
