"""The tokenizer of a run: our own BPE, learned from the training text, and three control tokens behind it.

Written as a tokenizer.json that the `tokenizers` library reads too. A text that spells a control token stays text: BPE
cuts "<|endoftext|>" into "<|", "endoftext" and "|>" before anything is joined, so no learned token can spell it, and
the ids of control tokens are only ever put in by hand.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from lib.tokenization import bpe
from lib.tokenization.bpe_tokenizer import BPETokenizer

END_OF_TEXT, START_OF_TURN, END_OF_TURN = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CONTROL = (END_OF_TEXT, START_OF_TURN, END_OF_TURN)
VOCAB_SIZE = 768  # with the control tokens
LEARN_FROM = 400_000  # bytes: more of the same text teaches the tokenizer little
TOKENS_EACH = 4  # joining ends where the text would have fewer tokens than this for every entry of the vocabulary


class TrainedTokenizer(BPETokenizer):
    """A BPE tokenizer with <|endoftext|>, <|im_start|> and <|im_end|> as its last three ids."""

    @property
    def vocab_size(self) -> int:
        """256 bytes, one entry a merge, and three control tokens."""
        return len(self.vocab) + len(CONTROL)

    @property
    def special(self) -> dict[str, int]:
        """The control tokens."""
        return {text: len(self.vocab) + n for n, text in enumerate(CONTROL)}

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes of one id; of a control token, those of its text."""
        control = token_id - len(self.vocab)
        return CONTROL[control].encode() if 0 <= control < len(CONTROL) else super().token_bytes(token_id)

    def raw(self, token_id: int) -> str:
        """GPT-2's spelling of the bytes; a control token as its text."""
        control = token_id - len(self.vocab)
        return CONTROL[control] if 0 <= control < len(CONTROL) else super().raw(token_id)

    def without_control(self) -> str:
        """tokenizer.json of the joins alone, with which no text can become a control token."""
        return super().to_json()

    def to_json(self) -> str:
        """tokenizer.json, control tokens included."""
        document = json.loads(self.without_control())
        document["added_tokens"] = [
            {"id": token_id, "content": text, "special": True}
            | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
            for text, token_id in self.special.items()
        ]
        return json.dumps(document, ensure_ascii=False, indent=1)


def learn(text: str) -> TrainedTokenizer:
    """Joins learned from a text: as many as make 768 entries, fewer where the text is short."""
    return TrainedTokenizer(_merges(text.encode()[:LEARN_FROM].decode(errors="ignore")))


def _merges(text: str) -> Iterator[bpe.Merge]:
    entries = 256
    for merge in bpe.train(text, vocab_size=VOCAB_SIZE - len(CONTROL)):
        if merge.tokens_left < TOKENS_EACH * entries:
            return
        entries = max(entries, merge.new_id + 1)
        yield merge


def read(path: Path) -> TrainedTokenizer:
    """The tokenizer of a tokenizer.json that `to_json` wrote: the merges, in order."""
    model = json.loads(path.read_text(encoding="utf-8"))["model"]
    id_of = model["vocab"]
    return TrainedTokenizer(
        bpe.Merge((id_of[left], id_of[right]), id_of[left + right], 0, 0) for left, right in model["merges"]
    )


def settings(*, chat: bool) -> str:
    """tokenizer_config.json, as transformers reads it."""
    said = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": END_OF_TEXT,
        "eos_token": END_OF_TURN if chat else END_OF_TEXT,
        "clean_up_tokenization_spaces": False,
    }
    return json.dumps(said, indent=1)
