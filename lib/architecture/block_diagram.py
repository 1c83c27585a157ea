"""The block diagram as data: boxes with parameters, shapes, formula and place in the code, and how they are arranged.

Boxes of the repeated block carry the parameters of one block; `Diagram.total` counts them `layers` times. Families
without a reader get a coarser diagram from their ledger.
"""

from lib.architecture.diagram_parts import Box, Diagram, Item, coarse
from lib.architecture.explanations import TEXTS, norm_formula
from lib.architecture.parameter_ledger import NAMES, ledger
from lib.architecture.spec import Architecture


def diagram(arch: Architecture, *, batch: int = 1, tokens: int = 8) -> Diagram:
    """The forward pass of `arch` on `batch` texts of `tokens` tokens."""
    if not arch.known:
        return coarse(arch, ledger(arch), batch, tokens)
    maker = _Maker(arch, batch, tokens)
    layout = maker.layout()
    return Diagram(arch, maker.boxes, tuple(layout))


class _Maker:
    """Builds the boxes of a known family while arranging them."""

    def __init__(self, arch: Architecture, batch: int, tokens: int) -> None:
        self.arch, self.names, self.batch, self.tokens = arch, NAMES[arch.family], batch, tokens
        self.boxes: dict[str, Box] = {}
        self.counts: dict[str, int] = {}
        for row in ledger(arch).rows:
            if row.block in {0, None}:
                key = row.local.removesuffix(".weight").removesuffix(".bias")
                self.counts[key] = self.counts.get(key, 0) + row.params

    def box(  # noqa: PLR0917
        self,
        key: str,
        label: str,
        component: str,
        params: int,
        detail: str,
        code: str,
        shapes: tuple[tuple[str, tuple[int, ...], str], ...],
        *,
        text: str = "",
        formula: str = "",
        inside: bool = False,
    ) -> str:
        words = TEXTS[text or key]
        formula = formula or words.formula
        if component in {"attention", "mlp"}:
            formula = self.linear(formula, key)
        self.boxes[key] = Box(
            key,
            label,
            component,
            params,
            self.arch.layers if inside else 1,
            detail,
            words.does.format(a=self.arch),
            words.without.format(a=self.arch),
            words.what.format(a=self.arch),
            words.why.format(a=self.arch),
            formula,
            shapes,
            code,
        )
        return key

    def linear(self, formula: str, key: str) -> str:
        """GPT-2's Conv1D keeps W transposed, and some families add a bias."""
        arch = self.arch
        bias = arch.qkv_bias if key in {"q", "k", "v"} else arch.out_bias if key == "out" else arch.mlp_bias
        return formula.replace(r"^\top", "" if arch.family == "gpt2" else r"^\top") + (" + b" if bias else "")

    def stream(self, name: str) -> tuple[str, tuple[int, ...], str]:
        return name, (self.batch, self.tokens, self.arch.width), "(B, T, d)"

    def layout(self) -> list[Item]:
        arch, names = self.arch, self.names
        ids = ("token IDs", (self.batch, self.tokens), "(B, T)")
        start: list[Item] = [
            self.box("tokens", "Token IDs", "none", 0, f"up to {arch.context:,} tokens", "input_ids", (ids,)),
            self.box(
                "embedding",
                "Token embedding",
                "embedding",
                self.counts[names.embed],
                f"{arch.vocab:,} × {arch.width:,}",
                f"model.{names.embed}",
                (ids, ("table", (arch.vocab, arch.width), "(V, d)"), self.stream("output")),
                text="embedding_scaled" if arch.family == "gemma3_text" else "",
            ),
        ]
        if arch.positions == "learned":
            start.append(
                self.box(
                    "positions",
                    "Position embedding",
                    "positions",
                    self.counts["transformer.wpe"],
                    f"{arch.context:,} × {arch.width:,} · added",
                    "model.transformer.wpe",
                    (("table", (arch.context, arch.width), "(P, d)"), self.stream("output")),
                )
            )
        return [
            {"kind": "line", "items": start},
            {"kind": "repeat", "times": arch.layers, "kinds": _kinds(arch), "items": self.block()},
            {"kind": "line", "items": self.end()},
        ]

    def end(self) -> list[Item]:
        arch, names = self.arch, self.names
        logits = ("logits", (self.batch, self.tokens, arch.vocab), "(B, T, V)")
        tied = " · the embedding's weights again" if arch.tied else ""
        return [
            self.norm("final_norm", "Final norm", names.final, f"model.{names.final}", inside=False),
            self.box(
                "head",
                "Output head",
                "head",
                self.counts[names.head],
                f"{arch.width:,} → {arch.vocab:,}{tied}",
                f"model.{names.head}",
                (self.stream("input"), logits),
                text="head_tied" if arch.tied else "head",
                formula=TEXTS["head"].formula + " + b" if arch.head_bias else "",
            ),
            self.box(
                "softmax",
                "Softmax",
                "none",
                0,
                "scores → probabilities",
                "torch.softmax(logits, -1)",
                (logits, ("probabilities", (self.batch, self.tokens, arch.vocab), "(B, T, V)")),
            ),
        ]

    def norm(self, key: str, label: str, name: str, code: str, *, inside: bool = True) -> str:
        return self.box(
            key,
            label,
            "norm",
            self.counts[name],
            f"{self.arch.norm} · {self.arch.width:,}",
            code,
            (self.stream("input"), self.stream("output")),
            text="norm" if inside else key,
            formula=norm_formula(self.arch),
            inside=inside,
        )

    def block(self) -> list[Item]:
        arch, names = self.arch, self.names
        path = f"model.{names.block}[0]"
        first = self.norm("norm1", "Norm", names.norm1, f"{path}.{names.norm1}")
        attention: Item = {"kind": "group", "label": "Attention", "component": "attention", "items": self.attention()}
        mlp: Item = {"kind": "group", "label": "MLP", "component": "mlp", "items": self.mlp()}
        after = [
            self.norm(key, "Norm after", name, f"{path}.{name}")
            for key, name in (("after_attn", names.after_attn), ("after_mlp", names.after_mlp))
            if name
        ]
        add1 = self.add("add1", "Add")
        if arch.parallel:
            second = [self.norm("norm2", "Norm", names.norm2, f"{path}.{names.norm2}")] if arch.parallel == 2 else []
            lanes: Item = {
                "kind": "row",
                "items": [
                    {"kind": "column", "items": [first, attention] if second else [attention]},
                    {"kind": "column", "items": [*second, mlp]},
                ],
            }
            return [{"kind": "residual", "items": [lanes] if second else [first, lanes], "add": add1}]
        second_norm = self.norm("norm2", "Norm", names.norm2, f"{path}.{names.norm2}")
        return [
            {"kind": "residual", "items": [first, attention, *after[:1]], "add": add1},
            {"kind": "residual", "items": [second_norm, mlp, *after[1:]], "add": self.add("add2", "Add")},
        ]

    def add(self, key: str, label: str) -> str:
        return self.box(
            key,
            label,
            "none",
            0,
            "residual",
            f"inside model.{self.names.block}[0].forward",
            (self.stream("before"), self.stream("after")),
            text="add",
            inside=True,
        )

    def attention(self) -> list[Item]:
        arch, names = self.arch, self.names
        path = f"model.{names.block}[0].{names.attn}"
        fused = len(names.qkv) == 1
        wide = {"q": arch.q_width, "k": arch.kv_width, "v": arch.kv_width}
        row: list[Item] = []
        for index, (key, out) in enumerate(wide.items()):
            heads = arch.heads if key == "q" else arch.kv_heads
            code = f"{path}.{names.qkv[0]} (one third)" if fused else f"{path}.{names.qkv[index]}"
            row.append(
                self.box(
                    key,
                    {"q": "Query", "k": "Key", "v": "Value"}[key],
                    "attention",
                    out * arch.width + out * arch.qkv_bias,
                    f"{heads} × {arch.head_dim}",
                    code,
                    (
                        self.stream("input"),
                        ("weights", (out, arch.width), f"({key} width, d)"),
                        ("output", (self.batch, heads, self.tokens, arch.head_dim), "(B, heads, T, head_dim)"),
                    ),
                    inside=True,
                )
            )
        between: list[Item] = []
        if arch.qk_norm:
            count = sum(self.counts[f"{names.attn}.{name}"] for name in names.qk_norms)
            between.append(
                self.box(
                    "qk_norm",
                    "Norm of Q and K",
                    "norm",
                    count,
                    f"{arch.qk_norm} · {arch.head_dim}",
                    f"{path}.{names.qk_norms[0]}, {names.qk_norms[1]}",
                    (self.heads("Q"),),
                    inside=True,
                )
            )
        if arch.positions == "rope":
            between.append(
                self.box(
                    "rope",
                    "RoPE",
                    "none",
                    0,
                    f"rotates {arch.rotary_dim} of {arch.head_dim}",
                    f"model.{names.block.rsplit('.', 1)[0]}.rotary_emb",
                    (self.heads("Q"), self.heads("K", arch.kv_heads)),
                    inside=True,
                )
            )
        items: list[Item] = [{"kind": "row", "items": row}]
        if between:  # values go past the norm of Q and K and past RoPE
            turned: Item = {"kind": "column", "items": [{"kind": "row", "items": row[:2]}, _line(between)]}
            items = [
                {"kind": "row", "items": [turned, {"kind": "column", "items": [row[2], {"kind": "wire", "items": []}]}]}
            ]
        scores = ("scores", (self.batch, arch.heads, self.tokens, self.tokens), "(B, heads, T, T)")
        sliding = [window for window in arch.windows if window]
        seen = f" · {len(sliding)} of {arch.layers} blocks: last {max(sliding):,} tokens" if sliding else ""
        end: list[Item] = [
            self.box(
                "scores",
                "Scores · mask · softmax · sum",
                "none",
                0,
                f"{arch.heads} heads{seen}",
                f"{path}.forward",
                (scores, self.heads("weighted sum")),
                inside=True,
            ),
            self.box(
                "out",
                "Output projection",
                "attention",
                self.counts[f"{names.attn}.{names.out}"],
                f"{arch.q_width:,} → {arch.width:,}",
                f"{path}.{names.out}",
                (
                    ("all heads", (self.batch, self.tokens, arch.q_width), "(B, T, heads·head_dim)"),
                    self.stream("output"),
                ),
                inside=True,
            ),
        ]
        return [*items, {"kind": "line", "items": end}]

    def heads(self, name: str, heads: int = 0) -> tuple[str, tuple[int, ...], str]:
        return (
            name,
            (self.batch, heads or self.arch.heads, self.tokens, self.arch.head_dim),
            "(B, heads, T, head_dim)",
        )

    def mlp(self) -> list[Item]:
        arch, names = self.arch, self.names
        path = f"model.{names.block}[0].mlp"
        bend = f"{path}.{_ACT.get(arch.family, 'act_fn')}"
        wide = ("output", (self.batch, self.tokens, arch.inner), "(B, T, m)")
        keys = ("gate", "up") if arch.gated else ("up",)
        row: list[Item] = [
            self.box(
                key,
                {"gate": "Gate", "up": "Up"}[key],
                "mlp",
                self.counts[f"mlp.{name}"],
                f"{arch.width:,} → {arch.inner:,}",
                f"{path}.{name}",
                (self.stream("input"), wide),
                inside=True,
            )
            for key, name in zip(keys, names.mlp[:-1], strict=True)
        ]
        end: list[Item] = [
            self.box(
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
            self.box(
                "down",
                "Down",
                "mlp",
                self.counts[f"mlp.{names.mlp[-1]}"],
                f"{arch.inner:,} → {arch.width:,}",
                f"{path}.{names.mlp[-1]}",
                (("input", wide[1], wide[2]), self.stream("output")),
                inside=True,
            ),
        ]
        if not arch.gated:
            return [{"kind": "line", "items": [*row, *end]}]
        return [{"kind": "row", "items": row}, {"kind": "line", "items": end}]


_ACT = {"gpt2": "act", "gpt_neox": "act", "phi": "activation_fn"}  # others: act_fn


def _line(items: list[Item]) -> Item:
    return {"kind": "line", "items": items}


def _kinds(arch: Architecture) -> str:
    """What tells the blocks apart, where not all attend alike."""
    sliding = sum(window > 0 for window in arch.windows)
    return f"{sliding} sliding-window, {arch.layers - sliding} global" if 0 < sliding < arch.layers else ""


def _activation(arch: Architecture) -> str:
    names = {
        "gelu_new": "GELU (tanh form)",
        "gelu": "GELU",
        "gelu_pytorch_tanh": "GELU (tanh form)",
        "silu": "SiLU",
        "relu": "ReLU",
    }
    return names.get(arch.activation, arch.activation)
