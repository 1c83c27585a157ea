"""A model on this machine behind the Engine boundary: logits, scores, generation, beam search.

The common families are loaded and computed by ourselves (`lib.engine.weight_tree`,
`lib.engine.kernels.fused_forward`), all others by transformers, which is imported for them and for whoever looks inside
a model, and otherwise not at all. With PLAYGROUND_KERNELS=transformers it computes everything.
Every forward pass happens under `lock`, which is handed over in the order of asking. Knows nothing of pages.
"""

import math
import weakref
from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import torch

from lib import tokenization
from lib.engine import loading, weight_tree
from lib.engine.batching.beam_request import BeamRequest
from lib.engine.batching.fair_lock import FairLock
from lib.engine.batching.generation_request import ReadRequest, TextRequest, WantedRivals
from lib.engine.batching.kv_cache import kv_bytes_per_token
from lib.engine.batching.ragged_batch import module_pass
from lib.engine.batching.scheduler import Scheduler
from lib.engine.beam import check_knobs
from lib.engine.interface import BeamSearch, EngineInfo, Generation, InspectableEngine, Rivals, TokenScores
from lib.engine.qualified_names import by_name
from lib.engine.sampling import Sampling
from lib.engine.stop_tokens import stop_ids as find_stop_ids
from lib.errors import PlaygroundError
from lib.models.memory import available_bytes
from lib.settings import settings

SCORE_CHUNK = 64  # positions whose full logits are held at the same time


class LocalEngine(InspectableEngine):
    """One model in this process. `body`: a skeleton, or the transformers model where our own pass will not do."""

    def __init__(self, source: loading.Source, body: Any, dtype: str, *, slots: int | None = None) -> None:
        self.source, self.body, self.lock = source, body, FairLock()
        self._module: Any = None
        self._making = Lock()
        self.stop_ids = find_stop_ids(source.folder, body.config)
        self.info = describe(source, body, dtype)
        free = loading.free_bytes(self.info.device)
        self._kv_budget = (free or 8 << 30) // 2
        self.scheduler = Scheduler(body, self.lock, slots or settings().slots, self._kv_budget)
        weakref.finalize(self, self.scheduler.close)  # also at exit: a thread cut off inside torch aborts the process

    @cached_property
    def tokenizer(self) -> tokenization.Tokenizer:  # type: ignore[override]
        return tokenization.load(self.source.tokenizer)

    @property
    def module(self) -> Any:
        """The transformers model, to be used only under `lock`; None once closed.

        Around a skeleton it is made when first asked for, with the same weights."""
        body = self.body
        if not isinstance(body, weight_tree.WeightTree):
            return body
        with self._making:
            if self._module is None:
                from lib.engine.transformers_loading import around

                self._module = around(self.source, body)
            return self._module

    def logits(self, ids: Sequence[int], position: int = -1) -> np.ndarray:
        ids = self._checked(ids)
        if not -len(ids) <= position < len(ids):
            raise PlaygroundError(f"There is no position {position} in a text of {len(ids)} tokens.")
        return self._read(ReadRequest(ids=ids[: position + 1 or None])).next_logits

    def score(self, ids: Sequence[int]) -> TokenScores:
        return self._read(ReadRequest(ids=self._checked(ids), scored=True))

    def rivals(self, ids: Sequence[int], *, count: int, temperatures: Sequence[float], start: int = 0) -> Rivals:
        ids = self._checked(ids)
        if not (1 <= count <= self.info.vocab_size and all(0 < one < math.inf for one in temperatures)):
            raise PlaygroundError("Rivals are asked for by a count of at least 1, at temperatures above 0.")
        if not 0 <= start < len(ids):
            raise PlaygroundError(f"There is no position {start} in a text of {len(ids)} tokens.")
        wanted = WantedRivals(int(count), tuple(temperatures), start)
        request = ReadRequest(ids=ids, scored=True, rivals=wanted)
        self._read(request)
        return request.found_rivals()

    def _read(self, request: ReadRequest) -> TokenScores:
        for scores in self.scheduler.submit(request):
            return scores
        self._open()
        raise PlaygroundError(f"{self.info.name} was stopped before it had read the text.")

    def logits_along(self, ids: Sequence[int]) -> Iterator[np.ndarray]:
        """Raw logits after every token, in chunks: float32 (at most SCORE_CHUNK, V) each. Raises like `logits`."""
        ids, cache = self._checked(ids), self._new_cache()
        for start in range(0, len(ids), SCORE_CHUNK):
            yield self._forward(ids[start : start + SCORE_CHUNK], cache, keep=0)[0].numpy()

    def generate(self, ids: Sequence[int], **wishes: Any) -> Generation:
        return self.scheduler.submit(self.text_request(ids, **wishes))

    def beam(self, ids: Sequence[int], **wishes: Any) -> BeamSearch:
        return self.scheduler.submit(self.beam_request(ids, **wishes))

    def text_request(
        self,
        ids: Sequence[int],
        *,
        sampling: Sampling,
        max_new_tokens: int,
        seed: int = 0,
        stop_ids: frozenset[int] | None = None,
        alternatives: int = 5,
        owner: Hashable = None,
        when_idle: bool = False,
    ) -> TextRequest:
        """What `generate` asks of the scheduler. Raises PlaygroundError if it cannot be."""
        ids = self._checked(ids, room=1)
        if max_new_tokens < 1:
            raise PlaygroundError("The number of new tokens must be at least 1.")
        request = TextRequest(
            ids=ids,
            max_new_tokens=int(max_new_tokens),
            room=self.info.context - len(ids),
            owner=owner,
            when_idle=when_idle,
            stop_ids=self.stop_ids if stop_ids is None else frozenset(stop_ids),
            sampling=sampling,
            alternatives=max(0, int(alternatives)),
            rng=np.random.default_rng(abs(int(seed))),
        )
        self._check_cache(request.cached)
        if sampling.repetition_penalty != 1:
            request.seen.update(ids)
        return request

    def beam_request(
        self,
        ids: Sequence[int],
        *,
        num_beams: int,
        length_penalty: float = 1.0,
        max_new_tokens: int,
        stop_ids: frozenset[int] | None = None,
        owner: Hashable = None,
    ) -> BeamRequest:
        """What `beam` asks of the scheduler. Raises PlaygroundError if it cannot be."""
        ids = self._checked(ids, room=1)
        check_knobs(num_beams, length_penalty, max_new_tokens)
        request = BeamRequest(
            ids=ids,
            max_new_tokens=int(max_new_tokens),
            room=self.info.context - len(ids),
            owner=owner,
            stop_ids=self.stop_ids if stop_ids is None else frozenset(stop_ids),
            num_beams=int(num_beams),
            length_penalty=length_penalty,
        )
        self._check_cache(request.cached)
        return request

    def run(self, function: str, *args: Any) -> Any:
        return by_name(function)(self, *args)

    def close(self) -> None:
        self.scheduler.close()
        with self.lock:
            self.scheduler.batch.close()
            self.body = self._module = None

    def _new_cache(self) -> Any:
        self._open()
        from lib.engine.transformers_caches import prompt_cache

        return prompt_cache(self.module)

    def _open(self) -> None:
        if self.body is None:
            raise PlaygroundError(f"{self.info.name} has been unloaded. Load it again on the Home page.")

    @torch.inference_mode()
    def _forward(self, ids: list[int], cache: Any, keep: int = 1) -> torch.Tensor:
        """q ids -> float32 logits on the CPU: (1, V) of the last position, or with keep=0 (1, q, V) of all."""
        module = self.module
        with self.lock:
            self._open()
            return module_pass(module, torch.tensor([ids], device=module.device), cache, keep=keep).float().cpu()

    def _checked(self, ids: Sequence[int], *, room: int = 0) -> list[int]:
        self._open()
        ids = [int(i) for i in ids]
        if not ids:
            raise PlaygroundError("There is no text yet: the model needs at least one token to predict the next one.")
        if not 0 <= min(ids) <= max(ids) < self.info.vocab_size:
            raise PlaygroundError(f"{self.info.name} knows the token ids 0 to {self.info.vocab_size - 1:,} only.")
        if len(ids) + room > self.info.context:
            rest = ", with room for an answer" if room else ""
            raise PlaygroundError(
                f"The text has {len(ids):,} tokens, and {self.info.name} can attend to at most "
                f"{self.info.context:,}{rest}. Make it shorter."
            )
        self._check_cache(len(ids))
        return ids

    def _check_cache(self, tokens: int) -> None:
        needed = tokens * kv_bytes_per_token(self.body)
        free = available_bytes() if needed > 1 << 28 and self.info.device == "cpu" else None
        if free is not None and needed > free:
            raise PlaygroundError(
                f"Attending to {tokens:,} tokens takes {needed / 1e9:.1f} GB for keys and values, "
                f"and only {free / 1e9:.1f} GB is free. Make the text or the answer shorter."
            )


def describe(source: loading.Source, module: Any, dtype: str) -> EngineInfo:
    """What has been loaded, in numbers; tied weights counted once."""
    config = module.config
    named = dict(module.named_parameters())  # shared ones once
    return EngineInfo(
        model_id=source.model_id,
        name=source.name,
        family=config.model_type,
        dtype=dtype,
        device=str(module.device.type),
        # The scales of int8 and int4 are no parameters, and a byte of int4 is two.
        parameters=sum(
            p.numel() * (2 if p.dtype is torch.uint8 else 1) for name, p in named.items() if not name.endswith(".scale")
        ),
        vocab_size=int(config.get_text_config().vocab_size),
        context=int(getattr(config.get_text_config(), "max_position_embeddings", 0) or 2048),
        weight_bytes=sum(p.numel() * p.element_size() for p in named.values()),
        kv_bytes=kv_bytes_per_token(module),
    )
