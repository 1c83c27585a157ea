"""The ledger against published counts and transformers' own modules, for given and random configurations."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.architecture import ArchitectureError, known_configs, ledger, meta_module
from lib.architecture.block_diagram import diagram
from lib.architecture.comparison import compare
from lib.architecture.config_readers import read
from lib.architecture.custom_model import custom_architecture
from lib.architecture.module_tree import render, tree
from lib.architecture.parameter_ledger import closed_form
from lib.models.config_defaults import DEFAULTS
from tests.tiny import OPT

SLOW = int(os.environ.get("ANATOMY_EXAMPLES", "20"))  # modules built a family; thousands on request
FAST = max(250, SLOW)
FAMILIES = ("gpt2", "llama", "mistral", "qwen2", "qwen3", "gemma3_text", "gpt_neox", "phi")


def examples(count: int) -> Any:
    """Hypothesis settings: no deadline (the first module imports torch), nothing written to disk."""
    return settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@st.composite
def configs(draw: Any, family: str) -> dict[str, Any]:
    """A small random configuration that transformers accepts."""

    def whole(low: int, high: int) -> int:
        return int(draw(st.integers(low, high)))

    kv, groups, half = whole(1, 4), whole(1, 4), whole(2, 12)
    heads, head_dim = kv * groups, 2 * half
    width = heads * head_dim if family not in {"qwen3", "gemma3_text"} else heads * whole(2, 20)
    sizes = {"vocab_size": whole(1, 500), "tie_word_embeddings": draw(st.booleans()), "pad_token_id": None}
    if family == "gpt2":
        return {
            "model_type": family,
            "n_embd": width,
            "n_layer": whole(1, 4),
            "n_head": heads,
            "n_positions": whole(1, 99),
            "n_inner": draw(st.sampled_from([None, whole(1, 90)])),
            **sizes,
        }
    config = {
        "model_type": family,
        "hidden_size": width,
        "num_hidden_layers": whole(1, 4),
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "intermediate_size": whole(1, 90),
        "max_position_embeddings": whole(1, 99),
        **sizes,
    }
    if family in {"qwen3", "gemma3_text", "llama", "mistral"}:
        config["head_dim"] = head_dim
    if family in {"llama", "qwen3", "gemma3_text", "gpt_neox"}:
        config["attention_bias"] = draw(st.booleans())
    if family == "llama":
        config["mlp_bias"] = draw(st.booleans())
    if family == "gpt_neox":
        del config["num_key_value_heads"]
        config |= {
            "use_parallel_residual": draw(st.booleans()),
            "rotary_pct": draw(st.sampled_from([0.5, 1.0])),
            "hidden_size": heads * 8,
        }
    if family == "phi":
        config |= {"qk_layernorm": draw(st.booleans()), "partial_rotary_factor": 0.5, "hidden_size": heads * 8}
    return config


def tensors(config: dict[str, Any]) -> tuple[dict[str, tuple[int, ...]], int]:
    """Names and shapes of transformers' module, and its parameter count (tied weights once)."""
    model = meta_module.build(read(config))
    return ({name: tuple(p.shape) for name, p in model.named_parameters()}, sum(p.numel() for p in model.parameters()))


@pytest.mark.parametrize("name", known_configs.names())
def test_published_counts_come_out_and_the_module_agrees(name: str) -> None:
    arch = known_configs.architecture(name)
    book = ledger(name)
    assert book.total == arch.published == closed_form(arch) == sum(book.by_component().values())
    shapes, total = tensors(dict(arch.config))
    assert total == book.total
    assert shapes == {row.name: row.shape for row in book.rows if row.params}
    assert all(known_configs.sources(arch))  # every configuration and every count says where it was seen


def test_golden_gpt2() -> None:
    arch, book = known_configs.architecture("openai-community/gpt2"), ledger("gpt2")
    assert (arch.layers, arch.heads, arch.hidden_size, arch.vocab_size, arch.context) == (12, 12, 768, 50257, 1024)
    assert (book.total, arch.activation) == (124_439_808, "gelu_new")
    untied = ledger("gpt2", tied=False)
    assert untied.total == 124_439_808 + 50257 * 768
    head = next(row for row in book.rows if row.name == "lm_head.weight")
    assert (head.params, head.shared, head.elements) == (0, "transformer.wte.weight", 50257 * 768)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_add_up_for_random_configurations(family: str) -> None:
    @examples(FAST)
    @given(configs(family))
    def check(config: dict[str, Any]) -> None:
        arch = read(config)
        book = ledger(arch)
        assert book.total == closed_form(arch) == diagram(arch).total
        assert sum(book.by_block().values()) + sum(r.params for r in book.rows if r.block is None) == book.total
        assert len(set(book.by_block().values())) == 1
        assert ledger(arch, tied=False).total == book.total + (arch.tied * arch.vocab_size * arch.hidden_size)

    check()


@pytest.mark.parametrize("family", FAMILIES)
def test_random_configurations_equal_the_module_on_the_meta_device(family: str) -> None:
    @examples(SLOW)
    @given(configs(family))
    def check(config: dict[str, Any]) -> None:
        book = ledger(config)
        shapes, total = tensors(config)
        assert book.total == total
        assert shapes == {row.name: row.shape for row in book.rows if row.params}

    check()


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_configuration_leaves_out_is_what_transformers_takes(family: str) -> None:
    from transformers import AutoConfig

    theirs = read(AutoConfig.for_model(family).to_dict())
    mine = read({"model_type": family})
    differing = {
        key
        for key in vars(mine)
        if key not in {"config", "spelling", "dtype", "name"} and getattr(mine, key) != getattr(theirs, key)
    }
    assert not differing
    assert set(DEFAULTS) == set(FAMILIES)


def test_old_and_new_spellings_of_windows_and_rope_agree() -> None:
    from transformers import AutoConfig

    for name in known_configs.names():
        mine = known_configs.architecture(name)
        theirs = read(AutoConfig.for_model(**dict(mine.config)).to_dict())
        rope, rest = ("windows", "rope_theta", "rotary_dim"), ("head_dim", "kv_heads", "tied", "activation", "context")
        same = (*rope, *rest, "intermediate_size")
        assert [getattr(mine, key) for key in same] == [getattr(theirs, key) for key in same], name


def test_an_unknown_family_is_walked_on_the_meta_device() -> None:
    arch = read(OPT)
    book = ledger(arch)
    assert not arch.known
    assert book.total == meta_module.count(arch) > 0
    assert set(book.by_block()) == {0, 1}
    assert diagram(arch).total == book.total
    with pytest.raises(ArchitectureError, match="knows no model type called not-a-model-type"):
        ledger({"model_type": "not-a-model-type"})


def test_a_repository_cannot_bring_its_own_code() -> None:
    arch = read({"model_type": "strange", "auto_map": {"AutoModelForCausalLM": "evil.Model"}})
    with pytest.raises(ArchitectureError):
        meta_module.build(arch)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_head": 7}, "7 heads do not divide a hidden size of 768"),
        ({"n_layer": 0}, "number of layers must be at least 1"),
        ({"n_inner": 1_000_000_000}, "width of the MLP is 1,000,000,000"),
        ({"vocab_size": -5}, "vocabulary size must be at least 1"),
        ({"n_embd": "768"}, 'n_embd is "768"'),
        ({"n_embd": float("nan")}, "must be a whole number"),
        ({"n_layer": True}, "must be a whole number"),
        ({"n_head": 0}, "heads must be at least 1"),
        ({"model_type": None}, "does not say its model_type"),
        ({"n_layer": 10**30}, "no model comes near"),
    ],
)
def test_nonsense_gets_a_sentence(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ArchitectureError, match=words):
        ledger({**known_configs.architecture("gpt2").config, **change})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kv_heads": 5}, "5 KV heads cannot be shared evenly by 12"),
        ({"style": "gpt2", "kv_heads": 4}, "GPT-2's attention has a key and a value for every head"),
        ({"heads": 256, "kv_heads": 256}, "even number"),
        ({"intermediate_size": 10**9}, "1,000,000,000"),
        ({"layers": 0}, "at least 1"),
        ({"heads": 5}, "do not divide"),
        ({"kv_heads": 24}, "cannot be shared"),
        ({"style": "moe"}, "no style"),
    ],
)
def test_ones_own_nonsense_gets_a_sentence(change: dict[str, Any], words: str) -> None:
    sizes = {
        "style": "llama",
        "layers": 12,
        "hidden_size": 768,
        "heads": 12,
        "kv_heads": 12,
        "intermediate_size": 3072,
        "vocab_size": 50257,
        "context": 1024,
        "tied": True,
    }
    assert ledger(custom_architecture(**sizes)).total == closed_form(custom_architecture(**sizes))
    with pytest.raises(ArchitectureError, match=words):
        custom_architecture(**{**sizes, **change})


def test_configurations_are_found_in_every_way(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    assert ledger(str(tmp_path)).total == ledger("gpt2").total == ledger("openai-community/gpt2").total
    with pytest.raises(ArchitectureError, match="no configuration called"):
        ledger("gpt5")
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(ArchitectureError, match="not a model's configuration"):
        known_configs.from_folder(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ArchitectureError, match="not valid JSON"):
        known_configs.from_folder(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ArchitectureError, match="switched off"):
        known_configs.from_hub("some/model")
    with pytest.raises(ArchitectureError, match="looks like owner/name"):
        known_configs.from_hub("../../etc/passwd")
    assert known_configs.from_hub("https://huggingface.co/Qwen/Qwen3-0.6B").name == "Qwen3-0.6B"  # known: no hub needed


def test_a_hub_configuration_is_fetched_and_refusals_are_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    import http.server
    import json
    import threading

    class Hub(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/a/garbage/"):
                self.wfile.write(b"no HTTP at all\r\n\r\n")
                return
            if self.path.startswith("/a/away/"):  # to where only this machine can look
                self.send_response(302)
                self.send_header("Location", f"http://127.0.0.2:{self.connection.getsockname()[1]}/secret")
                self.end_headers()
                return
            known = self.path == "/a/small/resolve/main/config.json"
            body = json.dumps({"model_type": "gpt2", "n_layer": 2}).encode() if known else b"gated"
            self.send_response(200 if known else 403)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    try:
        assert known_configs.from_hub("a/small").layers == 2
        with pytest.raises(ArchitectureError, match="may be gated"):
            known_configs.from_hub("a/gated")
        for hub_id in ("a/garbage", "a/away"):
            with pytest.raises(ArchitectureError, match="cannot be reached"):
                known_configs.from_hub(hub_id)
        with pytest.raises(ArchitectureError, match="looks like owner/name"):
            known_configs.from_hub("a/b--c")
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(ArchitectureError, match="cannot be reached"):
        known_configs.from_hub("a/small")


def test_the_tree_is_folded_and_keeps_every_parameter() -> None:
    model = meta_module.build(known_configs.architecture("gpt2"))
    nodes = tree(model)
    assert nodes[0].params == 124_439_808
    leaves = [node for node, after in zip(nodes, [*nodes[1:], nodes[0]], strict=True) if after.depth <= node.depth]
    folds = {node.depth: node.times for node in nodes if node.times > 1}
    assert sum(leaf.params * (folds.get(3, 1) if leaf.depth > 3 else 1) for leaf in leaves) == 124_439_808
    text = render(nodes)
    assert "0–11: GPT2Block  × 12 of one shape" in text
    assert "weight = wte.weight" in text
    assert len(text.splitlines()) < 25


def test_comparison_names_what_differs() -> None:
    left, right = known_configs.architecture("gpt2"), known_configs.architecture("qwen3-0.6b")
    lines = {line.what: line for line in compare(left, right)}
    assert lines["KV heads"].differs
    assert (lines["KV heads"].left, lines["KV heads"].right) == ("12", "8")
    assert lines["Parameters"].right == "596,049,920"
    assert not any(line.differs or line.why for line in compare(left, left))
