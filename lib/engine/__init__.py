"""One loaded model: logits, sampling, batched generation, beam search, int8 and int4, remote."""

from pathlib import Path
from typing import Any

from lib.engine.divergence import FIXED_TEXT, Difference, kl_between
from lib.engine.interface import (
    SERVER_ALTERNATIVES,
    Alternative,
    BeamCandidate,
    BeamSearch,
    BeamStep,
    Engine,
    EngineInfo,
    FinishReason,
    Generation,
    Hypothesis,
    InspectableEngine,
    Rivals,
    Running,
    Step,
    TokenScores,
    alternatives_of,
    inspectable,
)
from lib.engine.qualified_names import by_name
from lib.engine.sampling import Distribution, Sampling, SamplingError
from lib.settings import settings

__all__ = [
    "FIXED_TEXT",
    "SERVER_ALTERNATIVES",
    "Alternative",
    "BeamCandidate",
    "BeamSearch",
    "BeamStep",
    "Difference",
    "Distribution",
    "Engine",
    "EngineInfo",
    "FinishReason",
    "Generation",
    "Hypothesis",
    "InspectableEngine",
    "Rivals",
    "Running",
    "Sampling",
    "SamplingError",
    "Step",
    "TokenScores",
    "alternatives_of",
    "compute",
    "inspectable",
    "kl_between",
    "load",
    "load_for_pages",
]


def load(model: str | Path, *, dtype: str = "auto") -> Engine:
    """Load a model from the catalog or a folder. `dtype`: "auto", "float32", "bfloat16", "float16" or "int8".

    Torch is imported here and not before, so that pages can show themselves first. Raises PlaygroundError.
    """
    if str(model).startswith("remote:"):
        from lib.engine.remote import load_remote

        return load_remote(str(model))
    from lib.engine.loading import find
    from lib.engine.local_loading import load_local

    return load_local(find(model), dtype=dtype)


def load_for_pages(model: str, *, dtype: str = "auto") -> Engine:
    """The same for an app with many visitors: in the models' own process, unless PLAYGROUND_ENGINE is "inside"."""
    if model.startswith("remote:") or settings().engine_inside:
        return load(model, dtype=dtype)
    from lib.engine.process import load_in_process

    return load_in_process(model, dtype=dtype)


def compute(function: str, *args: Any) -> Any:
    """A function of this project, by its full name, where torch is: a page asks for it without importing torch."""
    if settings().engine_inside:
        return by_name(function)(*args)
    from lib.engine.process import HOST

    return HOST.link().ask("compute", (function, args)).result()
