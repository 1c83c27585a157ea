"""Text to ids and back, at every level: words, characters, BPE trained here, and the tokenizers of real models.

The ladder, one file a step: `word` → `character` → `bpe` and `bpe_tokenizer` → `pretrained`, `huggingface`
→ `tiktokens`. Each step of our own ends in a proof of equality with the real thing. No torch, no Streamlit, no network.
"""

from lib.tokenization.base import Token, TokenizationError, Tokenizer
from lib.tokenization.comparison import Comparison, compare
from lib.tokenization.registry import PRETRAINED, available, backend, load

__all__ = [
    "PRETRAINED",
    "Comparison",
    "Token",
    "TokenizationError",
    "Tokenizer",
    "available",
    "backend",
    "compare",
    "load",
]
