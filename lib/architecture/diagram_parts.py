"""What a block diagram is made of, and the coarse diagram of model types whose insides this page does not know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib.architecture.explanations import TEXTS
from lib.architecture.parameter_ledger import COMPONENT_LABELS, Ledger
from lib.architecture.spec import Architecture

# A box id, or {"kind": "column" | "row" | "line" | "group" | "residual" | "repeat" | "wire", "items": [...], ...}. The
# items of a column follow one another downwards, those of a line from left to right; those of a row work side by side.
# A wire goes past what stands beside it.
Item = str | dict[str, Any]


@dataclass(frozen=True)
class Box:
    """One box. `params` is of one copy; `copies` how often the model has it (weights not shared between copies)."""

    id: str
    label: str
    component: str  # colour: one of ledger.COMPONENTS, or "none" for boxes without weights
    params: int
    copies: int
    detail: str  # a short second line: sizes
    does: str
    without: str
    what: str
    why: str
    formula: str  # LaTeX
    shapes: tuple[tuple[str, tuple[int, ...], str], ...]  # (tensor, shape, in symbols)
    code: str


@dataclass(frozen=True)
class Diagram:
    """All boxes of one model and their arrangement, a column, from input (first) to output (last)."""

    architecture: Architecture
    boxes: Mapping[str, Box]
    layout: tuple[Item, ...]

    @property
    def total(self) -> int:
        """Parameters of all boxes, copies counted."""
        return sum(box.params * box.copies for box in self.boxes.values())


def coarse_diagram(arch: Architecture, book: Ledger, batch: int, tokens: int) -> Diagram:
    """One box a component, for model types whose insides this page does not know."""
    boxes: dict[str, Box] = {}
    outside: list[Item] = []
    inside: list[Item] = []
    blocks = max(1, len(book.by_block()))
    width = book.architecture.hidden_size
    shape = (("residual stream", (batch, tokens, width), "(B, T, d)"),) if width else ()
    for component, label in COMPONENT_LABELS.items():
        for where, items in ((False, outside), (True, inside)):
            rows = [row for row in book.rows if row.component == component and (row.block is not None) == where]
            if rows:
                key, count = f"{component}{'_in' if where else ''}", sum(row.params for row in rows)
                copies = blocks if where and count % blocks == 0 else 1
                words = TEXTS["unknown"]
                boxes[key] = Box(
                    key,
                    label,
                    component,
                    count // copies,
                    copies,
                    f"{len(rows)} tensor{'s' * (len(rows) > 1)}",
                    words.does,
                    words.without,
                    words.what,
                    words.why,
                    "",
                    shape,
                    f"model.{rows[0].name.rsplit('.', 1)[0]}",
                )
                items.append(key)
    tail: list[Item] = [key for key in ("norm", "head") if key in outside]
    head: list[Item] = [key for key in outside if key not in tail]
    middle: list[Item] = [{"kind": "repeat", "times": blocks, "kinds": "", "items": inside}] if inside else []
    lines: list[list[Item]] = [[{"kind": "line", "items": items}] if items else [] for items in (head, tail)]
    return Diagram(arch, boxes, (*lines[0], *middle, *lines[1]))
