"""Decoding strategies as data: what they are called, how they fit into a link, what they stand for in transformers."""
