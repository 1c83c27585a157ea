"""The short forward pass against transformers' own forward pass: rows of different length, every family and dtype."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, Qwen2Config, Qwen3Config
from transformers.cache_utils import DynamicCache

from lib.engine.batching.generation_request import TextRequest
from lib.engine.batching.length_buckets import LengthBucket
from lib.engine.batching.prefill import Prompt
from lib.engine.batching.ragged_batch import Pass, PromptPiece, Rows
from lib.engine.kernels.fused_forward import step_for
from lib.engine.local import describe
from lib.engine.sampling import Sampling
from tests.engines import load_here

pytestmark = [pytest.mark.kernels, pytest.mark.usefixtures("one_thread")]

SHAPE: dict[str, Any] = {
    "vocab_size": 120,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "initializer_range": 0.2,
}
CONFIGS = {
    "llama": LlamaConfig(**SHAPE, tie_word_embeddings=True),
    "llama with biases": LlamaConfig(**SHAPE, attention_bias=True, mlp_bias=True),
    "llama 3 rope": LlamaConfig(
        **SHAPE,
        rope_parameters={
            "rope_type": "llama3",
            "rope_theta": 10_000.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 16,
        },
    ),
    "qwen2": Qwen2Config(**SHAPE),
    "qwen3": Qwen3Config(**SHAPE, head_dim=32),
    "gpt2": GPT2Config(vocab_size=120, n_positions=64, n_embd=64, n_layer=2, n_head=4, initializer_range=0.2),
}


def prompt(ids: list[int], config: Any) -> Prompt:
    asked = TextRequest(
        ids=list(ids),
        max_new_tokens=9,
        room=9,
        stop_ids=frozenset(),
        alternatives=1,
        sampling=Sampling(temperature=0),
        rng=np.random.default_rng(0),
    )
    return Prompt(list(ids), DynamicCache(config=config), [asked])


def alone(module: torch.nn.Module, ids: list[int]) -> torch.Tensor:
    return module(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
@pytest.mark.parametrize("name", CONFIGS)
@torch.inference_mode()
def test_a_mixed_pass_gives_every_part_the_logits_that_it_has_alone(name: str, dtype: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(CONFIGS[name]).save_pretrained(tmp_path / "m")
    loaded = load_here(tmp_path / "m", dtype=dtype)
    module, step = loaded.module, loaded.scheduler.batch.step
    assert step is not None
    bucket, device = LengthBucket(2, module.device), module.device

    def run(*parts: Rows | PromptPiece) -> list[torch.Tensor]:
        tokens = Pass(parts, device)
        logits = tokens.share(step(tokens))
        for part in parts:
            if isinstance(part, PromptPiece):
                part.prompt.advance(len(part.ids))
            else:
                part.cache.after_step()
        return logits

    def same(got: torch.Tensor, ids: list[int]) -> None:
        wanted = alone(module, ids).float()
        tolerance = 1e-4 if dtype == "float32" else 0.03 * wanted.abs().max().item()
        assert (got.float() - wanted).abs().max().item() < tolerance

    def join(read: Prompt) -> list[int]:
        asked = read.requests[0]
        assert isinstance(asked, TextRequest)
        bucket.join(asked, read.cache)
        return read.requests[0].ids  # what grows

    first, second, third = (prompt(ids, module.config) for ids in ([5, 6, 7], [9], [3, 4, 5, 6, 7, 8, 9]))
    logits = run(PromptPiece(first, 128, device))  # one prompt, whole
    same(logits[0][0], first.ids)
    first_ids = join(first)
    first_ids.append(11)
    batch = Rows(bucket.cache, bucket.newest(), module.dtype)
    one, two, three = run(batch, PromptPiece(second, 128, device), PromptPiece(third, 4, device))
    same(one[0], first_ids)
    same(two[0], second.ids)
    assert three.shape[0] == 0  # the middle of a prompt has no use for logits
    second_ids = join(second)
    first_ids.append(12)
    second_ids.append(13)
    rows, rest = run(Rows(bucket.cache, bucket.newest(), module.dtype), PromptPiece(third, 128, device))
    for got, ids in zip([*rows, *rest], (first_ids, second_ids, third.ids), strict=True):
        same(got, ids)
    loaded.close()


@torch.inference_mode()
def test_layers_side_by_side_are_held_once(tmp_path: Path) -> None:
    AutoModelForCausalLM.from_config(CONFIGS["llama with biases"]).save_pretrained(tmp_path / "m")
    loaded = load_here(tmp_path / "m", dtype="float32")
    assert loaded.scheduler.batch.step is not None  # made here
    attention = loaded.module.model.layers[0].self_attn
    queries, keys = (attention.q_proj.weight.untyped_storage(), attention.k_proj.weight.untyped_storage())
    assert queries.data_ptr() == keys.data_ptr()
    assert describe(loaded.source, loaded.module, "float32").weight_bytes == loaded.info.weight_bytes
    loaded.close()


def test_other_families_use_transformers_own_pass() -> None:
    from transformers import GPTNeoXConfig

    shape = {key: value for key, value in SHAPE.items() if key != "num_key_value_heads"}
    assert step_for(AutoModelForCausalLM.from_config(GPTNeoXConfig(**shape))) is None
    unusual = GPT2Config(n_embd=64, n_layer=1, n_head=4, scale_attn_by_inverse_layer_idx=True)
    assert step_for(AutoModelForCausalLM.from_config(unusual)) is None
