"""Small real models made on the spot: random weights, real architectures, a byte-level BPE of 300 ids."""

from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

TEXT = "the cat sat on the mat. the dog sat on the log. Once upon a time there was a model. 🚀 naïve café\n" * 4
VOCAB = 300
OPT = {  # a family that the Architecture page has no reader for
    "model_type": "opt",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "ffn_dim": 64,
    "vocab_size": 99,
    "max_position_embeddings": 50,
    "word_embed_proj_dim": 32,
}


def byte_tokenizer() -> Tokenizer:
    """Byte-level BPE with <|endoftext|>, <|im_start|> and <|im_end|> as ids 0, 1 and 2."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    return tokenizer


def make(family: str, folder: Path, *, layers: int = 1, width: int = 8, seed: int = 0, vocab: int = VOCAB) -> Path:
    """Save a random model of `family` ("gpt2", "llama", "qwen2") with its tokenizer; gives back `folder`."""
    import torch
    from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, PreTrainedTokenizerFast, Qwen2Config

    torch.manual_seed(seed)
    if family == "gpt2":
        config = GPT2Config(
            vocab_size=vocab,
            n_positions=64,
            n_embd=width,
            n_layer=layers,
            n_head=2,
            bos_token_id=0,
            eos_token_id=0,
            initializer_range=0.5,
        )
    else:
        shape = {
            "vocab_size": vocab,
            "hidden_size": width,
            "intermediate_size": 2 * width,
            "num_hidden_layers": layers,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": 64,
            "bos_token_id": 0,
            "eos_token_id": 2,
            "initializer_range": 0.5,
        }
        config = {"llama": LlamaConfig, "qwen2": Qwen2Config}[family](**shape)
    model = AutoModelForCausalLM.from_config(config).eval()
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=byte_tokenizer(),
        eos_token="<|im_end|>",
        bos_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)
    return folder


def make_sliding(folder: Path, *, initializer_range: float = 0.02) -> Path:
    """Save a random Mistral that attends to the last 8 tokens, whose texts share no batch; gives back `folder`."""
    import torch
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=VOCAB,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=64,
        sliding_window=8,
        initializer_range=initializer_range,
    )
    MistralForCausalLM(config).save_pretrained(folder)
    return folder
