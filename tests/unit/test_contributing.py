"""The examples of CONTRIBUTING.md work: each is applied to a copy of the tree, and what it adds is used there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "CONTRIBUTING.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(diff|python [\w./]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COPIED = ("Home.py", "pages", "lib", "tests", "pyproject.toml", ".streamlit")


def changed(text: str, hunk: str) -> str:
    """`text` after one hunk: its lines with " " and "-" stand in one place and become those with " " and "+"."""
    lines = [(line[:1] or " ", line[1:]) for line in hunk.splitlines()]
    before = "".join(f"{rest}\n" for sign, rest in lines if sign != "+")
    after = "".join(f"{rest}\n" for sign, rest in lines if sign != "-")
    assert text.count(before) == 1, f"{text.count(before)} places for\n{before}"
    return text.replace(before, after)


def apply(title: str, tree: Path) -> list[str]:
    """Do what a section of the document shows; gives back the files that were changed or added."""
    section = DOCUMENT.split(f"## {title}\n")[1].split("\n## ")[0]
    touched = []
    for kind, block in _BLOCK.findall(section):
        if kind == "diff":
            name = re.match(r"--- (\S+)\n", block)
            assert name is not None
            path = tree / name[1]
            for hunk in re.split(r"^@@.*\n", block, flags=re.MULTILINE)[1:]:
                path.write_text(changed(path.read_text(encoding="utf-8"), hunk), encoding="utf-8")
        else:
            path = tree / kind.split()[1]
            path.write_text(block, encoding="utf-8")
        touched.append(str(path.relative_to(tree)))
    return touched


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the app is made of."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def run(tree: Path, *command: str, **environment: str) -> str:
    """Python in the copy; its output."""
    env = {**os.environ, "PYTHONPATH": str(tree), "PLAYGROUND_ENGINE": "inside", **environment}
    done = subprocess.run(
        [sys.executable, *command], cwd=tree, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_model(tree: Path) -> None:
    assert len(apply("A model in the catalog", tree)) == 2
    assert "smollm2-360m-instruct" in run(tree, "-m", "lib.models", "list")
    tests = "tests/unit/models/test_local.py::test_"
    whole = f"{tests}the_catalog_is_whole"
    counted = f"{tests}catalog_numbers_are_those_of_the_architecture[smollm2-360m-instruct]"
    assert "2 passed" in run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", whole, counted)


STRATEGY = """
import numpy as np, torch
from streamlit.testing.v1 import AppTest
from transformers import EpsilonLogitsWarper
from lib.decoding import links
from lib.decoding.strategies import Strategy
from lib.decoding.transformers_code import decoding_program
from lib.engine.batching.sampler import filtered
from lib.engine.sampling import distribution

strategy = Strategy("epsilon", epsilon_cutoff=0.01)
logits = (np.random.default_rng(0).standard_normal(5000) * 3).astype(np.float32)
theirs = EpsilonLogitsWarper(0.01)(None, torch.tensor(logits)[None]).double().softmax(-1)[0].numpy()
ours = distribution(logits, **strategy.sampling().filters)
np.testing.assert_allclose(ours.probs, theirs, atol=1e-6)
assert 1 < ours.kept.sum() < 100
ids, probs = filtered(logits, strategy.sampling())
np.testing.assert_array_equal(probs, ours.probs if ids is None else ours.probs[ids])
assert links.decode(links.encode([strategy])) == [strategy]
code = decoding_program(strategy, model="m", prompt="p", max_new_tokens=3, seed=0, stop_ids=frozenset())
assert "epsilon_cutoff=0.01," in code

page = AppTest.from_file("pages/4_Decoding.py", default_timeout=120)
page.query_params.update({"model": "tiny-gpt2", "prompt": "the cat", "n": "5", "s": links.encode([strategy])})
page.run()
page.button(key="decoding-run").click().run()
assert not page.exception and not page.error
column = page.session_state["decoding-columns"][0]
assert column.strategy == strategy and column.track.steps
assert page.number_input(key=f"decoding-{column.uid}-epsilon-epsilon_cutoff").value == 0.01
"""


def test_a_strategy(tree: Path, tiny_models: dict[str, Path]) -> None:
    assert len(set(apply("A decoding strategy", tree))) == 3
    run(tree, "-c", STRATEGY, PLAYGROUND_MODELS=str(tiny_models["gpt2"]))


PAGE = """
from streamlit.testing.v1 import AppTest

page = AppTest.from_file("pages/7_Bytes.py", default_timeout=120).run()
assert not page.exception and not page.error
assert [metric.value for metric in page.metric][:2] == ["7", "11"]
home = AppTest.from_file("Home.py", default_timeout=120).run()
assert not home.exception
assert "Bytes" in str([link.proto.label for link in home.get("page_link")])
"""


def test_a_page(tree: Path, tiny_models: dict[str, Path]) -> None:
    assert len(apply("A page", tree)) == 2
    run(tree, "-c", PAGE, PLAYGROUND_MODELS=str(tiny_models["gpt2"]))


TOKENIZER = """
from tiktoken_ext import openai_public
from lib import tokenization
from lib.ui.tokenizers.options import choose, names

openai_public.load_tiktoken_bpe = lambda *args, **options: {}
harmony, base = tokenization.load("o200k_harmony"), tokenization.load("o200k_base")
assert harmony.special == openai_public.o200k_harmony()["special_tokens"]
assert harmony.ids("Hello, world") == base.ids("Hello, world") and harmony.vocab_size == 201_088
assert harmony.ids("<|start|>user<|message|>", parse_special=True)[0] == 200_006
assert "o200k_harmony" in names() and choose("o200k_harmony").title == "o200k_harmony"
"""


def test_a_tokenizer(tree: Path) -> None:
    assert len(apply("A tokenizer", tree)) == 2
    run(tree, "-c", TOKENIZER)
