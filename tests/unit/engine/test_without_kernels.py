"""PLAYGROUND_KERNELS=transformers: the same answers from transformers' own modules, and none of our kernels."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lib import engine
from lib.engine import weight_tree
from lib.errors import PlaygroundError
from lib.settings import settings
from tests.engines import load_here

ROOT = Path(__file__).resolve().parents[3]
WITHOUT = ("PLAYGROUND_KERNELS", "transformers")
SECOND_TIME = ["test_equality.py", "test_beam.py", "batching/test_prefill.py", "batching/test_scheduler.py"]
TOO_LONG = "soak or middle or (same_tokens_as_generate and not llama)"  # all of it together is a minute at most
ASKING = """
import sys
from pathlib import Path
from lib import engine
for folder in sys.argv[1:]:
    for dtype in ("float32", "bfloat16"):
        e = engine.load(Path(folder), dtype=dtype)
        texts = [e.generate([5, n], sampling=engine.Sampling(), max_new_tokens=3, stop_ids=frozenset()) for n in (6, 7)]
        assert [len(list(text)) for text in texts] == [3, 3]
        e.score([5, 6, 7])
        list(e.beam([5, 6], num_beams=2, max_new_tokens=3))
        e.close()
print([name for name in sys.modules if name.startswith("lib.engine.kernels")])
"""


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """A program of this Python's, without our kernels."""
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | dict([WITHOUT]),
        timeout=600,
        check=False,
    )


def test_no_kernel_is_imported(tiny_models: dict[str, Path]) -> None:
    done = run("-c", ASKING, *map(str, tiny_models.values()))
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@pytest.mark.kernels  # once is enough
def test_the_engines_tests_pass_a_second_time() -> None:
    files = [str(Path(__file__).parent / name) for name in SECOND_TIME]
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not embedded", "-k", f"not ({TOO_LONG})", *files)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_transformers_modules_compute_in_company(tiny_models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*WITHOUT)
    loaded = load_here(tiny_models["llama"], dtype="float32")
    batch = loaded.scheduler.batch
    assert not isinstance(loaded.body, weight_tree.WeightTree) and batch.batchable and batch.step is None
    loaded.close()


def test_int8_is_refused_with_a_sentence(tiny_models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*WITHOUT)
    with pytest.raises(PlaygroundError, match=r"int8.*PLAYGROUND_KERNELS.*Choose float32 or bfloat16\."):
        engine.load(tiny_models["llama"], dtype="int8")


@pytest.mark.parametrize(("kernels", "dtype"), [("", "int8"), ("own", "int8"), ("transformers", "bfloat16")])
def test_a_small_machine_takes_what_there_is(kernels: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from lib.ui import cache

    monkeypatch.setenv("PLAYGROUND_KERNELS", kernels)
    monkeypatch.setattr(cache, "small_host", lambda: True)
    monkeypatch.delenv("PLAYGROUND_DTYPE", raising=False)
    assert cache.default_dtype() == dtype
    assert settings().own_kernels == (kernels != "transformers")
