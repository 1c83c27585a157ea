"""The block diagram as data: boxes with parameters, shapes, formula and place in the code, and how they are arranged.

Boxes of the repeated block carry the parameters of one block; `Diagram.total` counts them `layers` times. Families
without a reader get a coarser diagram from their ledger.
"""

from lib.architecture.block_boxes import attention_boxes, mlp_boxes
from lib.architecture.box_maker import BoxMaker
from lib.architecture.diagram_parts import Diagram, Item, coarse_diagram
from lib.architecture.explanations import TEXTS
from lib.architecture.parameter_ledger import ledger
from lib.architecture.spec import Architecture


def diagram(arch: Architecture, *, batch: int = 1, tokens: int = 8) -> Diagram:
    """The forward pass of `arch` on `batch` texts of `tokens` tokens."""
    if not arch.known:
        return coarse_diagram(arch, ledger(arch), batch, tokens)
    make = BoxMaker(arch, batch, tokens)
    layout: tuple[Item, ...] = (
        {"kind": "line", "items": _start(make)},
        {"kind": "repeat", "times": arch.layers, "kinds": _kinds(arch), "items": _block(make)},
        {"kind": "line", "items": _end(make)},
    )
    return Diagram(arch, make.boxes, layout)


def _start(make: BoxMaker) -> list[Item]:
    arch, names = make.arch, make.names
    ids = ("token IDs", (make.batch, make.tokens), "(B, T)")
    start: list[Item] = [
        make.box("tokens", "Token IDs", "none", 0, f"up to {arch.context:,} tokens", "input_ids", (ids,)),
        make.box(
            "embedding",
            "Token embedding",
            "embedding",
            make.counts[names.embed],
            f"{arch.vocab_size:,} × {arch.hidden_size:,}",
            f"model.{names.embed}",
            (ids, ("table", (arch.vocab_size, arch.hidden_size), "(V, d)"), make.stream("output")),
            text="embedding_scaled" if arch.family == "gemma3_text" else "",
        ),
    ]
    if arch.positions == "learned":
        start.append(
            make.box(
                "positions",
                "Position embedding",
                "positions",
                make.counts["transformer.wpe"],
                f"{arch.context:,} × {arch.hidden_size:,} · added",
                "model.transformer.wpe",
                (("table", (arch.context, arch.hidden_size), "(P, d)"), make.stream("output")),
            )
        )
    return start


def _block(make: BoxMaker) -> list[Item]:
    arch, names = make.arch, make.names
    path = f"model.{names.block}[0]"
    first = make.norm("norm1", "Norm", names.norm1, f"{path}.{names.norm1}")
    attention: Item = {"kind": "group", "label": "Attention", "component": "attention", "items": attention_boxes(make)}
    mlp: Item = {"kind": "group", "label": "MLP", "component": "mlp", "items": mlp_boxes(make)}
    after = [
        make.norm(key, "Norm after", name, f"{path}.{name}")
        for key, name in (("after_attn", names.after_attn), ("after_mlp", names.after_mlp))
        if name
    ]
    add1 = make.add("add1", "Add")
    if arch.parallel:
        second = [make.norm("norm2", "Norm", names.norm2, f"{path}.{names.norm2}")] if arch.parallel == 2 else []
        lanes: Item = {
            "kind": "row",
            "items": [
                {"kind": "column", "items": [first, attention] if second else [attention]},
                {"kind": "column", "items": [*second, mlp]},
            ],
        }
        return [{"kind": "residual", "items": [lanes] if second else [first, lanes], "add": add1}]
    second_norm = make.norm("norm2", "Norm", names.norm2, f"{path}.{names.norm2}")
    return [
        {"kind": "residual", "items": [first, attention, *after[:1]], "add": add1},
        {"kind": "residual", "items": [second_norm, mlp, *after[1:]], "add": make.add("add2", "Add")},
    ]


def _end(make: BoxMaker) -> list[Item]:
    arch, names = make.arch, make.names
    logits = ("logits", (make.batch, make.tokens, arch.vocab_size), "(B, T, V)")
    tied = " · the embedding's weights again" if arch.tied else ""
    return [
        make.norm("final_norm", "Final norm", names.final, f"model.{names.final}", inside=False),
        make.box(
            "head",
            "Output head",
            "head",
            make.counts[names.head],
            f"{arch.hidden_size:,} → {arch.vocab_size:,}{tied}",
            f"model.{names.head}",
            (make.stream("input"), logits),
            text="head_tied" if arch.tied else "head",
            formula=TEXTS["head"].formula + " + b" if arch.head_bias else "",
        ),
        make.box(
            "softmax",
            "Softmax",
            "none",
            0,
            "scores → probabilities",
            "torch.softmax(logits, -1)",
            (logits, ("probabilities", (make.batch, make.tokens, arch.vocab_size), "(B, T, V)")),
        ),
    ]


def _kinds(arch: Architecture) -> str:
    """What tells the blocks apart, where not all attend alike."""
    sliding = sum(window > 0 for window in arch.windows)
    return f"{sliding} sliding-window, {arch.layers - sliding} global" if 0 < sliding < arch.layers else ""
