"""One loaded model: logits, sampling, batched generation, beam search, int8, remote."""

from lib.engine.base import (
    Alternative,
    BeamCandidate,
    BeamStep,
    Engine,
    EngineInfo,
    FinishReason,
    Generation,
    Hypothesis,
    Step,
    TokenScores,
)
from lib.engine.sampling import Distribution, Sampling, SamplingError

__all__ = [
    "Alternative", "BeamCandidate", "BeamStep", "Distribution", "Engine", "EngineInfo", "FinishReason", "Generation",
    "Hypothesis", "Sampling", "SamplingError", "Step", "TokenScores",
]
