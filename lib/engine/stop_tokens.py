"""Which tokens end an answer. Knows nothing of torch."""

from pathlib import Path
from typing import Any

from lib.json_file import read_json
from lib.models.chat_format import END_OF_TURN, chat_template


def stop_ids(folder: Path, config: Any) -> frozenset[int]:
    """Union of generation_config.json's and config.json's `eos_token_id` and a chat model's end of turn."""
    ids: set[int] = set()
    generation = read_json(folder / "generation_config.json")
    for value in (generation.get("eos_token_id"), getattr(config, "eos_token_id", None)):
        ids.update(value if isinstance(value, list) else [] if value is None else [value])
    if chat_template(folder):
        settings = read_json(folder / "tokenizer_config.json")
        added = {entry.get("content"): int(i) for i, entry in settings.get("added_tokens_decoder", {}).items()}
        added |= {
            entry["content"]: entry["id"] for entry in read_json(folder / "tokenizer.json").get("added_tokens", [])
        }
        ids.update(added[token] for token in END_OF_TURN if token in added)
    return frozenset(int(i) for i in ids if i is not None)
