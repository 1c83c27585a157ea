"""Small chat models made on the spot: Qwen2 with its chat template where the hub has it, in tokenizer_config.json."""

import json
from pathlib import Path

from lib.chat import TEMPLATES
from tests.tiny import VOCAB, byte_tokenizer


def make_qwen2(folder: Path, *, tied: bool = True, layers: int = 24, context: int = 160) -> Path:
    """A Qwen2 of narrow layers in bf16 (random weights), with Qwen2's chat template; gives back `folder`."""
    import torch
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, Qwen2Config

    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=VOCAB,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=context,
        bos_token_id=0,
        eos_token_id=2,
        tie_word_embeddings=tied,
    )
    AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=byte_tokenizer(),
        eos_token="<|im_end|>",
        bos_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "chat_template": TEMPLATES["qwen2"].source}))
    (folder / "generation_config.json").write_text(
        json.dumps(
            {
                "do_sample": True,
                "temperature": 0.6,
                "top_p": 0.8,
                "top_k": 20,
                "repetition_penalty": 1.1,
                "eos_token_id": 2,
            }
        )
    )
    return folder
