"""The course's golden values, and the embedded model against transformers: what must come out, comes out."""

import json

import numpy as np
import pytest

from lib import architecture, chat, models, tokenization
from lib import engine as engines

GOLDEN_IDS = [
    ("gpt2", "Unbelievable tokenization powers! 🚀", [3118, 6667, 11203, 540, 11241, 1634, 5635, 0, 12520, 248, 222]),
    (
        "tiktoken-gpt2",
        "The 🌟 star-player scored 40 points!",
        [464, 12520, 234, 253, 3491, 12, 7829, 7781, 2319, 2173, 0],
    ),
    ("gpt2", "The 🌟 star-player scored 40 points!", [464, 12520, 234, 253, 3491, 12, 7829, 7781, 2319, 2173, 0]),
    (
        "cl100k_base",
        "The 🌟 star-player scored 40 points!",
        [791, 11410, 234, 253, 6917, 43467, 16957, 220, 1272, 3585, 0],
    ),
    ("gpt2", "Hello my name", [15496, 616, 1438]),
    ("gpt2", "Hello there", [15496, 612]),
    ("character", "Hello", [33, 4, 11, 11, 14]),
]


@pytest.mark.parametrize(("name", "text", "ids"), GOLDEN_IDS, ids=lambda value: str(value)[:24])
def test_the_course_s_token_ids(name: str, text: str, ids: list[int]) -> None:
    tokenizer = tokenization.load(name)
    assert [token.id for token in tokenizer.encode(text)] == ids
    assert tokenizer.decode(ids) == text


def test_vocabularies_have_the_sizes_that_the_course_names() -> None:
    assert tokenization.load("gpt2").vocab_size == 50_257 and tokenization.load("character").vocab_size == 54


def test_gpt2_is_what_the_course_says() -> None:
    import torch
    from transformers import AutoModelForCausalLM, GPT2Config

    config = GPT2Config()
    assert (config.n_layer, config.n_head, config.n_embd, config.activation_function) == (12, 12, 768, "gelu_new")
    assert (config.vocab_size, config.n_positions) == (50_257, 1024)
    with torch.device("meta"):
        module = AutoModelForCausalLM.from_config(config)
        shape = module(torch.tensor([[15496, 616, 1438]], device="meta")).logits.shape
    assert tuple(shape) == (1, 3, 50_257)
    total = sum(p.numel() for p in module.parameters())
    assert total == architecture.ledger("gpt2").total == models.CATALOG["gpt2"].parameters == 124_439_808


@pytest.mark.skipif(models.where("gpt2") is None, reason="GPT-2's weights are not on this machine")
def test_gpt2_greedy_once_upon_a_time() -> None:
    engine = engines.load("gpt2", dtype="float32")
    ids = [token.id for token in engine.tokenizer.encode("Once upon a time")]
    steps = list(engine.generate(ids, sampling=engines.Sampling(temperature=0.0), max_new_tokens=24))
    engine.close()
    text = engine.tokenizer.decode([step.id for step in steps])
    assert text.startswith(
        ", the world was a place of great beauty and great danger. The world was a place of great danger,"
    )


@pytest.fixture(scope="module")
def smollm2(embedded: str):
    engine = engines.load(embedded, dtype="float32")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def reference(embedded: str):
    import torch
    from transformers import AutoModelForCausalLM

    folder = models.require(embedded).folder
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def test_the_embedded_model_is_smollm2(embedded: str, reference) -> None:
    config = reference.config
    assert sum(p.numel() for p in reference.parameters()) == 134_515_008 and config.tie_word_embeddings
    assert (
        config.num_hidden_layers,
        config.hidden_size,
        config.num_attention_heads,
        config.num_key_value_heads,
        config.vocab_size,
        config.rms_norm_eps,
    ) == (30, 576, 9, 3, 49_152, 1e-5)
    assert config.rope_parameters["rope_theta"] == 100_000 and config.max_position_embeddings == 8192
    rules = json.loads((models.require(embedded).folder / "tokenizer.json").read_text())["pre_tokenizer"]
    assert [(step["type"], step.get("individual_digits")) for step in rules["pretokenizers"]] == [
        ("Digits", True),
        ("ByteLevel", None),
    ]
    tokenizer = tokenization.load("smollm2")
    assert [tokenizer.token_bytes(t.id) for t in tokenizer.encode("in 1234")] == [b"in", b" ", b"1", b"2", b"3", b"4"]


def test_what_is_two_and_two(smollm2) -> None:
    rendered = chat.render(
        [{"role": "user", "content": "What is 2+2? Answer briefly."}],
        template="smollm2",
        tokenizer=smollm2.tokenizer,
        add_generation_prompt=True,
    )
    steps = list(smollm2.generate(rendered.ids, sampling=engines.Sampling(temperature=0.0), max_new_tokens=32))
    answer = smollm2.tokenizer.decode([step.id for step in steps if step.id not in smollm2.stop_ids])
    assert "4" in answer and steps[-1].id in smollm2.stop_ids


@pytest.mark.parametrize("text", ["Once upon a time", "What is 2+2?", "Suggest a party theme."])
def test_logits_equal_transformers(smollm2, reference, text: str) -> None:
    import torch

    ids = [token.id for token in smollm2.tokenizer.encode(text)]
    with torch.inference_mode():
        expected = reference(torch.tensor([ids])).logits[0, -1].numpy()
    assert np.abs(smollm2.logits(ids) - expected).max() < 1e-4


def test_64_greedy_tokens_equal_generate(smollm2, reference) -> None:
    import torch

    ids = [token.id for token in smollm2.tokenizer.encode("Once upon a time")]
    steps = list(
        smollm2.generate(ids, sampling=engines.Sampling(temperature=0.0), max_new_tokens=64, stop_ids=frozenset())
    )
    with torch.inference_mode():
        expected = reference.generate(
            torch.tensor([ids]),
            do_sample=False,
            max_new_tokens=64,
            min_new_tokens=64,
            eos_token_id=None,
            pad_token_id=0,
        )[0, len(ids) :].tolist()
    assert [step.id for step in steps] == expected
