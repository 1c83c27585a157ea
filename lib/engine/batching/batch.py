"""Everything of one model that is in work, and one pass over all of it: texts, beam searches, and new prompts.

One pass computes the newest token of every text and of every beam, and at most `PROMPT_TOKENS` tokens of new prompts,
which take turns, so that a long one stalls nobody. Knows nothing of threads and queues.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

import torch

from lib.engine import own_kernels
from lib.engine.batching.beam_request import BeamRequest, alone
from lib.engine.batching.generation_request import ReadRequest, Request, TextRequest
from lib.engine.batching.kv_cache import PromptCache, SlotCache, kv_bytes_per_token
from lib.engine.batching.length_buckets import LengthBucket, bucket_length
from lib.engine.batching.prefill import Prompt, Prompts
from lib.engine.batching.ragged_batch import Part, Pass, PromptPiece, Rows
from lib.engine.batching.sampler import BatchSampler
from lib.engine.batching.token_scores import score_piece
from lib.engine.weight_tree import WeightTree
from lib.models.memory import trim_heap

PROMPT_TOKENS = 128  # of new prompts in one pass; twice as many while nobody waits for a next token


class Batch:
    """The requests in work: first in `prompts`, then in `buckets`, `solo` or `searches`. For one thread."""

    def __init__(self, module: Any) -> None:
        self.module, self.device = module, module.device
        if isinstance(module, WeightTree):
            self.layers, self.batchable = module.config.num_hidden_layers, True
        else:
            from lib.engine import transformers_caches

            self.layers, self.batchable = (
                transformers_caches.layer_count(module),
                transformers_caches.batchable(module),
            )
        self.short = self.batchable and own_kernels.knows(module)  # whether our own short pass knows the model
        self.kv_bytes = kv_bytes_per_token(module)
        self.prompts = Prompts()
        self.buckets: dict[int, LengthBucket] = {}
        self.solo: list[Prompt] = []  # of a model whose rows cannot share a batch
        self.searches: list[BeamRequest] = []

    @cached_property
    def step(self) -> Callable[[Pass], torch.Tensor] | None:
        """The short forward pass of this family, made when the first text is asked for; None: transformers' own."""
        step = own_kernels.step_for(self.module) if self.short else None
        trim_heap()  # the memory of layers that were joined
        return step

    def __len__(self) -> int:
        """Requests in work that hold a slot: texts and searches."""
        rows = sum(len(bucket.requests) for bucket in self.buckets.values())
        prompts = sum(not isinstance(request, ReadRequest) for request in self.prompts)
        return prompts + len(self.solo) + len(self.searches) + rows

    @property
    def idle(self) -> bool:
        """Whether there is nothing to compute."""
        return not (self.prompts.reads or len(self))

    def __iter__(self) -> Iterator[Request[Any]]:
        """Requests in work that have not ended."""
        rows = (request for bucket in self.buckets.values() for request in bucket.requests)
        solo = (request for text in self.solo for request in text.requests)
        return (r for r in (*self.prompts, *solo, *self.searches, *rows) if not r.finished)

    @torch.inference_mode()
    def add(self, request: Request[Any]) -> None:
        """One more: its prompt is to be read, or it goes on where it was parked."""
        if isinstance(request, TextRequest):
            request.made_at_admission = request.made
            if request.parked is not None:
                size = bucket_length(request.final_length)
                self.buckets.setdefault(size, LengthBucket(self.layers, self.device)).join(request, request.parked)
                request.parked = None
                return
        self.prompts.add(request, self._prompt_cache)

    def rows(self) -> list[TextRequest]:
        """Texts that could be parked: each is a row of a bucket."""
        return [request for bucket in self.buckets.values() for request in bucket.requests if not _gone(request)]

    @torch.inference_mode()
    def park(self, text: TextRequest) -> None:
        """Take a text out of work; it keeps its keys and values, and `add` lets it go on."""
        for bucket in self.buckets.values():
            if text in bucket.requests:
                text.parked = bucket.cache.copy_of(bucket.requests.index(text))
                bucket.drop(lambda request: request is text)

    def clear(self) -> None:
        """Forget all."""
        self.prompts.clear()
        self.solo.clear()
        self.searches.clear()
        self.buckets.clear()

    def close(self) -> None:
        """Let go of the model."""
        self.clear()
        self.module = self.step = None  # type: ignore[assignment]

    @torch.inference_mode()  # rows move in their buckets
    def drop_gone(self) -> None:
        """Forget who has ended or been cancelled."""
        self.prompts.drop(_gone)
        self.solo = [text for text in self.solo if not _gone(text.requests[0])]
        self.searches = [search for search in self.searches if not _gone(search)]
        for bucket in self.buckets.values():
            bucket.drop(_gone)
        self.buckets = {size: bucket for size, bucket in self.buckets.items() if bucket.requests}

    @torch.inference_mode()
    def advance(self) -> None:
        """One pass over all rows and the prompts' pieces, and what follows from its logits."""
        self._expect()
        owners: list[LengthBucket | BeamRequest] = [bucket for bucket in self.buckets.values() if bucket.requests]
        owners += self.searches if self.batchable else []
        rows = [Rows(owner.cache, owner.newest(), self.module.dtype) for owner in owners]
        reads = self.prompts.next(PROMPT_TOKENS * (1 if rows or self.solo or self.searches else 2))
        pieces = [PromptPiece(prompt, count, self.device) for prompt, count in reads]
        logits = self.logits([*rows, *pieces]) if rows or pieces else []
        for owner, part_logits in zip(owners, logits[: len(rows)], strict=True):
            owner.cache.after_step()
            self._sample(owner.requests, part_logits) if isinstance(owner, LengthBucket) else _search(
                owner, part_logits
            )
        for piece, part_logits in zip(pieces, logits[len(rows) :], strict=True):
            prompt = piece.prompt
            if prompt.scored:
                score_piece(prompt, part_logits)
            prompt.advance(len(piece.ids))
            if prompt.done == len(prompt.ids):
                self._begin(prompt, part_logits[-1:])
        if not self.batchable:
            self._apart()

    def _apart(self) -> None:
        """A pass for each, where rows cannot share one."""
        for text in self.solo:
            logits = self.logits([PromptPiece(text, 1, self.device)])[0]
            text.advance(1)
            self._sample(_texts(text.requests), logits)
        for search in self.searches:
            _search(search, alone(search, self.module).float().cpu())

    def _expect(self) -> None:
        """A bucket for every text in work, with room for all who will join it: it grows once, not for each of them."""
        lengths = sorted(text.final_length for text in _texts(self)) if self.batchable else []
        for size, group in groupby(lengths, bucket_length):
            part_logits, cache = (
                list(group),
                self.buckets.setdefault(size, LengthBucket(self.layers, self.device)).cache,
            )
            cache.expected, cache.longest = len(part_logits), part_logits[-1]

    def _prompt_cache(self) -> Any:
        if self.short:
            return PromptCache(self.layers)
        from lib.engine import transformers_caches

        return transformers_caches.prompt_cache(self.module)

    def logits(self, parts: Sequence[Part]) -> list[torch.Tensor]:
        """float32 (wanted, V) of every part, on the CPU."""
        if self.step is None:
            return [part.whole(self.module).float().cpu() for part in parts]
        tokens = Pass(parts, self.device)
        return tokens.share(self.step(tokens).float().cpu())

    def _begin(self, prompt: Prompt, logits: torch.Tensor) -> None:
        """A prompt has been read: a first token, logits (1, V), for all who asked, and a row for those that go on."""
        self.prompts.remove(prompt)
        for reading in prompt.requests:
            if isinstance(reading, ReadRequest) and not reading.cancelled:
                reading.take(logits[0].clone().numpy())  # not a view: it would keep the logits of the whole pass
        texts = _texts(prompt.requests)
        self._sample(texts, logits.expand(len(texts), -1))
        for search in prompt.requests:
            if isinstance(search, BeamRequest):
                search.begin(prompt.cache, SlotCache(self.layers, self.device) if self.batchable else None)
                _search(search, logits)
                self.searches.append(search)
        texts = [text for text in texts if not text.finished]
        if not self.batchable:
            prompt.requests = [*texts]
            self.solo += prompt.apart()
            return
        for text in texts:
            self.buckets[bucket_length(text.final_length)].join(text, prompt.cache)

    def _sample(self, texts: list[TextRequest], logits: torch.Tensor) -> None:
        sampler = BatchSampler(logits, max((text.alternatives for text in texts), default=0))
        for row, text in enumerate(texts):
            if text.cancelled:
                continue
            try:
                text.take(sampler.sample(row, text.sampling, text.seen, text.rng, text.alternatives))
            except ValueError as error:  # this row has no distribution; the others go on
                text.end(None, error)


def _texts(requests: Iterable[Request[Any]]) -> list[TextRequest]:
    return [request for request in requests if isinstance(request, TextRequest)]


def _search(request: BeamRequest, logits: torch.Tensor) -> None:
    if not request.cancelled:
        try:
            request.take(logits)
        except ValueError as error:
            request.end(None, error)


def _gone(request: Request[Any]) -> bool:
    return request.cancelled or request.finished
