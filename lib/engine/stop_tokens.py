"""Which tokens end an answer. Knows nothing of torch."""

import json
from pathlib import Path
from typing import Any

# End-of-turn tokens of the chat formats; one counts only if the model has a chat template and the token exists.
_END_OF_TURN = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|eom_id|>")


def stop_ids(folder: Path, config: Any) -> frozenset[int]:
    """Union of generation_config.json's and config.json's `eos_token_id` and a chat model's end of turn."""
    ids: set[int] = set()
    generation = _json(folder / "generation_config.json")
    for value in (generation.get("eos_token_id"), getattr(config, "eos_token_id", None)):
        ids.update(value if isinstance(value, list) else [] if value is None else [value])
    settings = _json(folder / "tokenizer_config.json")
    if "chat_template" in settings or (folder / "chat_template.jinja").is_file():
        added = {entry.get("content"): int(i) for i, entry in settings.get("added_tokens_decoder", {}).items()}
        added |= {entry["content"]: entry["id"] for entry in _json(folder / "tokenizer.json").get("added_tokens", [])}
        ids.update(added[token] for token in _END_OF_TURN if token in added)
    return frozenset(int(i) for i in ids if i is not None)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
