"""What needs torch, asked for by its full name: here, unless somebody knows a better place for torch.

The app's pages have no torch: they put `lib.engine.compute` into `ask`.
"""

import importlib
from collections.abc import Callable
from typing import Any


def _here(function: str, *args: Any) -> Any:
    module, _, name = function.rpartition(".")
    return getattr(importlib.import_module(module), name)(*args)


ask: Callable[..., Any] = _here
