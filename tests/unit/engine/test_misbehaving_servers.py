"""Servers that do what they should not: a sentence, nothing lost, and the rest once they are well (see the faults)."""

import math
import random
from pathlib import Path

import pytest

from benchmarks.faults import servers as faults
from benchmarks.faults import streams
from benchmarks.faults.frame import Fault
from lib import tokenization
from lib.engine import Sampling
from lib.engine.remote import RemoteError, load_remote
from lib.engine.server import Server
from tests.misbehaving_server import STOP, Answer, Misbehaviour, endless, event, token
from tests.waiting import until

_SLOW = ("Keep-alives", "Silence", "hangs", "letter by letter")


@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_said_and_healed(fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = any(word in fault.name for word in _SLOW)
    monkeypatch.setattr(faults, "PATIENCE", 0.6 if slow else 20.0)  # a busy machine is no fault
    fault.provoke(tmp_path)


def test_a_closed_request_wakes_its_thread_and_hangs_up() -> None:
    how = Misbehaviour(completions=Answer(endless(b": ping\n\n", first=token(" a"), pause=0.01)))
    with faults.connected(how):
        engine = load_remote()
        run = engine.generate(faults.PROMPT, sampling=Sampling(), max_new_tokens=9)
        assert next(run).id
        run.close()
        assert until(lambda: how.hung_up == 1, seconds=30)
        assert run.finish_reason == "cancelled" and run.error is None


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://x/v1", "http://x:port/v1", "http://[::1/v1", "http://a b", ""]
)
def test_an_address_that_is_none_is_a_sentence(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_REMOTE_URL", url)
    with pytest.raises(RemoteError, match="PLAYGROUND_REMOTE_URL must be an address"):
        Server(url)


def test_a_key_that_is_none_is_a_sentence_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_REMOTE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(RemoteError, match="PLAYGROUND_REMOTE_KEY") as caught:
        Server("http://127.0.0.1:9/v1", "sk-1\nX-Other: 1")
    assert "sk-1" not in str(caught.value)


def test_a_character_of_several_tokens_comes_whole() -> None:
    """llama.cpp names the last of its tokens with the bytes of all."""
    tokenizer = tokenization.load("gpt2")
    ids = tokenizer.ids("🦜")
    named = {"id": ids[-1], "token": "🦜", "bytes": list("🦜".encode()), "logprob": -1.5}
    how = Misbehaviour(completions=Answer(event(text="🦜", logprobs={"content": [named]}) + STOP))
    with faults.connected(how):
        steps = list(load_remote().generate(faults.PROMPT, sampling=Sampling(), max_new_tokens=9))
    assert len(ids) > 1 and [step.id for step in steps] == ids
    assert steps[-1].logprob == -1.5 and all(math.isnan(step.logprob) for step in steps[:-1])


def test_hostile_streams_end_with_tokens_or_a_sentence() -> None:
    for seed in range(300):
        streams.check(streams.stream(random.Random(seed)))
