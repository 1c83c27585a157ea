"""One linear layer by hand: y = W x + b, every product visible, checked against torch.nn.Linear.

The arithmetic is plain Python on small numbers; torch only confirms it.
"""

import random
from dataclasses import dataclass

from lib.architecture.errors import ArchitectureError
from lib.numbers import Number

MAX_SIZE = 12  # rows and columns that can still be read
_ENTRY = Number(-1_000_000, 1_000_000)


@dataclass(frozen=True)
class Linear:
    """A small layer. `weight` has one row per output, (out, in), as PyTorch stores it; `bias` (out,)."""

    weight: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]

    @property
    def params(self) -> int:
        """in x out + out."""
        return len(self.weight) * len(self.weight[0]) + len(self.bias)

    def products(self, x: tuple[float, ...], output: int) -> tuple[float, ...]:
        """W[output, i] * x[i] for every input i.

        >>> Linear(((1.0, 2.0),), (0.5,)).products((3.0, 4.0), 0)
        (3.0, 8.0)
        """
        if len(x) != len(self.weight[0]):
            raise ArchitectureError(f"This layer takes {len(self.weight[0])} numbers, not {len(x)}.")
        return tuple(w * value for w, value in zip(self.weight[output], x, strict=True))

    def __call__(self, x: tuple[float, ...]) -> tuple[float, ...]:
        """y, (out,).

        >>> Linear(((1.0, 2.0),), (0.5,))((3.0, 4.0))
        (11.5,)
        """
        return tuple(sum(self.products(x, row)) + bias for row, bias in enumerate(self.bias))


def make(inputs: int, outputs: int, *, seed: int = 0, bias: bool = True) -> Linear:
    """A layer with small numbers of one decimal, the same for the same seed."""
    if not (1 <= inputs <= MAX_SIZE and 1 <= outputs <= MAX_SIZE):
        raise ArchitectureError(f"This lesson shows 1 to {MAX_SIZE} inputs and outputs.")
    dice = random.Random(f"{seed} {inputs} {outputs}")
    rows = tuple(tuple(dice.randint(-10, 10) / 10 for _ in range(inputs)) for _ in range(outputs))
    return Linear(rows, tuple(dice.randint(-5, 5) / 10 if bias else 0.0 for _ in range(outputs)))


def by_torch(layer: Linear, x: tuple[float, ...]) -> tuple[float, ...]:
    """The same from torch.nn.Linear in float64."""
    import torch

    with torch.inference_mode():
        module = torch.nn.Linear(len(x), len(layer.bias), dtype=torch.float64)
        module.weight.copy_(torch.tensor(layer.weight, dtype=torch.float64))
        module.bias.copy_(torch.tensor(layer.bias, dtype=torch.float64))
        return tuple(module(torch.tensor(x, dtype=torch.float64)).tolist())


def by_conv1d(layer: Linear, x: tuple[float, ...]) -> tuple[float, ...]:
    """The same from GPT-2's Conv1D, which keeps the matrix transposed: (in, out)."""
    import torch
    from transformers.pytorch_utils import Conv1D

    with torch.inference_mode():
        module = Conv1D(len(layer.bias), len(x)).double()
        module.weight.copy_(torch.tensor(layer.weight, dtype=torch.float64).T)
        module.bias.copy_(torch.tensor(layer.bias, dtype=torch.float64))
        return tuple(module(torch.tensor([x], dtype=torch.float64))[0].tolist())


def numbers(text: str, count: int) -> tuple[float, ...]:
    """The typed input vector: `count` numbers, separated by commas or spaces.

    >>> numbers("1, -0.5 2", 3)
    (1.0, -0.5, 2.0)
    """
    parts = text.replace(",", " ").replace(";", " ").split()
    values = [_ENTRY.read(part) for part in parts]
    known = tuple(value for value in values if value is not None)
    if len(values) != count:
        raise ArchitectureError(f"The layer has {count} inputs; you typed {len(values)} numbers.")
    if len(known) != count:
        raise ArchitectureError(
            "The input is a list of numbers between −1,000,000 and 1,000,000, for example: 1, -0.5, 2."
        )
    return known
