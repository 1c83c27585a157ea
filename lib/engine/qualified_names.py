"""Functions by their full names, so that one process can ask another for them without importing what they import."""

import importlib
from collections.abc import Callable
from typing import Any


def by_name(name: str) -> Callable[..., Any]:
    """A function of this project.

    >>> by_name("lib.engine.qualified_names.by_name") is by_name
    True
    """
    module, _, function = name.rpartition(".")
    if not module.startswith("lib."):
        raise ValueError(f"{name} is no function of this project.")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found
