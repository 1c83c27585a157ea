"""The boxes inside of one block: its attention and its MLP."""

from lib.architecture.box_maker import BoxMaker
from lib.architecture.diagram_parts import Item
from lib.architecture.spec import Architecture

_ACT = {"gpt2": "act", "gpt_neox": "act", "phi": "activation_fn"}  # others: act_fn


def attention_boxes(make: BoxMaker) -> list[Item]:
    """From the norm to the addition: Q, K and V, what is done to Q and K, the scores, the output projection."""
    row, between = _projections(make), _before_scores(make)
    items: list[Item] = [{"kind": "row", "items": row}]
    if between:  # values go past the norm of Q and K and past RoPE
        turned: Item = {"kind": "column", "items": [{"kind": "row", "items": row[:2]}, _line(between)]}
        past: Item = {"kind": "column", "items": [row[2], {"kind": "wire", "items": []}]}
        items = [{"kind": "row", "items": [turned, past]}]
    return [*items, _line(_scores(make))]


def _path(make: BoxMaker) -> str:
    return f"model.{make.names.block}[0].{make.names.attn}"


def _projections(make: BoxMaker) -> list[Item]:
    arch, names = make.arch, make.names
    fused = len(names.qkv) == 1
    wide = {"q": arch.q_width, "k": arch.kv_width, "v": arch.kv_width}
    row: list[Item] = []
    for index, (key, out) in enumerate(wide.items()):
        heads = arch.heads if key == "q" else arch.kv_heads
        row.append(
            make.box(
                key,
                {"q": "Query", "k": "Key", "v": "Value"}[key],
                "attention",
                out * arch.hidden_size + out * arch.qkv_bias,
                f"{heads} × {arch.head_dim}",
                f"{_path(make)}.{names.qkv[0]} (one third)" if fused else f"{_path(make)}.{names.qkv[index]}",
                (
                    make.stream("input"),
                    ("weights", (out, arch.hidden_size), f"({key} width, d)"),
                    ("output", (make.batch, heads, make.tokens, arch.head_dim), "(B, heads, T, head_dim)"),
                ),
                inside=True,
            )
        )
    return row


def _before_scores(make: BoxMaker) -> list[Item]:
    """What is done to queries and keys before the scores."""
    arch, names = make.arch, make.names
    items: list[Item] = []
    if arch.qk_norm:
        items.append(
            make.box(
                "qk_norm",
                "Norm of Q and K",
                "norm",
                sum(make.counts[f"{names.attn}.{name}"] for name in names.qk_norms),
                f"{arch.qk_norm} · {arch.head_dim}",
                f"{_path(make)}.{names.qk_norms[0]}, {names.qk_norms[1]}",
                (make.heads("Q"),),
                inside=True,
            )
        )
    if arch.positions == "rope":
        items.append(
            make.box(
                "rope",
                "RoPE",
                "none",
                0,
                f"rotates {arch.rotary_dim} of {arch.head_dim}",
                f"model.{names.block.rsplit('.', 1)[0]}.rotary_emb",
                (make.heads("Q"), make.heads("K", arch.kv_heads)),
                inside=True,
            )
        )
    return items


def _scores(make: BoxMaker) -> list[Item]:
    arch, names = make.arch, make.names
    sliding = [window for window in arch.windows if window]
    seen = f" · {len(sliding)} of {arch.layers} blocks: last {max(sliding):,} tokens" if sliding else ""
    return [
        make.box(
            "scores",
            "Scores · mask · softmax · sum",
            "none",
            0,
            f"{arch.heads} heads{seen}",
            f"{_path(make)}.forward",
            (
                ("scores", (make.batch, arch.heads, make.tokens, make.tokens), "(B, heads, T, T)"),
                make.heads("weighted sum"),
            ),
            inside=True,
        ),
        make.box(
            "out",
            "Output projection",
            "attention",
            make.counts[f"{names.attn}.{names.out}"],
            f"{arch.q_width:,} → {arch.hidden_size:,}",
            f"{_path(make)}.{names.out}",
            (("all heads", (make.batch, make.tokens, arch.q_width), "(B, T, heads·head_dim)"), make.stream("output")),
            inside=True,
        ),
    ]


def mlp_boxes(make: BoxMaker) -> list[Item]:
    """From the norm to the addition: up, through the activation, and down."""
    arch, names = make.arch, make.names
    path = f"model.{names.block}[0].mlp"
    bend = f"{path}.{_ACT.get(arch.family, 'act_fn')}"
    wide = ("output", (make.batch, make.tokens, arch.intermediate_size), "(B, T, m)")
    keys = ("gate", "up") if arch.gated else ("up",)
    row: list[Item] = [
        make.box(
            key,
            {"gate": "Gate", "up": "Up"}[key],
            "mlp",
            make.counts[f"mlp.{name}"],
            f"{arch.hidden_size:,} → {arch.intermediate_size:,}",
            f"{path}.{name}",
            (make.stream("input"), wide),
            inside=True,
        )
        for key, name in zip(keys, names.mlp[:-1], strict=True)
    ]
    end: list[Item] = [
        make.box(
            "activation",
            _activation(arch),
            "none",
            0,
            "gate × up" if arch.gated else "each number alone",
            bend,
            (wide,),
            text="gated" if arch.gated else "activation",
            inside=True,
        ),
        make.box(
            "down",
            "Down",
            "mlp",
            make.counts[f"mlp.{names.mlp[-1]}"],
            f"{arch.intermediate_size:,} → {arch.hidden_size:,}",
            f"{path}.{names.mlp[-1]}",
            (("input", wide[1], wide[2]), make.stream("output")),
            inside=True,
        ),
    ]
    if not arch.gated:
        return [{"kind": "line", "items": [*row, *end]}]
    return [{"kind": "row", "items": row}, {"kind": "line", "items": end}]


def _line(items: list[Item]) -> Item:
    return {"kind": "line", "items": items}


def _activation(arch: Architecture) -> str:
    names = {
        "gelu_new": "GELU (tanh form)",
        "gelu": "GELU",
        "gelu_pytorch_tanh": "GELU (tanh form)",
        "silu": "SiLU",
        "relu": "ReLU",
    }
    return names.get(arch.activation, arch.activation)
