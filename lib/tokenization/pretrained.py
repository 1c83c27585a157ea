"""GPT-2 and Qwen as `tokenizers.Tokenizer`s, built once from rank files and kept in the app's cache.

A cached file is its own sha256, a newline and a tokenizer.json; it is written to one side and renamed, so a reader sees
all of it or nothing. A damaged or missing file is made again; a folder that cannot be written costs only time.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from lib.settings import settings
from lib.tokenization import vocabulary
from lib.tokenization.hf import HFTokenizer

QWEN_PATTERN = (
    r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"""
    r"""|\s+(?!\S)|\s+"""
)
_QWEN_CONTROL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
_QWEN_ADDED = ("<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
               "<|repo_name|>", "<|file_sep|>")  # fmt: skip
_QWEN3_ADDED = (*_QWEN_ADDED, "<tool_response>", "</tool_response>", "<think>", "</think>")


@dataclass(frozen=True)
class Recipe:
    """A tokenizer that grows from a rank file. `control` tokens are marked special, `added` ones are not."""

    file: str
    control: tuple[str, ...]
    added: tuple[str, ...] = ()
    pattern: str = ""  # "" for GPT-2's own
    nfc: bool = False
    vocab_size: int = 0  # of the model, where it is padded

    def special(self, first: int) -> dict[str, int]:
        """The added tokens, numbered from `first` on."""
        return {text: first + n for n, text in enumerate((*self.control, *self.added))}


RECIPES = {
    "gpt2": Recipe("r50k_base", ("<|endoftext|>",)),
    "qwen1.5": Recipe("qwen", _QWEN_CONTROL[:3], (), QWEN_PATTERN, nfc=True, vocab_size=151_936),  # and Qwen2
    "qwen": Recipe("qwen", _QWEN_CONTROL, _QWEN_ADDED, QWEN_PATTERN, nfc=True, vocab_size=151_936),
    "qwen3": Recipe("qwen", _QWEN_CONTROL, _QWEN3_ADDED, QWEN_PATTERN, nfc=True, vocab_size=151_936),
}


def build(recipe: Recipe) -> Tokenizer:
    """Byte-level BPE without added tokens: vocabulary and merges from the ranks. Seconds; see `cached`."""
    ranks = vocabulary.ranks(recipe.file)
    spell = vocabulary.spell
    vocab = {spell(token): rank for token, rank in ranks.items()}
    merges = [(spell(left), spell(right)) for left, right in vocabulary.merges(ranks)]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    if recipe.nfc:
        tokenizer.normalizer = normalizers.NFC()
    if recipe.pattern:
        split = pre_tokenizers.Split(Regex(recipe.pattern), behavior="isolated")
        byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def cached(recipe: Recipe) -> Tokenizer:
    """`build(recipe)`, kept in `settings().home / "tokenizers"`."""
    path = settings().home / "tokenizers" / f"{recipe.file}-{vocabulary.SHA256[recipe.file][:12]}-v1.json"
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
        if digest.decode("ascii", "replace") == hashlib.sha256(content).hexdigest():
            return Tokenizer.from_buffer(content)
    except OSError:
        pass
    tokenizer = build(recipe)
    _keep(path, tokenizer.to_str().encode())
    return tokenizer


def _keep(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
            try:
                file.write(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
                file.close()
                os.replace(file.name, path)
            except OSError:
                file.close()
                os.unlink(file.name)
                raise
    except OSError:
        pass  # no room or no permission: the tokenizer works, the next start builds it again


def with_added(plain: Tokenizer, recipe: Recipe) -> Tokenizer:
    """A copy of `plain` that knows the recipe's added tokens, as transformers would load it."""
    full = Tokenizer.from_str(plain.to_str())
    full.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in recipe.control])
    full.add_tokens([AddedToken(text, normalized=False, special=False) for text in recipe.added])
    return full


def load(name: str) -> HFTokenizer:
    """Build "gpt2", "qwen" (2.5's added tokens), "qwen1.5" or "qwen3"."""
    recipe = RECIPES[name]
    plain = cached(recipe)
    special = recipe.special(plain.get_vocab_size())
    return HFTokenizer(
        name,
        plain,
        special,
        lambda: with_added(plain, recipe),
        vocab_size=recipe.vocab_size,
        splits_at_spaces=True,
    )
