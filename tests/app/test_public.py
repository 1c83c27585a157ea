"""A public host, by what a visitor can do there; and that SECURITY.md names tests that exist."""

import re
import tomllib
from pathlib import Path

import pytest

from benchmarks.faults import public
from lib.errors import PlaygroundError, for_readers
from lib.settings import is_public, settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("said, public_", [("1", True), ("yes", True), ("0", False), ("off", False), ("", False)])
def test_a_host_is_public_where_it_is_said_so(monkeypatch, said: str, public_: bool) -> None:
    monkeypatch.setenv("PLAYGROUND_PUBLIC", said)
    assert is_public() == settings().public == public_


def test_community_cloud_is_known_by_where_it_keeps_an_app(monkeypatch) -> None:
    monkeypatch.setattr("lib.settings._COMMUNITY_CLOUD", True)
    monkeypatch.delenv("PLAYGROUND_PUBLIC", raising=False)
    assert is_public()
    monkeypatch.setenv("PLAYGROUND_PUBLIC", "0")
    assert not is_public()


@pytest.mark.parametrize("fault", public.FAULTS, ids=lambda fault: fault.name)
def test_strangers_reach_nothing_that_is_not_theirs(fault, tmp_path) -> None:
    assert fault.provoke(tmp_path).read


def test_whoever_is_not_public_sees_no_change(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PLAYGROUND_PUBLIC", "0")
    monkeypatch.delenv("PLAYGROUND_REMOTE_KEY", raising=False)
    sentence = f"There is no folder {tmp_path} and no {ROOT}/models, sk-1234."
    assert for_readers(sentence) == str(PlaygroundError(sentence)) == sentence


def test_uploads_are_bounded() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["maxUploadSize"] <= 8
    pages = [*(ROOT / "lib" / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    takes = [path for path in pages if "file_uploader(" in path.read_text(encoding="utf-8")]
    assert [path.name for path in takes] == ["files.py"] and 'type="json"' in takes[0].read_text(encoding="utf-8")


def test_every_promise_of_the_security_policy_names_tests_that_exist() -> None:
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \*\*.+\|$", policy, re.MULTILINE)
    assert len(rows) > 8
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)`", row)
        assert named and all((ROOT / name).is_file() for name in named), row
