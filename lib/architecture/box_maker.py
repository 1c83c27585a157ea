"""Makes the boxes of one model's block diagram, one by one, and keeps them."""

from lib.architecture.diagram_parts import Box
from lib.architecture.explanations import TEXTS, norm_formula
from lib.architecture.module_names import MODULE_NAMES
from lib.architecture.parameter_ledger import ledger
from lib.architecture.spec import Architecture

Shape = tuple[str, tuple[int, ...], str]  # of a tensor: its name, its sizes, its sizes in symbols


class BoxMaker:
    """The boxes of a known family. `counts`: parameters by the name of a module, those of one block."""

    def __init__(self, arch: Architecture, batch: int, tokens: int) -> None:
        self.arch, self.names, self.batch, self.tokens = arch, MODULE_NAMES[arch.family], batch, tokens
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
        shapes: tuple[Shape, ...],
        *,
        text: str = "",
        formula: str = "",
        inside: bool = False,
    ) -> str:
        """Add a box, and give back its id. `text`: whose words it has, its own if "". `inside`: of every block."""
        words = TEXTS[text or key]
        formula = formula or words.formula
        if component in {"attention", "mlp"}:
            formula = self._linear(formula, key)
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

    def norm(self, key: str, label: str, name: str, code: str, *, inside: bool = True) -> str:
        """A normalisation; `name` is its module's."""
        return self.box(
            key,
            label,
            "norm",
            self.counts[name],
            f"{self.arch.norm} · {self.arch.hidden_size:,}",
            code,
            (self.stream("input"), self.stream("output")),
            text="norm" if inside else key,
            formula=norm_formula(self.arch),
            inside=inside,
        )

    def add(self, key: str, label: str) -> str:
        """An addition to the residual stream."""
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

    def stream(self, name: str) -> Shape:
        """A tensor of the residual stream's shape."""
        return name, (self.batch, self.tokens, self.arch.hidden_size), "(B, T, d)"

    def heads(self, name: str, heads: int = 0) -> Shape:
        """A tensor with a vector for every head and token. `heads`: 0 for as many as the queries have."""
        return (
            name,
            (self.batch, heads or self.arch.heads, self.tokens, self.arch.head_dim),
            "(B, heads, T, head_dim)",
        )

    def _linear(self, formula: str, key: str) -> str:
        """GPT-2's Conv1D keeps W transposed, and some families add a bias."""
        arch = self.arch
        bias = arch.qkv_bias if key in {"q", "k", "v"} else arch.out_bias if key == "out" else arch.mlp_bias
        return formula.replace(r"^\top", "" if arch.family == "gpt2" else r"^\top") + (" + b" if bias else "")
