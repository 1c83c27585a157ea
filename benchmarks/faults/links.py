"""Links and boxes: whatever stands there gives the default and a sentence."""

from pathlib import Path
from typing import Any

from benchmarks.faults.frame import Fault, Outcome
from benchmarks.faults.link_table import PAGES, environment, opened, sentences
from lib.settings import Settings, settings

KIND = "Links and boxes"
_TINY = "playground-base"  # comes with the app


def _says(page: Any, *words: str) -> str:
    said = next((one for one in sentences(page) if all(word in one for word in words)), None)
    assert said is not None, f"nothing with {words} in {sentences(page)}"
    return said


def _left_out(page: Any) -> list[str]:
    return [one for one in sentences(page) if "left out" in one]


def _boxed(file: str, name: str, value: str, good: str, default: object) -> Outcome:
    """A value for a widget: its default stands there, and the same page takes a good value."""
    key, query = name, {"model": _TINY, "prompt": "the cat"}
    page = opened(file, {**query, name: value})
    read = _says(page, f"“{name}”", "left out")
    assert page.session_state[key] == default, page.session_state[key]
    assert name not in page.query_params
    assert not _left_out(opened(file, {**query, name: good}))
    if "prompt" in PAGES[file]:
        assert page.session_state["prompt"] == "the cat"
    return Outcome(read, "the prompt and all other parameters", f"{name}={good} was opened: it is taken")


def _seed_infinite(_: Path) -> Outcome:
    return _boxed("pages/4_Decoding.py", "seed", "Infinity", "7", 42)


def _seed_too_big(_: Path) -> Outcome:
    return _boxed("pages/4_Decoding.py", "seed", "1e400", "7", 42)


def _width_of_digits(_: Path) -> Outcome:
    page = opened("pages/2_Architecture.py", {"arch": "Build your own", "inner": "9" * 5000})
    read = _says(page, "“inner”", "left out")
    assert page.session_state["inner"] == 3072
    assert page.number_input(key="inner").set_value(1024).run().session_state["inner"] == 1024
    return Outcome(read, "the model that one builds", "the box has its default and takes another number")


def _steps_underscored(_: Path) -> Outcome:
    return _boxed("pages/5_Training.py", "train-steps", "1_000", "1000", 600)


def _family_empty(_: Path) -> Outcome:
    return _boxed("pages/5_Training.py", "train-family", "", "GPT-2", "Llama")


def _template_unknown(_: Path) -> Outcome:
    return _boxed("pages/7_Chat.py", "chat-template", "<b>x</b>", "Qwen2", "own")


def _merges_of_digits(_: Path) -> Outcome:
    page = opened("pages/1_Tokenizers.py", {"tab": "Learn", "learn": "BPE", "merges": "9" * 5000, "text": "a cat"})
    read = _says(page, "“merges”", "left out")
    assert page.query_params["text"] in ("a cat", ["a cat"])
    return Outcome(read, "the text", "the slider has its default, 200")


def _tabs_unknown(_: Path) -> Outcome:
    """On every page that has tabs: without the parameter one of them is open."""
    read = ""
    for file, name in _TABS.items():
        names = {"model", "base"} & set(PAGES[file])
        page = opened(file, {**dict.fromkeys(names, _TINY), name: "<b>x</b>"})
        read = _says(page, f"“{name}”", "left out")
        assert page.session_state[name] not in (None, "<b>x</b>"), name
    return Outcome(read, "the rest of the link", "the first tab is open")


def _names_of_nothing(_: Path) -> Outcome:
    """What is no widget's: a step of the course, a lesson, a box, a tab of old, a room."""
    read = ""
    for file, name, more in _NAMES:
        page = opened(file, {**more, name: "<b>x</b>"}, **{"class-asked": True})
        read = _says(page, f"“{name}”", "left out")
    return Outcome(read, "the rest of the link", "the page is there, with its default")


_NAMES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("pages/9_Glossary.py", "step", {}),
    ("pages/1_Tokenizers.py", "learn", {"tab": "Learn"}),
    ("pages/2_Architecture.py", "box", {"arch": "gpt2"}),
    ("pages/2_Architecture.py", "part", {"arch": "gpt2"}),
    ("pages/8_Class.py", "room", {}),
)
_TABS = {
    "Home.py": "home",
    "pages/1_Tokenizers.py": "tab",
    "pages/2_Architecture.py": "view",
    "pages/3_Next_Token.py": "next-token-tabs",
    "pages/4_Decoding.py": "section",
    "pages/5_Training.py": "train-tab",
    "pages/6_Completion_vs_Chat.py": "cvc-tab",
    "pages/7_Chat.py": "chat-lessons",
}


def _columns_infinite(_: Path) -> Outcome:
    page = opened("pages/4_Decoding.py", {"model": _TINY, "s": "topk_kInfinity~greedy"})
    read = _says(page, "“s”", "kInfinity")
    strategies = [column.strategy for column in page.session_state["decoding-columns"]]
    assert [one.kind for one in strategies] == ["top_k", "greedy"] and strategies[0].top_k == 80
    return Outcome(read, "the other column, and the rest of this one", "the knob has its default, 80")


def _path_of_digits(_: Path) -> Outcome:
    page = opened("pages/3_Next_Token.py", {"model": _TINY, "prompt": "the cat", "path": "1,2," + "9" * 5000})
    read = _says(page, "path in the link")
    assert page.session_state["prompt"] == "the cat" and not page.session_state["next-token-state"].history.path
    return Outcome(read, "the prompt", "the path is left out; clicks make another")


def _river_infinite(_: Path) -> Outcome:
    page = opened("Home.py", {"model": _TINY, "t": "inf"})
    read = _says(page, "temperature in the link")
    return Outcome(read, "the text", "the temperature is 1; the dial works")


def _one_token_of_context(_: Path) -> Outcome:
    query = {"arch": "Build your own", "context": "1", "view": "Block diagram", "layers": "2"}
    page = opened("pages/2_Architecture.py", query)
    read = next(one.value for one in page.caption if one.value.startswith("Tokens per text"))
    assert page.session_state["context"] == 1
    page.number_input(key="context").set_value(8).run()
    assert not page.exception and [one for one in page.slider if one.key == "tokens_shape"]
    return Outcome(read, "the other sizes", "a context of more tokens has the slider again")


def _environment_of_digits(_: Path) -> Outcome:
    with environment(PLAYGROUND_SLOTS="9" * 5000, PLAYGROUND_TRAINING_MINUTES="Infinity"):
        found = settings()
    assert (found.slots, found.training_minutes) == (Settings.slots, Settings.training_minutes)
    return Outcome("(nothing: the default is used, as docs/INSTALL.md says)", "all other settings", "set again")


FAULTS = [
    Fault(KIND, "seed=Infinity in a number box", _seed_infinite),
    Fault(KIND, "seed=1e400 in a number box", _seed_too_big),
    Fault(KIND, "A width of 5,000 digits", _width_of_digits),
    Fault(KIND, "train-steps=1_000, which Python would read", _steps_underscored),
    Fault(KIND, "An empty value where a choice is required", _family_empty),
    Fault(KIND, "A chat template that there is not", _template_unknown),
    Fault(KIND, "A tab that there is not, on eight pages", _tabs_unknown),
    Fault(KIND, "A step, a lesson, a box, a part and a room that there are not", _names_of_nothing),
    Fault(KIND, "merges of 5,000 digits", _merges_of_digits),
    Fault(KIND, "A column of Decoding with k = Infinity", _columns_infinite),
    Fault(KIND, "A path with a token ID of 5,000 digits", _path_of_digits),
    Fault(KIND, "A temperature of inf on the river", _river_infinite),
    Fault(KIND, "A slider whose range has one value", _one_token_of_context),
    Fault(KIND, "5,000 digits in the environment", _environment_of_digits),
]
