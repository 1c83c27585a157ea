"""Models in a process of their own: the same numbers, the same errors, and what happens when that process dies."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib.engine import InspectableEngine, Sampling
from lib.engine.local import LocalEngine
from lib.engine.process import HOST, load_in_process
from lib.engine.process.host import ProcessEndedError
from lib.errors import PlaygroundError
from tests.engines import load_here
from tests.waiting import until

GREEDY = Sampling(temperature=0)
NEVER: frozenset[int] = frozenset()
PROMPT = [3, 14, 15, 92, 65]


@pytest.fixture(scope="module")
def inside(tiny_models) -> Iterator[LocalEngine]:
    loaded = load_here(tiny_models["llama"], dtype="float32")
    yield loaded
    loaded.close()


@pytest.fixture
def apart(tiny_models) -> Iterator[InspectableEngine]:
    loaded = load_in_process(tiny_models["llama"], dtype="float32")
    yield loaded
    loaded.close()


def test_the_numbers_are_those_of_an_engine_here(inside: LocalEngine, apart: InspectableEngine) -> None:
    assert apart.info == inside.info and apart.stop_ids == inside.stop_ids
    np.testing.assert_allclose(apart.logits(PROMPT), inside.logits(PROMPT), atol=1e-6)
    ours, theirs = inside.score(PROMPT), apart.score(PROMPT)
    np.testing.assert_allclose(theirs.logprobs, ours.logprobs, atol=1e-6)
    np.testing.assert_allclose(theirs.next_logits, inside.logits(PROMPT), atol=1e-5)
    near, far = (one.rivals(PROMPT, count=4, temperatures=(0.5, 1.0)) for one in (inside, apart))
    assert far.ids.tolist() == near.ids.tolist()
    np.testing.assert_allclose(far.log_z, near.log_z, atol=1e-5)
    wishes: dict[str, Any] = {
        "sampling": Sampling(temperature=1.3, top_k=20),
        "seed": 7,
        "max_new_tokens": 20,
        "stop_ids": NEVER,
    }
    assert [s.id for s in apart.generate(PROMPT, **wishes)] == [s.id for s in inside.generate(PROMPT, **wishes)]
    search: dict[str, Any] = {"num_beams": 3, "max_new_tokens": 6}
    assert list(apart.beam(PROMPT, **search))[-1].best.ids == list(inside.beam(PROMPT, **search))[-1].best.ids


def test_a_function_is_run_where_the_weights_are(inside: LocalEngine, apart: InspectableEngine) -> None:
    name = "lib.architecture.live_pass.without_lens"
    ours, theirs = inside.run(name, PROMPT), apart.run(name, PROMPT)
    np.testing.assert_allclose(theirs.attentions, ours.attentions, atol=1e-6)
    with pytest.raises(PlaygroundError, match="no text"):
        apart.run(name, [])


def test_only_functions_of_this_project_are_run(apart: InspectableEngine) -> None:
    with pytest.raises(PlaygroundError, match="no function of this project"):
        apart.run("os.system", "true")


def test_what_cannot_be_asked_is_a_sentence(apart: InspectableEngine) -> None:
    with pytest.raises(PlaygroundError, match="at least one token"):
        list(apart.generate([], sampling=GREEDY, max_new_tokens=5))
    with pytest.raises(PlaygroundError, match="attend to at most"):
        apart.logits([4] * 65)
    refused = apart.beam(PROMPT, num_beams=99, max_new_tokens=5)
    assert refused.wait(30) and "number of beams" in str(refused.error)


def test_a_closed_or_forgotten_text_frees_its_slot(apart: InspectableEngine) -> None:
    closed = apart.generate(PROMPT, sampling=GREEDY, max_new_tokens=50, stop_ids=NEVER)
    closed.close()
    forgotten = apart.generate(PROMPT, sampling=GREEDY, max_new_tokens=50, stop_ids=NEVER)
    del forgotten
    gc.collect()
    assert closed.finish_reason == "cancelled"
    assert until(lambda: not apart.run("lib.engine.process.engine.in_work"))


def test_an_unloaded_model_says_so(tiny_models) -> None:
    gone = load_in_process(tiny_models["gpt2"])
    gone.close()
    with pytest.raises(PlaygroundError, match="unloaded"):
        gone.logits([1])
    with pytest.raises(PlaygroundError, match="unloaded"):
        list(gone.generate([1], sampling=GREEDY, max_new_tokens=2))


def test_a_process_that_dies_is_told_and_replaced(tiny_models, inside: LocalEngine) -> None:
    first = load_in_process(tiny_models["llama"], dtype="float32")
    text = first.generate(PROMPT, sampling=GREEDY, max_new_tokens=59, stop_ids=NEVER)
    assert HOST.pid is not None
    os.kill(HOST.pid, getattr(signal, "SIGKILL", signal.SIGTERM))  # as the kernel does where memory runs out
    with pytest.raises(ProcessEndedError, match="out of memory"):
        list(text)
        first.logits(PROMPT)  # where the text had ended before
    assert not first.alive
    with pytest.raises(ProcessEndedError):
        first.logits(PROMPT)
    again = load_in_process(tiny_models["llama"], dtype="float32")
    assert again.alive and [s.id for s in again.generate(PROMPT, sampling=GREEDY, max_new_tokens=5)] == [
        s.id for s in inside.generate(PROMPT, sampling=GREEDY, max_new_tokens=5)
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_ends_with_the_app(tiny_models) -> None:
    program = (
        "from lib.engine.process import HOST, load_in_process\n"
        f"load_in_process({str(tiny_models['llama'])!r})\nprint(HOST.pid, flush=True)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert until(lambda: _state(int(ended.stdout)) == "Z")


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"
