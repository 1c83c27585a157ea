"""The network of a recipe: transformers' own Llama or GPT-2, with fresh weights. Needs torch.

No dropout: a small model that sees most of its text once or a few times needs none, and losses stay comparable.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from lib.training.recipe import SIZES, Recipe, inner_width

Network = Any  # LlamaForCausalLM | GPT2LMHeadModel: both have .logits and a tied head


def new_network(recipe: Recipe, vocab_size: int, end: int) -> Network:
    """A model with random weights (normal, standard deviation 0.02, as transformers makes them), drawn from the seed.

    `end`: the id of <|endoftext|>.
    """
    size = SIZES[recipe.size]
    torch.manual_seed(recipe.seed)
    if recipe.family == "gpt2":
        return GPT2LMHeadModel(
            GPT2Config(
                vocab_size=vocab_size,
                n_layer=size.layers,
                n_embd=size.hidden_size,
                n_head=size.heads,
                n_positions=recipe.context,
                resid_pdrop=0.0,
                embd_pdrop=0.0,
                attn_pdrop=0.0,
                bos_token_id=end,
                eos_token_id=end,
            )
        )
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocab_size,
            num_hidden_layers=size.layers,
            hidden_size=size.hidden_size,
            intermediate_size=inner_width(size.hidden_size),
            num_attention_heads=size.heads,
            num_key_value_heads=size.heads,
            max_position_embeddings=recipe.context,
            tie_word_embeddings=True,
            bos_token_id=end,
            eos_token_id=end,
        )
    )


def load(folder: Path, recipe: Recipe, vocab_size: int, end: int) -> Network:
    """The model of a checkpoint of this recipe's run."""
    network = new_network(recipe, vocab_size, end)
    load_weights(network, load_file(folder / "model.safetensors"))
    return network


def weights(network: Network) -> dict[str, torch.Tensor]:
    """Every tensor once, by name: the head is the embedding."""
    return {name: weight.detach() for name, weight in network.named_parameters()}


def load_weights(network: Network, stored: dict[str, torch.Tensor]) -> None:
    """Give a network the weights that `weights` took from one like it."""
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight.copy_(stored[name])


def parameter_count(network: Network) -> int:
    """Parameters, the tied head once."""
    return sum(weight.numel() for weight in network.parameters())
