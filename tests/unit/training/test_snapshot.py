"""A model looked at: maps that do not flip, results read from texts, beliefs and continuations equal to plain ones."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lib.training import corpus, network, snapshot
from lib.training.continuation import continued
from lib.training.network import Network
from lib.training.pretrain import BELIEFS
from lib.training.recipe import SIZES, Recipe, Size
from lib.training.tokenizer import TrainedTokenizer

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def model(request: pytest.FixtureRequest) -> tuple[Network, TrainedTokenizer]:
    """One layer, 8 wide, with weights big enough to prefer something."""
    data = corpus.from_world(200, 5)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(SIZES, "tiny", Size(1, 8, 2))
        made = network.new_network(Recipe(size="tiny", family=request.param), data.tokenizer.vocab_size, data.end)
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)) * 0.5)
    return made, data.tokenizer


def test_texts_written_together_are_those_written_alone_without_a_cache(
    model: tuple[Network, TrainedTokenizer],
) -> None:
    net, tokenizer = model
    prompts = [tokenizer.ids(text) for text in ("Once upon a time, there was", "2 + 2 =", "The")]
    together = continued(net, prompts, most=12, ends=[5])
    for prompt, row in zip(prompts, together, strict=True):
        ids = list(prompt)
        for _ in range(12):
            with torch.no_grad():
                ids.append(int(net(torch.tensor([ids])).logits[0, -1].argmax()))
            if ids[-1] == 5:
                break
        assert row == ids[len(prompt) :]


def test_a_prompt_that_is_longer_than_the_context_is_read_from_its_end(model: tuple[Network, TrainedTokenizer]) -> None:
    net, _ = model
    (row,) = continued(net, [[1] * 300], most=5, ends=[])
    assert len(row) == 1


def test_beliefs_are_products_of_token_probabilities(model: tuple[Network, TrainedTokenizer]) -> None:
    net, tokenizer = model
    found = snapshot.beliefs(net, tokenizer, BELIEFS)
    for prompt, truths in BELIEFS.items():
        assert sum(truths.values()) == pytest.approx(1)
        for word, true in truths.items():
            ids, probability = tokenizer.ids(prompt), 1.0
            for token_id in tokenizer.ids(word):
                with torch.no_grad():
                    probability *= float(net(torch.tensor([ids])).logits[0, -1].softmax(-1)[token_id])
                ids.append(token_id)
            assert found[prompt][word.strip()] == (pytest.approx(probability, rel=1e-3), true)


def test_the_head_shown_is_one_of_the_models_own_and_the_model_is_left_as_it_was(
    model: tuple[Network, TrainedTokenizer],
) -> None:
    net, tokenizer = model
    name, weights = snapshot.sharpest_head(net, tokenizer.ids("The fox lives in the forest."))
    assert name in {"layer 1, head 1", "layer 1, head 2"}
    assert weights.sum(-1) == pytest.approx(np.ones(len(weights)), abs=1e-5)
    assert np.triu(weights, 1).max() == 0  # nobody looks ahead
    assert net.config._attn_implementation == "sdpa"


def test_a_map_stays_as_close_to_the_last_one_as_it_can() -> None:
    cloud = torch.from_numpy(np.random.default_rng(0).normal(size=(30, 8)))
    first = snapshot.embedding_map(cloud, None)
    mirrored = first * [-1, 1]
    again = snapshot.embedding_map(cloud + 0.01, mirrored.tolist())
    assert again == pytest.approx(mirrored, abs=1e-6)
    assert first.var(0)[0] > first.var(0)[1]  # the greatest component first


@pytest.mark.parametrize(
    ("text", "number"),
    [(" 4. 3 + 3 = 6.", "4"), ("2 + 2 = 4.", "4"), ("12 + 9 = 21", "21"), ("2 + 2", ""), ("", ""), ("four", "")],
)
def test_the_result_of_a_sum_is_read_where_it_stands(text: str, number: str) -> None:
    assert snapshot.result(text) == number


def test_a_checkpoint_has_each_weight_once_and_transformers_reads_it(
    model: tuple[Network, TrainedTokenizer], tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from lib.training import checkpoints

    net, tokenizer = model
    folder = tmp_path / checkpoints.save_checkpoint(tmp_path, "finetune", 7, net, tokenizer)
    assert folder.name == "finetune-00007"
    stored = load_file(folder / "model.safetensors")
    assert sum(weight.numel() for weight in stored.values()) == network.parameter_count(net)
    theirs, ids = AutoModelForCausalLM.from_pretrained(folder), torch.tensor([tokenizer.ids("The fox")])
    with torch.no_grad():
        assert torch.allclose(theirs(ids).logits, net(ids).logits, atol=1e-5)
    words = AutoTokenizer.from_pretrained(folder)
    assert words("The fox lives.").input_ids == tokenizer.ids("The fox lives.")
    assert words.eos_token == "<|im_end|>"
    said = words.apply_chat_template(
        [{"role": "user", "content": "Hello!"}], tokenize=False, add_generation_prompt=True
    )
    assert said == "<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\n"
