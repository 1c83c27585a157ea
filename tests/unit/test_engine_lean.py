"""The short decoding step against transformers' own forward pass: rows of different length, every family and dtype."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, Qwen2Config, Qwen3Config
from transformers.cache_utils import DynamicCache

from lib import engine
from lib.engine.cache import SlotCache
from lib.engine.lean import step_for

pytestmark = pytest.mark.usefixtures("one_thread")

SHAPE = {"vocab_size": 120, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "initializer_range": 0.2}
CONFIGS = {
    "llama": LlamaConfig(**SHAPE, tie_word_embeddings=True),
    "llama with biases": LlamaConfig(**SHAPE, attention_bias=True, mlp_bias=True),
    "llama 3 rope": LlamaConfig(**SHAPE, rope_parameters={
        "rope_type": "llama3", "rope_theta": 10_000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 16}),
    "qwen2": Qwen2Config(**SHAPE),
    "qwen3": Qwen3Config(**SHAPE, head_dim=32),
    "gpt2": GPT2Config(vocab_size=120, n_positions=64, n_embd=64, n_layer=2, n_head=4, initializer_range=0.2),
}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
@pytest.mark.parametrize("name", CONFIGS)
@torch.inference_mode()
def test_the_same_logits(name: str, dtype: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(CONFIGS[name]).save_pretrained(tmp_path / "m")
    loaded = engine.load(tmp_path / "m", dtype=dtype)
    module, step = loaded.module, step_for(loaded.module)
    assert step is not None and loaded.scheduler.step is not None
    prompts, new = [[5, 6, 7], [9], [3, 4, 5, 6, 7, 8, 9]], torch.tensor([11, 12, 13])
    for rows in (1, 3):
        cache, expected = SlotCache(2, module.device), []
        for ids, token in zip(prompts[:rows], new.tolist(), strict=False):
            own = DynamicCache(config=module.config)
            module(input_ids=torch.tensor([ids]), past_key_values=own, use_cache=True)
            cache.join(own)
            out = module(input_ids=torch.tensor([[token]]), past_key_values=own, use_cache=True)
            expected.append(out.logits[0, -1])
        cache.before_step()
        hidden = torch.arange(cache.plan.view)[None] > cache.plan.at[:, None]
        mask = torch.zeros(hidden.shape, dtype=module.dtype).masked_fill(hidden, torch.finfo(module.dtype).min)
        got = step(new[:rows], cache, None if rows == 1 else mask[:, None, None])
        wanted = torch.stack(expected)
        tolerance = 1e-4 if dtype == "float32" else 0.03 * wanted.float().abs().max().item()
        assert (got.float() - wanted.float()).abs().max().item() < tolerance
    loaded.close()


def test_other_families_use_transformers_own_pass() -> None:
    from transformers import GPTNeoXConfig

    shape = {key: value for key, value in SHAPE.items() if key != "num_key_value_heads"}
    assert step_for(AutoModelForCausalLM.from_config(GPTNeoXConfig(**shape))) is None
    unusual = GPT2Config(n_embd=64, n_layer=1, n_head=4, scale_attn_by_inverse_layer_idx=True)
    assert step_for(AutoModelForCausalLM.from_config(unusual)) is None
