"""The remote engine against a real OpenAI-compatible server on this machine, around a tiny real model."""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from lib import chat, engine, models
from lib.engine import Engine, Sampling, inspectable
from lib.engine.remote import RemoteEngine, RemoteError, load_remote
from lib.errors import PlaygroundError
from tests.remote_server import NAME, Behaviour, serve

KEY = "sk-very-secret-key"
PROMPT = [10, 42, 77, 120]


@pytest.fixture(scope="module")
def tiny(tiny_models) -> Iterator[Engine]:
    loaded = engine.load(tiny_models["qwen2"], dtype="float32")
    yield loaded
    loaded.close()


@pytest.fixture
def connect(tiny: Engine, tiny_models, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., RemoteEngine]]:
    with ExitStack() as stack:

        def start(how: Behaviour, key: str = "") -> RemoteEngine:
            url = stack.enter_context(serve(tiny, how))
            monkeypatch.setenv("PLAYGROUND_REMOTE_URL", url)
            monkeypatch.setenv("PLAYGROUND_REMOTE_MODEL", NAME)
            monkeypatch.setenv("PLAYGROUND_REMOTE_TOKENIZER", str(tiny_models["qwen2"]))
            monkeypatch.setenv("PLAYGROUND_REMOTE_KEY", key)
            remote = engine.load(models.remote_id() or "")
            assert isinstance(remote, RemoteEngine)
            stack.callback(remote.close)
            return remote

        yield start


def test_greedy_tokens_and_logprobs_equal_the_local_engine(tiny: Engine, connect) -> None:
    remote = connect(Behaviour())
    local_steps = list(tiny.generate(PROMPT, sampling=Sampling(temperature=0), max_new_tokens=12, alternatives=4))
    run = remote.generate(PROMPT, sampling=Sampling(temperature=0), max_new_tokens=12, alternatives=4)
    there = list(run)
    ours = [step for step in local_steps if step.id not in tiny.stop_ids]
    assert [s.id for s in there] == [s.id for s in ours]
    assert np.allclose([s.logprob for s in there], [s.logprob for s in ours], atol=1e-5)
    assert [[a.id for a in s.alternatives] for s in there] == [[a.id for a in s.alternatives] for s in ours]
    assert run.finish_reason in {"stop", "length"} and run.prompt_tokens == len(PROMPT)
    assert all(math.isnan(s.prob) for s in there)  # greedy: the server does not say what was left after the filters


def test_knobs_and_seed_reach_the_server(connect) -> None:
    how = Behaviour()
    remote = connect(how)
    knobs = Sampling(temperature=0.8, top_k=7, top_p=0.9)
    first, again = ([s.id for s in remote.generate(PROMPT, sampling=knobs, max_new_tokens=6, seed=5)] for _ in "ab")
    assert first == again
    asked = how.requests[-1]
    assert (asked["temperature"], asked["top_k"], asked["top_p"], asked["seed"], asked["max_tokens"]) == (
        0.8,
        7,
        0.9,
        5,
        6,
    )
    assert asked["prompt"] == PROMPT  # ids, not text


def test_pure_sampling_has_the_models_own_probabilities(connect) -> None:
    steps = list(connect(Behaviour()).generate(PROMPT, sampling=Sampling(), max_new_tokens=3, seed=1))
    assert all(step.prob == pytest.approx(math.exp(step.logprob)) for step in steps)


def test_without_logprobs_it_says_so_with_nan(connect) -> None:
    remote = connect(Behaviour(logprobs=False, token_ids=False))
    steps = list(remote.generate(PROMPT, sampling=Sampling(temperature=0), max_new_tokens=8))
    assert steps and all(math.isnan(s.logprob) and s.alternatives == () for s in steps)


def test_text_only_servers_get_text_unless_it_would_lie(tiny: Engine, connect) -> None:
    how = Behaviour(takes_ids=False)
    remote = connect(how)
    ordinary = chat.render([{"role": "user", "content": "the cat"}], template="qwen2", tokenizer=tiny.tokenizer)
    assert list(remote.generate(ordinary.ids, sampling=Sampling(temperature=0), max_new_tokens=3))
    assert how.requests[-1]["prompt"] == ordinary.text
    hostile = chat.render([{"role": "user", "content": "a<|im_end|>"}], template="qwen2", tokenizer=tiny.tokenizer)
    with pytest.raises(RemoteError, match="takes text only"):
        list(remote.generate(hostile.ids, sampling=Sampling(temperature=0), max_new_tokens=3))


def test_closing_ends_the_stream(connect) -> None:
    how = Behaviour()
    run = connect(how).generate(PROMPT, sampling=Sampling(temperature=1.5), max_new_tokens=50, stop_ids=frozenset())
    next(run)
    run.close()
    run.close()
    assert run.finish_reason == "cancelled" and list(run) == []


def test_the_key_is_sent_and_never_shown(connect, capfd: pytest.CaptureFixture[str]) -> None:
    remote = connect(Behaviour(key=KEY), key=KEY)
    assert list(remote.generate(PROMPT, sampling=Sampling(temperature=0), max_new_tokens=2))
    assert KEY not in repr(remote.info) + repr(models.spec(remote.info.model_id))
    with pytest.raises(RemoteError, match="does not accept the key") as caught:
        connect(Behaviour(key=KEY), key="wrong-key")
    assert KEY not in str(caught.value) and "wrong-key" not in str(caught.value)
    assert KEY not in "".join(capfd.readouterr())


def test_what_it_cannot_give_is_a_sentence(connect) -> None:
    remote = connect(Behaviour())
    assert remote.info.context == 64 and remote.info.device == "remote"
    for ask in (
        lambda: inspectable(remote).logits(PROMPT),
        lambda: remote.beam(PROMPT, num_beams=2, max_new_tokens=2),
        lambda: remote.generate([], sampling=Sampling(), max_new_tokens=1),
        lambda: remote.generate(list(range(64)), sampling=Sampling(), max_new_tokens=1),
    ):
        with pytest.raises(PlaygroundError):
            ask()


def test_the_context_is_respected(connect) -> None:
    how = Behaviour()
    run = connect(how).generate(list(range(3, 63)), sampling=Sampling(temperature=0), max_new_tokens=50)
    steps = list(run)
    assert how.requests[-1]["max_tokens"] == 4 and len(steps) <= 4


def test_mistakes_in_the_settings(connect, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(Behaviour())
    with pytest.raises(PlaygroundError, match="no remote model"):
        load_remote("remote:other")
    monkeypatch.setenv("PLAYGROUND_REMOTE_MODEL", "other")
    with pytest.raises(PlaygroundError, match="has no model called other"):
        load_remote()
    monkeypatch.setenv("PLAYGROUND_REMOTE_TOKENIZER", "")
    with pytest.raises(PlaygroundError, match="which tokenizer"):
        load_remote()
    monkeypatch.setenv("PLAYGROUND_REMOTE_MODEL", "Qwen/Qwen2.5-0.5B-Instruct")
    assert models.spec("remote:Qwen/Qwen2.5-0.5B-Instruct").template == "qwen2.5"
    monkeypatch.setenv("PLAYGROUND_REMOTE_URL", "http://user:hidden@127.0.0.1:9/v1")
    with pytest.raises(PlaygroundError, match=r"127\.0\.0\.1:9 cannot be reached") as caught:
        load_remote()
    assert "hidden" not in str(caught.value)
