"""Continuous batching: many requests, one forward pass a step.

Reading order: `scheduler` (who is computed) → `batch` (what is in work) → `prefill` and `length_buckets` (prompts being
read, rows that decode) → `ragged_batch` (one pass over both) → `kv_cache` → `sampler` (logits to tokens).
"""
