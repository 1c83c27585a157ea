"""What a hub says is not believed: names, hashes, sizes, redirects and bytes that nobody should send.

`place` fails a test in which anything outside PLAYGROUND_HOME is written or removed. What a reader sees of each of
these, and many more, is in `python -m benchmarks faults`.
"""

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub.hf_api import ModelInfo

from benchmarks.faults.hostile_hub import PATHS, check, hostile
from benchmarks.faults.hub_place import (
    HUB_ID,
    SERVED,
    WEIGHTS,
    Place,
    always,
    files_only,
    half_of_the_weights,
    place,
    reply,
)
from lib import models
from lib.models import download_jobs, hub, hub_client, reach, transfer
from lib.models.errors import HubError
from lib.settings import settings
from tests.hub import commit_of, local_hub, sibling

ROOT = Path(__file__).resolve().parents[3]
LISTING: dict[str, Any] = {
    "id": HUB_ID, "sha": commit_of(SERVED), "siblings": [sibling(file) for file in sorted(SERVED.iterdir())],
}  # fmt: skip


def test_a_list_is_taken_as_it_is() -> None:
    found = hub._checked(HUB_ID, ModelInfo(**LISTING))
    assert found.commit == LISTING["sha"] and found.size == sum(file.size for file in found.files)
    names = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert {file.name for file in found.files} == names


@pytest.mark.parametrize("path", PATHS)
def test_no_commit_is_a_path(path: str) -> None:
    with pytest.raises(ValueError, match="commit"):
        hub._checked(HUB_ID, ModelInfo(**{**LISTING, "sha": path}))


@pytest.mark.parametrize(
    "name", [f"{path}/model.safetensors" for path in PATHS] + [f"model-{path}-of-1.safetensors" for path in PATHS]
)
def test_no_name_is_a_path(name: str) -> None:
    listing = {**LISTING, "siblings": [*LISTING["siblings"], {"rfilename": name, "size": 1, "blobId": "0" * 40}]}
    assert name not in {file.name for file in hub._checked(HUB_ID, ModelInfo(**listing)).files}


@pytest.mark.parametrize(
    "bad", [{"blobId": None}, {"blobId": "../x"}, {"size": -1}, {"size": "7"}, {"size": True}, {"size": 10**30}]
)
def test_a_file_without_a_size_and_a_hash_is_not_taken(bad: dict[str, Any]) -> None:
    listing = {**LISTING, "siblings": [{"rfilename": "config.json", "size": 1, "blobId": "0" * 40, **bad}]}
    with pytest.raises(ValueError, match=r"size|hash"):
        hub._checked(HUB_ID, ModelInfo(**listing))


def test_generated_lists_give_names_of_ours_or_nothing() -> None:
    for number in range(1_000):
        said = hostile(random.Random(number)).listing(LISTING)
        try:
            found = hub._checked(HUB_ID, ModelInfo(**json.loads(said)))
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):  # as Hub.repository
            continue
        assert len(found.commit) == 40 and set(found.commit) <= set("0123456789abcdef")
        assert all(hub.WANTED.fullmatch(file.name) and Path(file.name).name == file.name for file in found.files)


@pytest.mark.parametrize("number", range(12))
def test_generated_hubs_break_nothing_and_a_good_one_heals(number: int) -> None:
    check(hostile(random.Random(f"unit {number}")))


def test_the_token_stays_with_the_hub(tmp_path: Path) -> None:
    with local_hub({HUB_ID: SERVED}) as store, place(tmp_path, HF_TOKEN="hf_secret") as here:
        here.hub.answer = files_only(lambda handler, path: reply(handler, 302, Location=store.url + path))
        assert here.press() == ""
        assert set(here.hub.tokens) == {"Bearer hf_secret"} and set(store.tokens) == {""}


def test_a_download_asks_for_nothing_but_the_list_and_the_files_and_no_token_is_looked_for(tmp_path: Path) -> None:
    """In a process of its own, where huggingface_hub is imported anew: no telemetry, no token of another program."""
    (tmp_path / "hf-home").mkdir()
    (tmp_path / "hf-home" / "token").write_text("hf_of_another_program", encoding="utf-8")
    with place(tmp_path, HF_HOME=str(tmp_path / "hf-home"), AI_AGENT="x") as here:
        command = [sys.executable, "-m", "lib.models", "get", "gpt2"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
        paths = {path.split(LISTING["sha"])[0] for _, path, _ in here.hub.requests}
        assert paths == {f"/api/models/{HUB_ID}/revision/main", f"/{HUB_ID}/resolve/"}
        assert set(here.hub.tokens) == {""}
    assert [path.name for path in (tmp_path / "hf-home").iterdir()] == ["token"]


def _half(handler: BaseHTTPRequestHandler, then: Callable[[], bool]) -> bool:
    return then() if handler.headers.get("Range") else half_of_the_weights(handler)


@pytest.mark.parametrize("status", [200, 206, 503])
def test_what_has_come_survives_an_answer_that_is_no_file(tmp_path: Path, status: int, monkeypatch) -> None:
    monkeypatch.setattr(transfer, "ATTEMPTS", 1)
    with place(tmp_path) as here:
        page = {"Content_Type": "text/html"}
        here.hub.answer = files_only(lambda h, _: _half(h, lambda: reply(h, status, b"<html>Sign in", **page)))
        said = here.press()
        assert "What has arrived is kept" in said
        here.heal()
        assert int(here.hub.fetched("model.safetensors")[-1].removeprefix("bytes=").rstrip("-")) > 1_500_000


def test_an_answer_of_four_bytes_each_time_comes_to_an_end(tmp_path: Path) -> None:
    def crumbs(handler: BaseHTTPRequestHandler, _: str) -> bool:
        start = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        span = f"bytes {start}-{start + 3}/{len(WEIGHTS)}"
        return reply(handler, 206 if start else 200, WEIGHTS[start : start + 4], Content_Range=span)

    with place(tmp_path) as here:
        here.hub.answer = files_only(crumbs)
        assert "goes on from there" in here.press()
        here.heal()


def test_a_hub_that_asks_to_wait_for_years_is_not_waited_for(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        here.hub.answer = always(429, Retry_After="1000000000")
        assert "error 429" in here.press(30)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "http://127.0.0.2:9/", "http://[::1]:9/", "http://169.254.169.254/", "ftp://x/"]
)
def test_no_redirect_leads_to_files_or_to_other_servers_of_this_machine(tmp_path: Path, target: str) -> None:
    with place(tmp_path) as here:
        here.hub.answer = always(302, Location=target)
        assert "it sent us to an address" in here.press()


def test_two_downloads_do_not_disturb_each_other(tmp_path: Path) -> None:
    other = "distilbert/distilgpt2"
    with place(tmp_path) as here:
        here.hub.repositories[other] = SERVED
        here.hub.pause = 0.01
        jobs = [download_jobs.start(model_id) for model_id in ("gpt2", "distilgpt2")]
        assert all(job.finished.wait(60) and job.error == "" for job in jobs)
        assert here.hub.fetched("model.safetensors") == ["", ""]
    for model_id in ("gpt2", "distilgpt2"):
        download_jobs.forget(model_id)


@pytest.mark.parametrize(
    "address", ["localhost:80", "ftp://x", "http://", "http://x:99999", "https://[::1", "http://a:b@x", "http://x /"]
)
def test_an_address_that_is_none_is_said(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with pytest.raises(models.DownloadError, match="HF_ENDPOINT is not the address of a server"):
        reach.check_reachable(address, HUB_ID)


def test_a_token_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_ü")
    with pytest.raises(models.DownloadError, match="HF_TOKEN is no token"):
        hub.Hub("http://127.0.0.1:9")


def test_waiting_ends_by_itself_and_by_whoever_waits() -> None:
    never = threading.Event()
    with pytest.raises(HubError, match="no answer in time"):
        reach.within(0.2, never.wait)
    with pytest.raises(KeyboardInterrupt):
        reach.within(600, never.wait, _interrupt)
    never.set()


def _interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f000001", "2130706433", "::ffff:127.0.0.1", "0.0.0.0", "a.localhost", "localhost."]
)
def test_this_machine_has_many_names(host: str) -> None:
    assert hub_client.is_inside(host, private=False)


def test_a_machine_without_a_home_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(self: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", nobody)
    monkeypatch.delenv("PLAYGROUND_HOME")
    with pytest.raises(models.ModelError.__bases__[0], match="PLAYGROUND_HOME"):
        settings()
    monkeypatch.setenv("PLAYGROUND_HOME", os.sep + "models")
    assert settings().home == Path(os.sep + "models")


def test_the_place_notices_what_is_written_outside(tmp_path: Path) -> None:
    """The net under the tests above holds: a file and a folder outside of home are both seen."""
    with pytest.raises(AssertionError, match="outside PLAYGROUND_HOME"), place(tmp_path / "a"):
        (tmp_path / "elsewhere").write_text("x", encoding="utf-8")
    with pytest.raises(AssertionError, match="outside PLAYGROUND_HOME"), place(tmp_path / "b") as here:
        _remove(here)


def _remove(here: Place) -> None:
    (here.folder / "keep" / "models" / "gpt2" / "file").unlink()
