"""GGUF files that are refused, conversions that are killed or find no room, and one that used to come out wrong."""

import random
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults import tiny_files
from benchmarks.faults.frame import Fault, Outcome
from benchmarks.faults.model_folders import KIND, place, sentence, use
from lib import models
from lib.models.gguf_config import llama3_factors

ROOT = Path(__file__).resolve().parents[2]


def _gguf(folder: Path, settings: dict[str, Any], tensors: dict[str, np.ndarray], says: str) -> Outcome:
    with place(folder) as mine:
        (mine / "file").mkdir()
        file = mine / "file" / "m.gguf"
        tiny_files.write_gguf(mine / "good", file, settings=settings, tensors=tensors)
        read = sentence(lambda: models.get("file", progress=lambda *_: None))
        assert says in read and not list((folder / "home" / "models").glob("*"))
        tiny_files.write_gguf(mine / "good", file)
        models.get("file", progress=lambda *_: None)
        assert np.abs(use("file") - use("good")).max() < 0.1  # rounded to bfloat16
    return Outcome(read, "the other models; nothing half is left", "another file put there and converted")


def _llama3(folder: Path) -> Outcome:
    """Llama 3.2's rope_freqs, which were dropped: its positions came out wrong."""
    rope = {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192}  # fmt: skip
    with place(folder) as mine:
        original = tiny_files.make(mine / "llama3", rope_theta=500_000.0, rope_scaling=rope)
        (mine / "file").mkdir()
        factors = llama3_factors(32.0, 8, 500_000.0).astype(np.float32)
        tiny_files.write_gguf(original, mine / "file" / "m.gguf", tensors={"rope_freqs.weight": factors})
        folder = models.get("file", progress=lambda *_: None).folder
        said = (folder / "config.json").read_text(encoding="utf-8")
        assert '"rope_type": "llama3"' in said and '"factor": 32.0' in said
        assert np.abs(use("file") - use("llama3")).max() < 0.1
    return Outcome("(nothing: it works)", "the scaling of every frequency", "nothing had to be healed")


def _killed(folder: Path) -> Outcome:
    """kill -9 at twenty random moments of a conversion."""
    rng, command = random.Random(20), [sys.executable, "-m", "lib.models", "get", "file"]
    with place(folder, HF_HUB_OFFLINE="1") as mine:
        wide = {"hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 6, "num_attention_heads": 8}
        tiny_files.make(folder / "wide", **wide)
        (mine / "file").mkdir()
        tiny_files.write_gguf(folder / "wide", mine / "file" / "m.gguf", kind="Q8_0")
        began = time.monotonic()
        expected = (models.get("file", progress=lambda *_: None).folder / "model.safetensors").read_bytes()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        start = time.monotonic() - began  # importing, and once the conversion
        whole = parts = 0
        for _ in range(20):
            shutil.rmtree(folder / "home")
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while not list((folder / "home").glob("models/.part-*")) and process.poll() is None:
                time.sleep(0.001)
            time.sleep(rng.random() * min(start, 1.0))
            process.send_signal(signal.SIGKILL)
            process.wait()
            parts += bool(list((folder / "home").glob("models/.part-*")))
            whole += models.where("file") is not None
            found = models.get("file", progress=lambda *_: None).folder
            assert (found / "model.safetensors").read_bytes() == expected
            assert not list((folder / "home").glob("models/.part-*"))
        assert parts, "no conversion was cut in the middle"
    return Outcome(
        "(nothing: the process was killed)",
        f"the GGUF file; {whole} of 20 conversions had just ended, {parts} were in the middle",
        "pressed again 20 times: the same bytes each time, nothing half left",
    )


def _disk_full(folder: Path) -> Outcome:
    """A tmpfs of 1 MB as PLAYGROUND_HOME."""
    small = folder / "home"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], check=True, capture_output=True)
    try:
        with place(folder) as mine:
            (mine / "file").mkdir()
            tiny_files.write_gguf(mine / "good", mine / "file" / "m.gguf")
            read = sentence(lambda: models.get("file", progress=lambda *_: None))
            assert not list((small / "models").glob("*"))
            subprocess.run(["mount", "-o", "remount,size=200m", str(small)], check=True, capture_output=True)
            models.get("file", progress=lambda *_: None)
            assert np.isfinite(use("file")).all()
    finally:
        subprocess.run(["umount", str(small)], check=False, capture_output=True)
    return Outcome(read, "the GGUF file; nothing half on the disk", "room made, pressed again: converted")


_GGUFS: dict[str, tuple[dict[str, Any], dict[str, np.ndarray], str]] = {
    "attends through a window": ({"attention.sliding_window": 16}, {}, "sliding window"),
    "is a mixture of experts": ({"expert_count": 8}, {}, "mixture of experts"),
    "lacks a setting": ({"attention.head_count": None}, {}, "does not say llama.attention.head_count"),
    "has rope_freqs of its own": ({}, {"rope_freqs.weight": np.array([1, 2, 3, 4], np.float32)}, "factors of its own"),
    "has norms of queries": ({}, {"blk.0.attn_q_norm.weight": np.ones(8, np.float32)}, "attn_q_norm"),
    "scales by longrope": ({"rope.scaling.type": "longrope"}, {}, "longrope"),
}  # fmt: skip

FAULTS = [
    *(
        Fault(KIND, f"A GGUF file that {name}", partial(_gguf, settings=settings, tensors=tensors, says=says))
        for name, (settings, tensors, says) in _GGUFS.items()
    ),
    Fault(KIND, "A GGUF file of Llama 3.2, whose positions are scaled by a tensor", _llama3),
    Fault(KIND, "A conversion is killed at twenty moments", _killed),
    Fault(KIND, "The disk is full while a GGUF file is converted", _disk_full),
]
