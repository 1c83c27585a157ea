"""What a benchmark gives back, and how it is printed. Labels say model, dtype, load and unit."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Report:
    """Figures (medians, with their unit in the label) and ratios of one run."""

    name: str
    figures: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)

    def add(self, label: str, samples: Sequence[float]) -> float:
        """Record the median of `samples` and give it back."""
        self.figures[label] = statistics.median(samples)
        return self.figures[label]

    def show(self, *, json_line: bool = False) -> None:
        """Print the table, and with `json_line` the same as one JSON object on the last line."""
        width = max((len(label) for label in (*self.figures, *self.ratios)), default=0)
        for label, value in self.figures.items():
            print(f"{label:<{width}}  {value:12.4g}")
        for label, value in self.ratios.items():
            print(f"{label:<{width}}  {value:11.3g}x")
        if json_line:
            print(json.dumps({"name": self.name, "machine": machine(), "figures": self.figures, "ratios": self.ratios}))


def machine() -> dict[str, str | int | None]:
    """What it ran on, without naming it."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
