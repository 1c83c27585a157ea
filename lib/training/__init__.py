"""Training a language model before one's eyes: a tiny world, a tokenizer, pre-training, then teaching it to chat."""
