"""The words about a box of the diagram, and those of them that the glossary explains."""

import re
from collections.abc import Mapping

from lib.architecture.diagram_parts import Box
from lib.course.glossary import entry
from lib.ui.components.glossary import term

ATTENTION, MLP = ("q", "k", "v", "qk_norm", "rope", "scores", "out"), ("gate", "up", "activation", "down")
TERMS: Mapping[str, tuple[str, ...]] = {  # box -> its words in the glossary
    "tokens": ("token ID", "vocabulary"),
    "embedding": ("embedding", "vector"),
    "positions": ("position",),
    "norm1": ("normalization", "vector"),
    "norm2": ("normalization", "vector"),
    "final_norm": ("normalization", "vector"),
    "q": ("query, key, value", "head", "linear layer"),
    "k": ("query, key, value", "KV cache", "grouped-query attention (GQA)"),
    "v": ("query, key, value", "KV cache"),
    "rope": ("RoPE", "position"),
    "scores": ("attention", "causal mask", "softmax"),
    "out": ("attention", "linear layer"),
    "add1": ("residual connection", "gradient"),
    "add2": ("residual connection", "gradient"),
    "gate": ("MLP", "linear layer"),
    "up": ("MLP", "linear layer"),
    "activation": ("activation function",),
    "down": ("MLP", "linear layer"),
    "head": ("output head", "logit", "tied weights"),
    "softmax": ("softmax", "probability distribution"),
}
# What the sentences about boxes call something -> its entry. "Head" alone is the attention's or the output's: not here.
_SAID: Mapping[str, str] = {
    **{name: name for name in ("causal mask", "KV cache", "linear layer", "logit", "MLP", "RoPE", "output head")},
    **{name: name for name in ("residual stream", "residual connection", "RMSNorm", "LayerNorm", "SiLU", "GELU")},
    "Attention": "attention",
    "queries": "query, key, value",
    "Query": "query, key, value",
    "Key": "query, key, value",
    "Value": "query, key, value",
    "Logits": "logit",
    "logits": "logit",
    "Softmax": "softmax",
    "heads": "head",
    "per head": "head",
    "gradients": "gradient",
    "token IDs": "token ID",
    "Token IDs": "token ID",
    "Token embedding": "embedding",
    "vector": "vector",
}
_FIND = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _SAID), key=len, reverse=True)) + r")\b")


def linked(text: str) -> str:
    """Our own Markdown with the first place of every word of the glossary as a link to it.

    >>> linked("RoPE, not RoPE").count("](Glossary#rope"), linked("a stream")
    (1, 'a stream')
    """
    seen: set[str] = set()

    def link(found: re.Match[str]) -> str:
        name = _SAID[found[0]]
        if name in seen:
            return found[0]
        seen.add(name)
        return term(name, found[0])

    return _FIND.sub(link, text)


def meanings(text: str) -> str:
    """What the glossary says of the words in `text`, plain: for a tip.

    >>> meanings("RMSNorm · 576").startswith("RMSNorm: A normalization"), meanings("Up")
    (True, '')
    """
    names = dict.fromkeys(_SAID[said] for said in _FIND.findall(text))
    return "\n".join(f"{name}: {entry(name).meaning}" for name in names)


def in_words(box: Box) -> tuple[str, str]:
    """Markdown: the box's name; what it does and what breaks without it. A word is explained at its first place."""
    group = "Attention: " if box.id in ATTENTION else "MLP: " if box.id in MLP else ""
    title, words = linked(f"{group}{box.label}\n{box.does} **Without it:** {box.without}").split("\n", 1)
    return title, words
