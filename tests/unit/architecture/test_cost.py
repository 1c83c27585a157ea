"""Every cost figure against the thing itself: files, GGUF's quantiser, cache tensors, autograd, Adam, FLOP counter."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from lib.architecture import ArchitectureError, hardware, known_configs, ledger, meta_module
from lib.architecture.config_readers import read
from lib.architecture.cost import (
    bytes_read_per_token,
    cost_of,
    flops_per_token,
    flops_prompt,
    kv_cache_bytes,
    row_bytes,
    saved_for_backward,
    training_memory,
    weight_bytes,
)
from lib.models import memory
from lib.text_format import number, size
from tests.tiny import OPT

GPT2 = {
    "model_type": "gpt2",
    "n_embd": 96,
    "n_layer": 3,
    "n_head": 4,
    "vocab_size": 300,
    "n_positions": 64,
    "bos_token_id": 0,
    "eos_token_id": 0,
}
LLAMA = {
    "hidden_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 160,
    "vocab_size": 300,
    "max_position_embeddings": 64,
    "pad_token_id": None,
    "bos_token_id": 0,
    "eos_token_id": 0,
}
SMALL: dict[str, dict[str, Any]] = {
    "gpt2": GPT2,
    **{name: {"model_type": name, **LLAMA} for name in ("llama", "qwen2")},
    "qwen3": {"model_type": "qwen3", **LLAMA, "head_dim": 32},
    "mistral": {"model_type": "mistral", **LLAMA, "sliding_window": 8},
    "gemma3_text": {
        "model_type": "gemma3_text",
        **LLAMA,
        "head_dim": 32,
        "sliding_window": 8,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    },
    "gpt_neox": {"model_type": "gpt_neox", **LLAMA},
    "phi": {"model_type": "phi", **LLAMA, "num_key_value_heads": 4},
}


def real(config: dict[str, Any], dtype: torch.dtype = torch.float32) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(**config)).to(dtype).eval()


@pytest.mark.parametrize("family", SMALL)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_weight_bytes_equal_a_saved_file(family: str, dtype: str, tmp_path: Path) -> None:
    from safetensors import safe_open

    real(SMALL[family], getattr(torch, dtype)).save_pretrained(tmp_path)
    with safe_open(tmp_path / "model.safetensors", "pt") as file:
        stored = {
            name.replace("embed_out", "lm_head"): file.get_tensor(name)  # GPT-NeoX's head is renamed on disk
            for name in file.keys()  # noqa: SIM118
        }
    arch = read(SMALL[family])
    mine = {row.name: row_bytes(row, dtype, arch) for row in ledger(SMALL[family]).rows if row.params}
    assert mine == {name: tensor.nbytes for name, tensor in stored.items()}
    assert weight_bytes(read(SMALL[family]), dtype) == sum(tensor.nbytes for tensor in stored.values())


WIDE = {**SMALL["qwen2"], "hidden_size": 256}


@pytest.mark.parametrize("dtype", ["int8", "int4"])
@pytest.mark.parametrize(
    "config", [SMALL["gpt2"], SMALL["qwen2"], WIDE, {**WIDE, "tie_word_embeddings": True}, SMALL["gpt_neox"]]
)
def test_quantised_bytes_equal_ggufs_own(config: dict[str, Any], dtype: str) -> None:
    """As llama-quantize chooses formats (llama.cpp, src/llama-quant.cpp): the output table of a Q4_0 file is Q6_K, or
    Q8_0 where a row is no multiple of 256; tables of positions are not quantised."""
    from gguf import GGMLQuantizationType as Kind
    from gguf.quants import quant_shape_to_byte_shape

    model, total = real(config), 0
    output = model.get_output_embeddings().weight
    for name, tensor in model.named_parameters():
        shape = tuple(tensor.shape)
        if config["model_type"] == "gpt2" and len(shape) == 2 and ".h." in name:
            shape = shape[::-1]  # GGUF stores rows of inputs, Conv1D columns
        kind = Kind.Q8_0 if dtype == "int8" else Kind.Q4_0
        if tensor is output and dtype == "int4":
            kind = Kind.Q6_K if shape[-1] % 256 == 0 else Kind.Q8_0
        kept = len(shape) == 1 or "wpe" in name
        total += 4 * tensor.numel() if kept else math.prod(quant_shape_to_byte_shape(shape, kind))
    assert weight_bytes(read(config), dtype) == total


def test_gemmas_table_outweighs_its_blocks_in_four_bits() -> None:
    """The table is Q8_0 (178 MB of it), as 640 is no multiple of 256."""
    assert size(weight_bytes(known_configs.architecture("gemma-3-270m"), "int4")) == "235 MB"


@pytest.mark.parametrize("family", SMALL)
@pytest.mark.parametrize("tokens", [1, 7, 8, 9, 40])
def test_kv_cache_bytes_equal_the_caches_tensors(family: str, tokens: int) -> None:
    model = real(SMALL[family])
    with torch.inference_mode():
        layers = model(torch.zeros(2, tokens, dtype=torch.long), use_cache=True).past_key_values.layers
    held = sum(layer.keys.numel() * layer.keys.element_size() * 2 for layer in layers)
    assert kv_cache_bytes(read(SMALL[family]), batch=2, context=tokens, bytes_per_value=4) == held


def test_kv_cache_of_real_configurations_on_the_meta_device() -> None:
    for name in ("qwen2.5-7b-instruct", "gemma-3-270m", "llama-3.2-1b"):
        arch = known_configs.architecture(name)
        model = meta_module.build(arch)
        ids = torch.zeros(1, 600, dtype=torch.long, device="meta")
        with torch.no_grad():
            layers = model(ids, use_cache=True, logits_to_keep=1).past_key_values.layers
        held = sum(layer.keys.nbytes + layer.values.nbytes for layer in layers)
        assert kv_cache_bytes(arch, context=600, bytes_per_value=layers[0].keys.element_size()) == held


@pytest.mark.parametrize("family", SMALL)
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_flops_equal_torchs_counter(family: str, attention: str) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    arch, model = read(SMALL[family]), meta_module.build(read(SMALL[family]))
    model.set_attn_implementation(attention)
    ids = torch.zeros(2, 30, dtype=torch.long, device="meta")

    def count(ids: torch.Tensor, cache: Any = None) -> tuple[int, Any]:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            out = model(ids, use_cache=True, past_key_values=cache, logits_to_keep=1)
        return counter.get_total_flops(), out.past_key_values

    assert count(ids)[0] == flops_prompt(arch, batch=2, context=30)
    _, cache = count(ids[:1])
    assert count(ids[:1, :1], cache)[0] == flops_per_token(arch, context=31)


@pytest.mark.parametrize("family", SMALL)
def test_activations_for_training_are_what_autograd_keeps(family: str) -> None:
    config = SMALL[family] | ({"sliding_window": 64} if family == "mistral" else {})
    model = real(config)
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.untyped_storage().data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    ids = torch.randint(0, 300, (2, 48))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(ids, labels=ids, use_cache=False)
    held = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    assert saved_for_backward(read(config), batch=2, context=48) == pytest.approx(held, rel=0.08)


def test_training_memory_is_what_adam_holds() -> None:
    model = real(GPT2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.zeros(1, 8, dtype=torch.long), labels=torch.zeros(1, 8, dtype=torch.long)).loss.backward()
    optimizer.step()
    moments = sum(state[key].nbytes for state in optimizer.state.values() for key in ("exp_avg", "exp_avg_sq"))
    mine = training_memory(GPT2, context=8)
    assert mine.adam == moments
    assert mine.weights == mine.gradients == sum(p.grad.nbytes for p in model.parameters())
    assert mine.total == 16 * ledger(GPT2).total + mine.activations


def test_the_estimate_of_activations_is_of_the_right_size() -> None:
    """Peak of live intermediate tensors of a real forward pass, followed tensor by tensor."""
    import weakref

    from torch.utils._python_dispatch import TorchDispatchMode

    class Peak(TorchDispatchMode):
        def __init__(self, weights: set[int]) -> None:
            super().__init__()
            self.now, self.most, self.weights = 0, 0, weights
            self.seen: dict[int, int] = {}

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            for tensor in out if isinstance(out, tuple | list) else (out,):
                if isinstance(tensor, torch.Tensor):
                    storage = tensor.untyped_storage()
                    key = storage._cdata
                    if key not in self.seen and storage.data_ptr() not in self.weights:
                        self.seen[key] = storage.nbytes()
                        self.now += storage.nbytes()
                        weakref.finalize(storage, self.free, key)
            self.most = max(self.most, self.now)
            return out

        def free(self, key: int) -> None:
            self.now -= self.seen.pop(key, 0)

    config = {**LLAMA, "model_type": "llama", "hidden_size": 256, "intermediate_size": 1024, "vocab_size": 500}
    model = real(config)
    ids = torch.zeros(2, 64, dtype=torch.long)
    with Peak({p.untyped_storage().data_ptr() for p in model.parameters()}) as peak, torch.no_grad():
        model(ids, use_cache=False, logits_to_keep=1)
    parts = cost_of(config, dtype="float32", batch=2, context=64).activations
    assert 0.6 < parts / peak.most < 1.6


def test_bad_questions_get_sentences() -> None:
    with pytest.raises(ArchitectureError, match="number format"):
        cost_of("gpt2", dtype="float13")
    with pytest.raises(ArchitectureError, match="batch must be"):
        cost_of("gpt2", batch=0)
    with pytest.raises(ArchitectureError, match="context must be"):
        cost_of("gpt2", context=1.5)  # type: ignore[arg-type]


def test_of_families_not_known_only_the_weights_are_given() -> None:
    assert weight_bytes(read(OPT), "bfloat16") == 2 * ledger(OPT).total
    for figure in (cost_of, training_memory):
        with pytest.raises(ArchitectureError, match="not how it computes"):
            figure(OPT)


def test_halving_kv_heads_halves_the_cache_only() -> None:
    whole = known_configs.architecture("qwen2.5-7b-instruct")
    half = read({**whole.config, "num_key_value_heads": 2})
    assert kv_cache_bytes(half, context=1000) * 2 == kv_cache_bytes(whole, context=1000)
    assert weight_bytes(half, "bfloat16") > 0.98 * weight_bytes(whole, "bfloat16")


def test_what_a_token_reads_leaves_out_the_tables_it_looks_up() -> None:
    tied, untied = known_configs.architecture("gpt2"), known_configs.architecture("pythia-70m")
    assert bytes_read_per_token(tied, "float32") == 4 * (tied.published - 1024 * 768)
    assert bytes_read_per_token(untied, "bfloat16") == 2 * (untied.published - 50304 * 512)


def test_this_machine_comes_first_with_its_memory() -> None:
    machine = hardware.this_machine()
    assert machine is not None and machine.memory == memory.total_bytes()
    assert hardware.machines() == (machine, *hardware.KNOWN_MACHINES)
    assert [machine.kind for machine in hardware.KNOWN_MACHINES].count("cloud") == 2


def test_sizes_and_numbers_are_rounded_for_people() -> None:
    assert size(999_600) == "1 MB"
    assert number(1_557_611_200) == "1.56B"
