"""Models in the tests' own process, typed as such: `lib.engine.load` promises only what a server can do."""

from pathlib import Path

from lib import engine
from lib.engine import Engine
from lib.engine.local import LocalEngine


def here(loaded: Engine) -> LocalEngine:
    """The same engine, which has to be in this process."""
    assert isinstance(loaded, LocalEngine)
    return loaded


def load_here(model: str | Path, *, dtype: str = "auto") -> LocalEngine:
    """`engine.load` of a model on this machine. Raises PlaygroundError."""
    return here(engine.load(model, dtype=dtype))
