"""One loaded model: logits, sampling, batched generation, beam search, int8 and int4, remote."""

from pathlib import Path

from lib.engine.base import (
    Alternative,
    BeamCandidate,
    BeamSearch,
    BeamStep,
    Engine,
    EngineInfo,
    FinishReason,
    Generation,
    Hypothesis,
    Running,
    Step,
    TokenScores,
)
from lib.engine.compare import FIXED_TEXT, Difference, kl_between
from lib.engine.sampling import Distribution, Sampling, SamplingError

__all__ = [
    "FIXED_TEXT", "Alternative", "BeamCandidate", "BeamSearch", "BeamStep", "Difference", "Distribution", "Engine",
    "EngineInfo", "FinishReason", "Generation", "Hypothesis", "Running", "Sampling", "SamplingError", "Step",
    "TokenScores", "kl_between", "load",
]


def load(model: str | Path, *, dtype: str = "auto") -> Engine:
    """Load a model from the catalog or a folder. `dtype`: "auto", "float32", "bfloat16", "float16" or "int8".

    Torch is imported here and not before, so that pages can show themselves first. Raises PlaygroundError.
    """
    if str(model).startswith("remote:"):
        from lib.engine.remote import load_remote

        return load_remote(str(model))
    from lib.engine.local import load_local

    return load_local(model, dtype=dtype)
