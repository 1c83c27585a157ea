"""Requests that come, wait, go and vanish: no slot is lost, no answer ends in the wrong stream."""

import gc
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch

from lib.engine import Sampling
from lib.engine.batching.fair_lock import FairLock
from lib.engine.batching.kv_cache import SlotLayer
from lib.errors import PlaygroundError
from tests.engines import load_here
from tests.waiting import until

GREEDY = Sampling(temperature=0)
NEVER: frozenset[int] = frozenset()


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def tiny(tiny_models):
    loaded = load_here(tiny_models["qwen2"])
    yield loaded
    loaded.close()


def idle(tiny) -> bool:
    return tiny.scheduler.in_work == 0 and tiny.scheduler.waiting == 0


def test_closing_frees_the_slot(tiny) -> None:
    with tiny.lock:  # nothing is computed while we look
        generation = tiny.generate([1, 2], sampling=GREEDY, max_new_tokens=60, stop_ids=NEVER)
        generation.close()
        generation.close()
    assert generation.finish_reason == "cancelled" and list(generation) == []
    assert until(lambda: idle(tiny))


def test_a_generation_nobody_holds_any_more_is_cancelled(tiny) -> None:
    with tiny.lock:
        request = tiny.text_request([1, 2], sampling=GREEDY, max_new_tokens=60, stop_ids=NEVER)
        generation = tiny.scheduler.submit(request)
        del generation
        gc.collect()
    assert until(lambda: idle(tiny)) and request.cancelled and request.made < 60


def test_closing_wakes_a_reader_in_another_thread(tiny) -> None:
    with tiny.lock, ThreadPoolExecutor(1) as pool:
        generation = tiny.generate([1, 2], sampling=GREEDY, max_new_tokens=60, stop_ids=NEVER)
        reader = pool.submit(lambda: list(generation))
        generation.close()
        assert reader.result(timeout=10) == []


def test_queue_positions_and_their_end(tiny_models) -> None:
    small = load_here(tiny_models["gpt2"])
    small.scheduler.slots = 2
    with small.lock:
        running = [small.generate([3, i], sampling=GREEDY, max_new_tokens=5, stop_ids=NEVER) for i in range(6)]
        positions = [generation.queue_position for generation in running]
        assert positions == sorted(positions) and positions[-1] >= 4 and len({*positions} - {0}) >= 4
        running[3].close()
        assert running[5].queue_position == positions[5] - 1
    assert [len(list(generation)) for generation in running] == [5, 5, 5, 0, 5, 5]
    assert all(generation.queue_position == 0 for generation in running)
    small.close()


def test_what_nobody_waits_for_waits_for_everybody(tiny) -> None:
    with tiny.lock:
        wishes = {"sampling": GREEDY, "max_new_tokens": 8, "stop_ids": NEVER}
        idle_texts = [tiny.generate([5, i], when_idle=True, owner="tab", **wishes) for i in range(5)]
        awaited = tiny.generate([6, 7], owner="student", **wishes)
        assert awaited.queue_position < min(text.queue_position for text in idle_texts)
    assert len(list(awaited)) == 8
    # The one that is awaited had the model to itself: whatever of the others began, began after its end.
    assert sum(bool(text.items) for text in idle_texts) <= 2
    assert [len(list(text)) for text in idle_texts] == [8] * 5
    alone = [list(tiny.generate([5, i], **wishes)) for i in range(5)]
    assert [[s.id for s in text.items] for text in idle_texts] == [[s.id for s in text] for text in alone]


def test_stop_tokens_lengths_and_the_context(tiny) -> None:
    first = next(tiny.generate([4, 5], sampling=GREEDY, max_new_tokens=5, stop_ids=NEVER)).id
    stopped = tiny.generate([4, 5], sampling=GREEDY, max_new_tokens=5, stop_ids=frozenset([first]))
    assert [step.id for step in stopped] == [first] and stopped.finish_reason == "stop"
    filled = tiny.generate([4] * 60, sampling=GREEDY, max_new_tokens=50, stop_ids=NEVER)
    assert len(list(filled)) == 4 and filled.finish_reason == "context"
    for ids, tokens in (([], 5), ([4] * 64, 5), ([300], 5), ([-1], 5), ([4], 0)):
        with pytest.raises(PlaygroundError):
            tiny.generate(ids, sampling=GREEDY, max_new_tokens=tokens)
    for ids, position in (([], -1), ([4] * 65, -1), ([4, 5], 2), ([4, 5], -3)):
        with pytest.raises(PlaygroundError):
            tiny.logits(ids, position)


def test_closing_the_engine_ends_everything(tiny_models) -> None:
    gone = load_here(tiny_models["llama"])
    with gone.lock:
        running = [gone.generate([3, i], sampling=GREEDY, max_new_tokens=60, stop_ids=NEVER) for i in range(20)]
        closing = threading.Thread(target=gone.close)
        closing.start()
    closing.join(timeout=20)
    for generation in running:
        list(generation)
    assert {generation.finish_reason for generation in running} <= {"cancelled", "length", "context"}
    with pytest.raises(PlaygroundError, match="unloaded"):
        gone.logits([1])


def test_a_process_that_ends_in_the_middle_ends_cleanly(tiny_models) -> None:
    program = (
        f"from lib import engine\ne = engine.load({str(tiny_models['llama'])!r})\n"
        "g = [e.generate([3, 4], sampling=engine.Sampling(), max_new_tokens=60) for _ in range(9)]\nnext(g[0])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_error_in_a_step_reaches_its_readers_and_the_next_request_works(tiny, monkeypatch) -> None:
    def broken(*args, **kwargs):
        raise RuntimeError("boom")

    with monkeypatch.context() as patch:
        patch.setattr(tiny.scheduler.batch, "logits", broken)
        generation = tiny.generate([1, 2], sampling=GREEDY, max_new_tokens=3)
        with pytest.raises(PlaygroundError, match="boom"):
            list(generation)
    assert len(list(tiny.generate([1, 2], sampling=GREEDY, max_new_tokens=3, stop_ids=NEVER))) == 3


def test_a_small_soak(tiny) -> None:
    """150 requests from 12 threads; a third cancelled at random moments, a tenth past the context."""
    expected = {
        n: [s.id for s in tiny.generate([n, n + 1], sampling=GREEDY, max_new_tokens=20, stop_ids=NEVER)]
        for n in range(20)
    }

    def one(number: int) -> str:
        rng = random.Random(number)
        if number % 10 == 0:
            with pytest.raises(PlaygroundError):
                tiny.generate([1] * 70, sampling=GREEDY, max_new_tokens=5)
            return "refused"
        key, cut = number % 20, rng.randrange(20) if number % 3 == 1 else 99
        ids = []
        generation = tiny.generate([key, key + 1], sampling=GREEDY, max_new_tokens=20, stop_ids=NEVER)
        for step in generation:
            ids.append(step.id)
            if len(ids) > cut:
                generation.close()
        assert ids == expected[key][: len(ids)] and (len(ids) == 20 or cut < 20)
        return "cancelled" if cut < 20 else "done"

    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(one, range(150)))
    assert results.count("refused") == 15 and results.count("cancelled") > 30 and results.count("done") > 60
    assert until(lambda: idle(tiny)) and not tiny.scheduler.batch.buckets


def test_cache_storage_follows_use(tiny) -> None:
    with tiny.lock:
        running = [tiny.generate([5] * 3, sampling=GREEDY, max_new_tokens=40, stop_ids=NEVER) for _ in range(5)]
    next(running[0])
    held = [bucket.cache.nbytes for bucket in list(tiny.scheduler.batch.buckets.values())]
    per_token = tiny.scheduler.batch.kv_bytes
    assert all(size <= 8 * (44 + 64) * per_token for size in held)
    for generation in running:
        generation.close()
    assert until(lambda: not tiny.scheduler.batch.buckets)


def test_a_lane_grows_once_for_all_who_will_join_it(tiny, monkeypatch) -> None:
    grown: list[tuple[int, int]] = []
    kept = SlotLayer.resize
    monkeypatch.setattr(
        SlotLayer,
        "resize",
        lambda layer, rows, positions, like: (grown.append((rows, positions)), kept(layer, rows, positions, like)),
    )
    with tiny.lock:
        running = [tiny.generate([5, n], sampling=GREEDY, max_new_tokens=20, stop_ids=NEVER) for n in range(5)]
    assert [len(list(generation)) for generation in running] == [20] * 5
    assert grown == [(8, 32)] * tiny.scheduler.batch.layers  # 22 tokens, in a multiple of 32


def test_the_lock_is_given_in_the_order_of_asking() -> None:
    lock, order, started = FairLock(), [], []

    def take(number: int) -> None:
        started.append(number)
        with lock, lock:
            order.append(number)

    threads = []
    with lock:
        for number in range(6):
            threads.append(threading.Thread(target=take, args=(number,)))
            threads[-1].start()
            assert until(lambda: lock.waiting == len(threads))
    for thread in threads:
        thread.join(timeout=10)
    assert order == list(range(6))


def test_many_columns_of_one_student_do_not_keep_others_waiting(tiny_models) -> None:
    small = load_here(tiny_models["llama"])
    small.scheduler.slots = 2
    wishes: dict[str, Any] = {"sampling": GREEDY, "max_new_tokens": 40, "stop_ids": NEVER}
    alone = [[step.id for step in small.generate([3, n], **wishes)] for n in range(9)]
    with small.lock:
        columns = [small.generate([3, n], owner="ann", **wishes) for n in range(8)]
        other = small.generate([3, 8], owner="bob", **wishes)
        assert other.queue_position == 2  # ann's first, then bob's
    first = next(other)
    made = [len(column.items) for column in columns]
    assert sum(count > 0 for count in made) <= 3, "bob's began before all of ann's"
    assert [first.id, *(step.id for step in other)] == alone[8]
    assert [[step.id for step in column] for column in columns] == alone[:8]
    small.close()


def test_a_parked_text_goes_on_as_if_nothing_had_been(tiny_models, monkeypatch) -> None:
    """More owners than slots: they take turns, and all write what they would have written alone."""
    small = load_here(tiny_models["qwen2"])
    small.scheduler.slots = 2
    wishes: dict[str, Any] = {"sampling": Sampling(temperature=1.0), "max_new_tokens": 50, "stop_ids": NEVER}
    alone = [[step.id for step in small.generate([3, n], seed=n, **wishes)] for n in range(7)]
    parked: list[int] = []  # tokens of the text when it made room
    park = small.scheduler.batch.park
    monkeypatch.setattr(small.scheduler.batch, "park", lambda text: (parked.append(text.made), park(text)))
    with small.lock:
        running = [small.generate([3, n], seed=n, owner=n, **wishes) for n in range(7)]
    assert [[step.id for step in text] for text in running] == alone and len(parked) >= 7
    assert parked[:5] == [2] * 5 and 14 in parked  # all five others begin at once; then turns are long
    assert until(lambda: idle(small)) and not small.scheduler.batch.buckets
    small.close()


def test_finished_work_leaves_no_tensor_to_the_garbage_collector(tiny) -> None:
    """A class makes hundreds of passes a minute: keys and values in circles of references would wait for minutes."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        with tiny.lock:  # all in the same passes
            texts = [tiny.generate([3, n], sampling=Sampling(), max_new_tokens=5) for n in range(4)]
            searches = [tiny.beam([4, n], num_beams=2, max_new_tokens=5) for n in range(2)]
            readers = [threading.Thread(target=tiny.score, args=([5, 6, n],)) for n in range(3)]
            for reader in readers:
                reader.start()
        for each in (*texts, *searches):
            list(each)
        for reader in readers:
            reader.join(timeout=60)
        assert until(lambda: idle(tiny))
        del texts, searches, each
        gc.collect()
        assert not [one for one in gc.garbage if isinstance(one, torch.Tensor)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
