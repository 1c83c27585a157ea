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


def _facts(a: Architecture) -> list[tuple[str, str, str]]:
    book = ledger(a)
    parts = book.by_component()
    share = parts.get("embedding", 0) + parts.get("positions", 0) + parts.get("head", 0)
    positions = {"learned": "a learned table", "rope": "RoPE (no weights)"}.get(a.positions, "unknown to this page")
    bias = [name for name, there in (("Q, K, V", a.qkv_bias), ("projection", a.out_bias), ("MLP", a.mlp_bias)) if there]
    windows = [w for w in a.windows if w]
    attention = (
        "every token before it"
        if not windows
        else f"{len(windows)} of {a.layers} blocks only the last {max(windows):,} tokens"
    )
    cache, flops = "not known here", "not known here"
    if a.known:
        cache, flops = size(kv_cache_bytes(a, context=1000)), number(flops_per_token(a, context=1000))
    return [
        ("Family", a.family, "Another arrangement of the same few layers."),
        ("Parameters", f"{book.total:,}", "More numbers to learn, to store and to multiply with."),
        ("Layers", f"{a.layers}", "Depth: how many blocks correct the stream, one after the other."),
        (
            "Hidden size (d)",
            f"{a.width:,}",
            "The length of every token's vector. A block's parameters grow with its square.",
        ),
        ("Query heads", f"{a.heads} × {a.head_dim}", "How many patterns of attention a block computes side by side."),
        (
            "KV heads",
            f"{a.kv_heads}",
            "Fewer than query heads: they share keys and values, for a smaller KV cache than with one each.",
        ),
        ("MLP width", f"{a.inner:,}", "The wide middle of every block."),
        (
            "MLP kind",
            f"{'gated ' if a.gated else ''}{a.activation}",
            "The activation in the middle. A gate adds a third matrix.",
        ),
        (
            "Norm",
            a.norm + (", four a block" if a.sandwich else ", one a block" if a.parallel == 1 else ""),
            "Where vectors are scaled, and how. RMSNorm leaves out the mean and the bias: cheaper, and about as good.",
        ),
        ("Norm of Q and K", a.qk_norm or "none", "Keeps attention scores from growing too large."),
        (
            "Positions",
            positions,
            "A table ends at its last row; RoPE can be stretched to longer texts, with some training.",
        ),
        ("Attention sees", attention, "Sliding windows keep the cache small."),
        (
            "Attention and MLP",
            "side by side" if a.parallel else "one after the other",
            "Side by side is faster on many chips.",
        ),
        ("Biases", ", ".join(bias) or "none", "Few parameters; newer models leave most of them out."),
        ("Vocabulary", f"{a.vocab:,}", "More entries, fewer tokens per text, a larger table."),
        ("Head tied to embedding", "yes" if a.tied else "no", "Tied: one table serves input and output."),
        (
            "In embedding and head",
            f"{share / book.total:.1%}",
            "With a table of positions, if there is one. The rest is in the blocks.",
        ),
        ("Context length", f"{a.context:,}", "How many tokens fit into one text."),
        (
            "Weights, bfloat16",
            size(weight_bytes(a, "bfloat16")),
            "Nearly all of it is read from memory for every new token (of an embedding that is not tied, one row).",
        ),
        ("KV cache, 1,000 tokens", cache, "Grows with every token of a chat."),
        ("FLOPs per token at 1,000", flops, "The arithmetic of one more token."),
    ]
