"""Text to ids and back, at every level: words, characters, BPE trained here, and the tokenizers of real models.

No torch, no Streamlit, no network.
"""

from lib.tokenization.base import Token, TokenizationError, Tokenizer
from lib.tokenization.registry import PRETRAINED, available, backend, load

__all__ = ["PRETRAINED", "Token", "TokenizationError", "Tokenizer", "available", "backend", "load"]
