"""Two models side by side: what is the same, what differs, and what the difference does. Plain data."""

from dataclasses import dataclass

from lib.architecture.cost import flops_per_token, kv_cache_bytes, weight_bytes
from lib.architecture.parameter_ledger import ledger
from lib.architecture.spec import Architecture
from lib.text_format import number, size


@dataclass(frozen=True)
class Line:
    """One row of the table. `why` says what the difference means, "" where the two agree."""

    what: str
    left: str
    right: str
    why: str

    @property
    def differs(self) -> bool:
        """Whether the two models disagree here."""
        return self.left != self.right


def compare(left: Architecture, right: Architecture) -> list[Line]:
    """All rows in a fixed order: structure first, then what it costs."""
    rows = []
    for (what, a, why), (_, b, _) in zip(_facts(left), _facts(right), strict=True):
        rows.append(Line(what, a, b, why if a != b else ""))
    return rows


_UNKNOWN = "not known here"


def _facts(a: Architecture) -> list[tuple[str, str, str]]:
    book = ledger(a)
    a = book.architecture  # with the sizes that transformers knows of a family without a reader
    parts = book.by_component()
    share = parts.get("embedding", 0) + parts.get("positions", 0) + parts.get("head", 0)
    words = _words(a) if a.known else dict.fromkeys(_WORDS, _UNKNOWN)
    return [
        ("Family", a.family, "Another arrangement of the same few layers."),
        ("Parameters", f"{book.total:,}", "More numbers to learn, to store and to multiply with."),
        ("Layers", known_size(a.layers), "Depth: how many blocks correct the stream, one after the other."),
        (
            "Hidden size (d)",
            known_size(a.hidden_size),
            "The length of every token's vector. A block's parameters grow with its square.",
        ),
        (
            "Query heads",
            f"{a.heads} × {a.head_dim}" if a.known else known_size(a.heads),
            "How many patterns of attention a block computes side by side.",
        ),
        (
            "KV heads",
            known_size(a.kv_heads),
            "Fewer than query heads: they share keys and values, for a smaller KV cache than with one each.",
        ),
        ("MLP width", known_size(a.intermediate_size), "The wide middle of every block."),
        ("MLP kind", words["MLP kind"], "The activation in the middle. A gate adds a third matrix."),
        (
            "Norm",
            words["Norm"],
            "Where vectors are scaled, and how. RMSNorm leaves out the mean and the bias: cheaper, and about as good.",
        ),
        ("Norm of Q and K", words["Norm of Q and K"], "Keeps attention scores from growing too large."),
        (
            "Positions",
            words["Positions"],
            "A table ends at its last row; RoPE can be stretched to longer texts, with some training.",
        ),
        ("Attention sees", words["Attention sees"], "Sliding windows keep the cache small."),
        ("Attention and MLP", words["Attention and MLP"], "Side by side is faster on many chips."),
        ("Biases", words["Biases"], "Few parameters; newer models leave most of them out."),
        ("Vocabulary", known_size(a.vocab_size), "More entries, fewer tokens per text, a larger table."),
        ("Head tied to embedding", "yes" if a.tied else "no", "Tied: one table serves input and output."),
        (
            "In embedding and head",
            f"{share / max(1, book.total):.1%}",
            "With a table of positions, if there is one. The rest is in the blocks.",
        ),
        ("Context length", known_size(a.context), "How many tokens fit into one text."),
        (
            "Weights, bfloat16",
            size(weight_bytes(a, "bfloat16")),
            "Nearly all of it is read from memory for every new token (of an embedding that is not tied, one row).",
        ),
        ("KV cache, 1,000 tokens", words["cache"], "Grows with every token of a chat."),
        ("FLOPs per token at 1,000", words["flops"], "The arithmetic of one more token."),
    ]


def known_size(size: int) -> str:
    """A size for people; of a family without a reader some are not known.

    >>> known_size(4096), known_size(0)
    ('4,096', 'not known')
    """
    return f"{size:,}" if size else "not known"


_WORDS = (
    *("MLP kind", "Norm", "Norm of Q and K", "Positions", "Attention sees", "Attention and MLP", "Biases"),
    *("cache", "flops"),
)


def _words(a: Architecture) -> dict[str, str]:
    """What only a reader knows, by the names of `_WORDS`."""
    bias = [name for name, there in (("Q, K, V", a.qkv_bias), ("projection", a.out_bias), ("MLP", a.mlp_bias)) if there]
    windows = [w for w in a.windows if w]
    seen = f"{len(windows)} of {a.layers} blocks only the last {max(windows):,} tokens" if windows else ""
    values = (
        f"{'gated ' if a.gated else ''}{a.activation}",
        a.norm + (", four a block" if a.sandwich else ", one a block" if a.parallel == 1 else ""),
        a.qk_norm or "none",
        "a learned table" if a.positions == "learned" else "RoPE (no weights)",
        seen or "every token before it",
        "side by side" if a.parallel else "one after the other",
        ", ".join(bias) or "none",
        size(kv_cache_bytes(a, context=1000)),
        number(flops_per_token(a, context=1000)),
    )
    return dict(zip(_WORDS, values, strict=True))
