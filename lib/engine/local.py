"""A transformers model on this machine behind the Engine boundary: logits, scores, generation.

Knows how to turn ids into logits and to keep requests apart; knows nothing of pages.
"""

import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import torch

from lib import tokenization
from lib.engine import loading
from lib.engine.base import Alternative, BeamStep, Engine, EngineInfo, Generation, Step, TokenScores
from lib.engine.sampling import Sampling, distribution, draw
from lib.engine.stops import stop_ids as find_stop_ids
from lib.errors import PlaygroundError

SCORE_CHUNK = 64  # positions whose logits are held at the same time


def load_local(model: str | Path, *, dtype: str = "auto") -> "LocalEngine":
    """Find, check and load a model. Raises ModelError."""
    source = loading.find(model)
    config = loading.read_config(source.folder)
    tensors = loading.stored_tensors(source.folder)
    device = loading.pick_device()
    dtype = loading.resolve_dtype(dtype, tensors, device)
    loading.check_memory(source, tensors, dtype, device)
    return LocalEngine(source, loading.load_module(source, config, dtype=dtype, device=device), dtype)


class LocalEngine(Engine):
    """One model in this process. `module` is the transformers model, to be used only under `lock`."""

    def __init__(self, source: loading.Source, module: Any, dtype: str) -> None:
        self.source, self.module, self.lock = source, module, RLock()
        config = module.config
        parameters = {id(p): p for p in module.parameters()}.values()
        self.stop_ids = find_stop_ids(source.folder, config)
        self.info = EngineInfo(
            model_id=source.model_id, name=source.name, family=config.model_type, dtype=dtype,
            device=str(module.device.type), parameters=sum(p.numel() for p in parameters),
            vocab_size=int(module.get_output_embeddings().weight.shape[0]),
            context=int(getattr(config, "max_position_embeddings", 0) or 2048),
            weight_bytes=sum(p.numel() * p.element_size() for p in parameters),
        )

    @cached_property
    def tokenizer(self) -> tokenization.Tokenizer:  # type: ignore[override]
        return tokenization.load(self.source.tokenizer)

    def _check(self, ids: Sequence[int], *, room: int = 0) -> list[int]:
        ids = [int(i) for i in ids]
        if not ids:
            raise PlaygroundError("There is no text yet: the model needs at least one token to predict the next one.")
        if not all(0 <= i < self.info.vocab_size for i in ids):
            raise PlaygroundError(f"A token id must be between 0 and {self.info.vocab_size - 1} for {self.info.name}.")
        if len(ids) + room > self.info.context:
            raise PlaygroundError(f"The text has {len(ids):,} tokens; {self.info.name} can attend to "
                                  f"{self.info.context:,}" + (", with room for an answer" if room else "") + ".")
        return ids

    @torch.inference_mode()
    def logits(self, ids: Sequence[int], position: int = -1) -> np.ndarray:
        ids = self._check(ids)
        if not -len(ids) <= position < len(ids):
            raise PlaygroundError(f"There is no position {position} in a text of {len(ids)} tokens.")
        ids = ids[: position + 1 or None]
        with self.lock:
            out = self.module(input_ids=torch.tensor([ids], device=self.module.device), use_cache=False,
                              logits_to_keep=1)
        return out.logits[0, -1].float().cpu().numpy()

    @torch.inference_mode()
    def score(self, ids: Sequence[int]) -> TokenScores:
        ids = self._check(ids)
        tensor = torch.tensor(ids, device=self.module.device)
        parts, cache = [], None
        with self.lock:
            for start in range(0, len(ids) - 1, SCORE_CHUNK):
                stop = min(start + SCORE_CHUNK, len(ids) - 1)
                out = self.module(input_ids=tensor[None, start:stop], past_key_values=cache, use_cache=True)
                cache = out.past_key_values
                parts.append(_score_chunk(out.logits[0], tensor[start + 1 : stop + 1]))
        empty = [np.zeros(0, t) for t in (np.float32, np.int64, np.int64, np.float32, np.float32)]
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else empty
        return TokenScores(np.array(ids[1:], dtype=np.int64), *columns)

    def generate(
        self, ids: Sequence[int], *, sampling: Sampling, max_new_tokens: int, seed: int = 0,
        stop_ids: frozenset[int] | None = None, alternatives: int = 5,
    ) -> Generation:
        ids = self._check(ids, room=1)
        stops = self.stop_ids if stop_ids is None else stop_ids
        return _Simple(self, ids, sampling, max_new_tokens, seed, stops, alternatives)

    def beam(
        self, ids: Sequence[int], *, num_beams: int, length_penalty: float = 1.0, max_new_tokens: int
    ) -> Iterator[BeamStep]:
        raise PlaygroundError("Beam search is not there yet.")

    def close(self) -> None:
        with self.lock:
            self.module = None  # type: ignore[assignment]


def _score_chunk(logits: torch.Tensor, targets: torch.Tensor) -> tuple[np.ndarray, ...]:
    """logits (C, V), targets (C,) -> logprobs, ranks, guesses, guess probabilities, entropies, each (C,)."""
    logprobs = torch.log_softmax(logits.float(), -1)
    chosen = logprobs.gather(1, targets[:, None])  # (C, 1)
    best, guesses = logprobs.max(-1)
    ranks = (logprobs > chosen).sum(-1)
    entropies = -(logprobs.exp() * logprobs.clamp_min(-1e30)).sum(-1)
    return tuple(t.cpu().numpy() for t in (chosen[:, 0], ranks, guesses, best.exp(), entropies))


class _Simple(Generation):
    def __init__(self, engine: LocalEngine, ids: list[int], sampling: Sampling, max_new_tokens: int, seed: int,
                 stops: frozenset[int], alternatives: int) -> None:
        self.prompt_tokens = len(ids)
        self._steps = self._run(engine, ids, sampling, max_new_tokens, seed, stops, alternatives)

    @property
    def queue_position(self) -> int:
        return 0

    def close(self) -> None:
        self._steps.close()
        self.finish_reason = self.finish_reason or "cancelled"

    def __next__(self) -> Step:
        return next(self._steps)

    def _run(self, engine: LocalEngine, ids: list[int], sampling: Sampling, max_new_tokens: int, seed: int,
             stops: frozenset[int], alternatives: int) -> Iterator[Step]:
        rng, cache, fed, start = np.random.default_rng(seed), None, ids, time.perf_counter()
        for index in range(max_new_tokens):
            if len(ids) >= engine.info.context:
                self.finish_reason = "context"
                return
            with engine.lock, torch.inference_mode():
                out = engine.module(input_ids=torch.tensor([fed], device=engine.module.device), use_cache=True,
                                    past_key_values=cache, logits_to_keep=1)
            cache, raw = out.past_key_values, out.logits[0, -1].float().cpu().numpy()
            penalised = raw.copy()
            if sampling.repetition_penalty != 1:
                seen = np.unique(ids)
                penalised[seen] *= np.where(raw[seen] < 0, sampling.repetition_penalty, 1 / sampling.repetition_penalty)
            probs = distribution(penalised, temperature=sampling.temperature, top_k=sampling.top_k,
                                 top_p=sampling.top_p, min_p=sampling.min_p).probs
            chosen = int(draw(probs, rng)[0])
            logprobs = raw - raw.max() - np.log(np.exp(raw - raw.max(), dtype=np.float64).sum())
            top = np.argsort(-raw, kind="stable")[:alternatives]
            ids, fed, now = [*ids, chosen], [chosen], time.perf_counter()
            last = chosen in stops or index == max_new_tokens - 1
            if last:
                self.finish_reason = "stop" if chosen in stops else "length"
            yield Step(chosen, float(logprobs[chosen]), float(probs[chosen]),
                       tuple(Alternative(int(i), float(logprobs[i]), float(probs[i])) for i in top), now - start)
            if last:
                return
            start = now
        self.finish_reason = "length"
