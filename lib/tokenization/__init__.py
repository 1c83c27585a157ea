"""Text to ids and back: word, character, BPE trained here, GPT-2, tiktoken's, Qwen's, SmolLM2's. No torch."""

from lib.tokenization.base import Token, TokenizationError, Tokenizer

__all__ = ["Token", "TokenizationError", "Tokenizer"]
