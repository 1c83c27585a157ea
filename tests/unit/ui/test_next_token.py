"""The Next Token page's parts without a page: the link, the history, the packed logits, figures, CSV and program."""

import csv
import dataclasses
import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.decoding.likeliest_tokens import likeliest_ids, probs_by_temperature
from lib.design import HEAT, HEAT_BITS
from lib.engine import inspectable
from lib.engine.sampling import SamplingError, distribution, entropy, ranking, softmax
from lib.errors import PlaygroundError
from lib.figures import next_token as figures
from lib.figures import two_distributions as pairs
from lib.ui.next_token import reading as next_token
from lib.ui.next_token.distribution import DRAWS, ChartRow, Knobs, pack
from lib.ui.next_token.link import read_link, to_link
from lib.ui.next_token.note import tail
from lib.ui.next_token.state import History, State
from lib.ui.next_token.table import full_csv
from lib.ui.next_token.text import Known, chips
from lib.ui.next_token.transformers_code import program
from tests.figures import numbers

LOGITS = (np.random.default_rng(0).standard_normal(300) * 3).astype(np.float32)


@pytest.fixture
def tiny(tiny_models, monkeypatch) -> str:
    monkeypatch.setenv("PLAYGROUND_MODELS", str(tiny_models["gpt2"]))
    return "tiny-gpt2"


knobs = st.builds(
    Knobs,
    t=st.integers(0, 200).map(lambda v: v / 100),
    k=st.one_of(st.none(), st.integers(1, 150_000)),
    p=st.integers(0, 100).map(lambda v: v / 100),
    m=st.integers(0, 100).map(lambda v: v / 100),
    n=st.integers(5, 100),
    seed=st.integers(0, 2**32 - 1),
    draws=st.sampled_from([0, 1, 100, 10_000]),
)


@settings(deadline=None)
@given(knobs, st.lists(st.integers(0, 150_000), max_size=20).map(tuple))
def test_a_link_restores_settings_and_path(chosen, path) -> None:
    assert read_link(to_link(chosen, path)) == (chosen, path, [])


@pytest.mark.parametrize("query", [{"t": "nan"}, {"t": "-1"}, {"t": "abc"}, {"k": "0"}, {"k": "1.5"}, {"p": "2"},
                                   {"p": "inf"}, {"minp": "-0.1"}, {"n": "1000"}, {"seed": "-1"}, {"draws": "1e9"},
                                   {"path": "1,x"}, {"path": "1,,2"}, {"path": "-4"}, {"path": ",".join(["1"] * 600)},
                                   {"path": "١"}])  # fmt: skip
def test_a_link_that_cannot_be_used_says_so_and_changes_nothing(query) -> None:
    chosen, path, problems = read_link(query)
    assert (chosen, path) == (Knobs(), ()) and len(problems) == 1 and problems[0].endswith(".")


@given(st.lists(st.sampled_from(["push", "undo", "redo", "reset"]), max_size=40))
def test_undo_takes_back_every_change_and_redo_brings_it_back(actions) -> None:
    history = History()
    for number, action in enumerate(actions):
        before = history.path
        if action == "push":
            history.push((*before, number))
        elif action == "reset":
            history.push(())
        else:
            getattr(history, action)()
            continue
        after = history.path
        if after != before:
            history.undo()
            assert history.path == before
            history.redo()
            assert history.path == after
    for _ in history.states:
        history.undo()
    assert history.path == ()


def unpack(data: bytes) -> tuple[dict, np.ndarray, np.ndarray]:
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    at = -(-(4 + length) // 8) * 8
    after = -(-(at + 4 * header["size"]) // 8) * 8
    return header, np.frombuffer(data, "<f4", header["size"], at), np.frombuffer(data, "<f8", DRAWS, after)


def test_the_browser_gets_every_logit_sorted_and_the_seed_s_numbers() -> None:
    rows = [ChartRow(1, "a</script>", "61"), ChartRow(2, "é", "C3 A9")]
    header, logits, u = unpack(pack(LOGITS, rows, start=Knobs(t=0.3), nonce=4, seed=9, actual=2))
    assert (logits == np.sort(LOGITS)[::-1]).all()
    assert (u == np.random.default_rng(9).random(DRAWS)).all()
    assert header["settings"]["t"] == 0.3 and header["nonce"] == 4 and header["actual"] == 2
    assert header["rows"][0] == {"id": 1, "label": "a</script>", "hex": "61", "special": False}


def test_the_payload_changes_with_the_logits_and_not_with_the_run() -> None:
    first = pack(LOGITS, [], start=Knobs(), nonce=0, seed=0)
    assert first == pack(LOGITS.copy(), [], start=Knobs(), nonce=0, seed=0)
    assert unpack(first)[0]["key"] != unpack(pack(LOGITS + 1, [], start=Knobs(), nonce=0, seed=0))[0]["key"]


def test_figures_show_the_softmax_over_the_whole_vocabulary_keyed_by_id() -> None:
    found = figures.sweep(LOGITS)
    fig = figures.six_temperatures(found, lambda _: "same text")
    ids = ranking(LOGITS)[:8]
    for trace, temperature in zip(fig["data"], figures.TEMPERATURES, strict=True):
        expected = softmax(LOGITS, temperature)[ids]
        assert np.allclose(trace["x"][:-1], expected) and np.isclose(sum(trace["x"]), 1)
        assert trace["y"] == [*map(str, ids), "else"]  # eight ids with one text stay eight bars
    lines = figures.along_temperature(found, str)["data"]
    assert [numbers(line["y"])[0] for line in lines] == [1.0] + [0.0] * 8  # greedy
    assert np.allclose(numbers(figures.spread(found)["data"][0]["y"])[20], entropy(softmax(LOGITS)) / np.log(2))


@pytest.mark.parametrize("scores", [
    LOGITS, LOGITS * 20, np.random.default_rng(1).standard_normal(60_000).astype(np.float32) * 4,
    np.array([2.5], dtype=np.float32), np.zeros(500, dtype=np.float32),
    np.random.default_rng(2).integers(-2, 3, 500).astype(np.float32),  # ties
    np.where(np.random.default_rng(3).random(400) < 0.5, -np.inf, LOGITS[:1]).astype(np.float32),
    np.where(np.arange(300) == 7, LOGITS, -np.inf).astype(np.float32), LOGITS + 1e5,
    np.array([1e30, -1e30, 0.0], dtype=np.float32),
], ids=range(10))  # fmt: skip
def test_temperatures_swept_together_are_the_softmax_of_each(scores) -> None:
    for count in (1, 8, 100):
        ids = likeliest_ids(scores, count)
        assert ids.tolist() == ranking(scores)[:count].tolist()
    probs, nats = probs_by_temperature(scores, ids, figures.GRID)
    for row, temperature in enumerate(figures.GRID):
        expected = softmax(scores, temperature)
        np.testing.assert_allclose(probs[row], expected[ids], rtol=0, atol=1e-9)
        np.testing.assert_allclose(nats[row], entropy(expected), rtol=0, atol=1e-9)


def test_the_bars_of_surprise_have_the_heat_of_the_tokens() -> None:
    bits = np.array([0.0, 5.0, 25.0])
    marker = figures.surprisal(bits, ["a", "b", "c"])["data"][0]["marker"]
    assert (marker["cmin"], marker["cmax"]) == (0, HEAT_BITS)
    assert numbers(marker["color"]).tolist() == [0.0, 5.0, HEAT_BITS]  # no hotter than hot
    red, green, blue = (int(HEAT[0][at : at + 2], 16) for at in (1, 3, 5))
    assert all(colour.startswith(f"rgba({red},{green},{blue},") for _, colour in marker["colorscale"])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_no_temperature_makes_a_distribution_of_what_are_no_numbers(bad) -> None:
    with pytest.raises(SamplingError):
        figures.sweep(np.where(np.arange(300) == 5, bad, LOGITS))


def test_hostile_labels_stay_text_in_figures() -> None:
    fig = pairs.paired_bars(softmax(LOGITS), softmax(-LOGITS), ("<b>A</b>", "$B$"), lambda _: "<img src=x> $x$")
    assert "<" not in "".join([*fig["layout"]["yaxis"]["ticktext"], *(trace["name"] for trace in fig["data"])])
    assert "$" not in "".join(trace["name"] for trace in fig["data"])


def test_comparison_finds_what_moved() -> None:
    a, b = np.array([0.7, 0.2, 0.1, 0.0]), np.array([0.1, 0.2, 0.6, 0.1])
    result = pairs.compare(a, b)
    assert result.movers == (0, 2, 3) and np.isclose(result.distance, 0.6)
    assert np.isinf(result.backward) and np.isfinite(result.forward)


def test_empty_prompt_reads_the_start_token(tiny) -> None:
    reading = next_token.read(tiny, "", ())
    assert reading.start == "<|endoftext|>" and reading.ids == (0,)


def test_an_empty_prompt_without_a_start_token_is_a_sentence(monkeypatch, tiny) -> None:
    monkeypatch.setattr(next_token, "START_TOKENS", ())
    with pytest.raises(PlaygroundError, match="type at least one letter"):
        next_token.read(tiny, "", ())


def test_the_chart_s_content_is_the_ranking(tiny) -> None:
    reading = next_token.read(tiny, "the cat", ())
    logits, content = reading.logits(), reading.content()
    assert list(content.ids) == ranking(logits)[: len(content.ids)].tolist() and content.size == logits.size
    assert reading.content() is content  # one for everybody
    header, ordered, _ = unpack(content.packed(start=Knobs(), nonce=0, seed=0))
    assert [ChartRow(**row) for row in header["rows"]] == [reading.row(i) for i in content.ids]
    assert (ordered == np.sort(logits)[::-1]).all()
    assert reading.content(1) is not content


def test_control_token_text_stays_text(tiny) -> None:
    reading = next_token.read(tiny, "<|endoftext|>", ())
    assert len(reading.ids) > 3 and 0 not in reading.ids


def test_tokens_have_names_even_where_the_tokenizer_has_none(tiny) -> None:
    tokenizer = next_token.tokenizer_of(tiny)
    assert next_token.token_row(tokenizer, 0) == ChartRow(0, "<|endoftext|>", b"<|endoftext|>".hex(" ").upper(), True)
    assert next_token.token_row(tokenizer, 10**6).label == "⟨unused 1000000⟩"


def test_every_token_of_the_text_has_its_surprise_and_its_card(tiny) -> None:
    reading = next_token.read(tiny, "the cat sat", (70,))
    expected = inspectable(reading.engine).score(reading.ids).logprobs
    made = chips(reading, Known.of(reading, State()))
    assert [chip.id for chip in made] == list(reading.ids)
    assert made[0].logprob is None
    assert np.allclose([chip.logprob or 0.0 for chip in made[1:]], expected)
    assert [chip.path for chip in made] == [False] * len(reading.prompt) + [True]
    for chip, logprob in zip(made[1:], expected, strict=True):
        facts = dict(chip.facts)
        assert facts["token ID"] == str(chip.id) and facts["surprise"] == f"{-logprob / np.log(2):.2f} bits"


def test_a_token_that_is_impossible_has_a_surprise_that_json_can_carry(tiny) -> None:
    reading = next_token.read(tiny, "the cat", ())
    found = Known.of(reading, State()).scores
    assert found is not None
    never = Known(dataclasses.replace(found, logprobs=np.full_like(found.logprobs, -np.inf)), ())
    text = json.dumps([chip.logprob for chip in chips(reading, never)])
    assert "Infinity" not in text


def test_only_white_space_at_the_end_of_what_is_shown_is_told_of(tiny) -> None:
    def told(prompt: str, path: tuple[int, ...] = (), at: int | None = None) -> str:
        return tail(next_token.read(tiny, prompt, path), prompt, State(at=at))

    assert [told(text) for text in ("a", "a ", "a\n", "a \n", " ", "")] == [
        "",
        "space",
        "line break",
        "white space",
        "",
        "",
    ]
    assert told("a ", path=(70,)) == told("a b ", at=1) == ""


def test_the_path_s_probabilities_are_the_model_s(tiny) -> None:
    reading = next_token.read(tiny, "the cat", (70, 71, 72))
    expected = inspectable(reading.engine).score(reading.ids).logprobs[-3:]
    known: dict = {}
    assert np.allclose(next_token.path_logprobs(reading, known), expected, atol=1e-5)  # in one pass
    shorter = next_token.read(tiny, "the cat", (70,))
    assert np.allclose(next_token.path_logprobs(shorter, {}), expected[:1], atol=1e-5)  # from the logits


@pytest.mark.parametrize("chosen", [Knobs(), Knobs(t=0), Knobs(t=0.7, k=40, p=0.9, m=0.02), Knobs(t=1.3, p=0.5),
                                    Knobs(k=1000, m=0.1)])  # fmt: skip
def test_the_program_on_the_page_computes_what_the_page_shows(tiny, chosen, capsys) -> None:
    reading = next_token.read(tiny, "the cat\nsat", (70,))
    labels = [reading.label(i) for i in reading.ids]
    space: dict = {}
    exec(program(tiny, reading.engine.info.dtype, reading.ids, labels, chosen), space)
    assert np.allclose(space["raw"], softmax(reading.logits()), atol=1e-6)
    assert np.allclose(space["probs"], reading.shaped(chosen).probs, atol=1e-6)
    assert len(capsys.readouterr().out.splitlines()) == 10


def test_the_csv_is_the_full_distribution(tiny) -> None:
    reading = next_token.read(tiny, "the cat", ())
    chosen = Knobs(t=0.7, k=5)
    rows = list(csv.DictReader(io.StringIO(full_csv(reading, reading.logits(), chosen))))
    expected = distribution(reading.logits(), temperature=0.7, top_k=5)
    assert sorted(int(row["id"]) for row in rows) == list(range(reading.logits().size))
    for row in rows:
        assert float(row["probability_settings"]) == expected.probs[int(row["id"])]
        assert json.loads(row["token"]) == reading.label(int(row["id"]))
        assert row["token"][0] == '"'  # never a formula to a spreadsheet
    assert sum(int(row["kept"]) for row in rows) == 5
