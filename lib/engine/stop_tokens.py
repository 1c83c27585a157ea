"""Which tokens end an answer. Knows nothing of torch."""

import re
from pathlib import Path
from typing import Any

from lib.json_file import read_json
from lib.models import folder_config, folders
from lib.models.chat_format import END_OF_TURN, chat_template
from lib.models.errors import ModelError
from lib.tokenization import tokenizer_file

_NUMBER = re.compile("[0-9]{1,9}")


def stop_ids(folder: Path, config: Any) -> frozenset[int]:
    """Union of generation_config.json's and config.json's `eos_token_id` and a chat model's end of turn.

    Raises ModelError where one of the two files names what is no token ID.
    """
    try:
        ids = folder_config.token_ids(getattr(config, "eos_token_id", None)) | folders.generation_ids(folder)
    except ValueError as error:
        raise ModelError(f"The model folder {folder.name} cannot be used: its config.json {error}.") from None
    if chat_template(folder):
        added = _added(folder)
        ids |= {added[token] for token in END_OF_TURN if token in added}
    return frozenset(one for one in ids if one >= 0)  # -1 is how some files say "none"


def _added(folder: Path) -> dict[str, int]:
    """Added tokens by their text, as both of the tokenizer's files list them; what is no token in them is left out."""
    listed: Any = read_json(folder / "tokenizer_config.json").get("added_tokens_decoder")
    pairs = list(listed.items()) if isinstance(listed, dict) else []
    tokens: Any = read_json(folder / "tokenizer.json", tokenizer_file.MAX_BYTES).get("added_tokens")
    if isinstance(tokens, list):
        pairs += [(entry.get("id"), entry) for entry in tokens if isinstance(entry, dict)]
    return {
        entry["content"]: int(number)
        for number, entry in pairs
        if isinstance(entry, dict) and isinstance(entry.get("content"), str) and _NUMBER.fullmatch(str(number))
    }
