"""Hostile chat files and links: what gets in, and what is said about the rest."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.faults.frame import Fault, Fuzz, Outcome
from lib.chat import Conversation, ConversationError, as_html, from_data, from_json, to_json
from lib.chat.links import decode, encode
from lib.chat.storage import from_storage, growing_to_storage, to_storage
from lib.ui.chat.reply import stats_line

_TEXTS = ["", "Hi", "naïve 🚀", "<b>$x$</b>", "![x](http://127.0.0.1:9/x)", "a\n\n```\nb", "\u202e\u200d", "x" * 5_000]
_VALUES: list[Any] = [
    None,
    True,
    -1,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "\ud800",
    "12",
    [],
    {},
    [[]],
    {"a": 1},
]
_FIELDS = ("reply_tokens", "seconds", "tokens_per_s", "first_token_s", "seed", "finish", "dtype", "model_id", "prefill")


def sample() -> Conversation:
    """A short conversation with measurements."""
    talk = Conversation(system="Be brief.")
    talk.add("user", "Hi")
    reply = talk.add("assistant", "Hello.")
    reply.stats = {"seed": 7, "reply_tokens": 2, "seconds": 0.5, "tokens_per_s": 4.0, "finish": "stop", "model": "M"}
    return talk


def conversation_of(rng: random.Random) -> Conversation:
    """Any conversation that can come about: branches, edits, measurements."""
    talk = Conversation(title=rng.choice(["New conversation", "a title"]), system=rng.choice([None, "", "Be brief."]))
    for _ in range(rng.randint(1, 12)):
        parent = rng.choice(["", *talk.messages]) if rng.random() < 0.3 else None
        message = talk.add(rng.choice(["user", "assistant"]), rng.choice(_TEXTS), parent=parent)
        if message.role == "assistant":
            message.stats = {"seed": rng.randrange(99), "reply_tokens": rng.randrange(99), "seconds": rng.random()}
    return talk


def hostile_file(rng: random.Random) -> str:
    """A saved conversation in which some values are others, and some characters are spoilt."""
    data: Any = json.loads(to_json(conversation_of(rng)))
    for _ in range(rng.randint(1, 4)):
        _spoil(data, rng)
    text = json.dumps(data)
    for _ in range(rng.choice((0, 0, 0, 1, 5))):
        at = rng.randrange(len(text))
        text = (
            text[:at] + rng.choice(["", "{", "[" * 2_000, "9" * 5_000, '"', "\\ud800", "\0", "null"]) + text[at + 1 :]
        )
    return text


def _spoil(data: dict[str, Any], rng: random.Random) -> None:
    messages = data["messages"] if isinstance(data.get("messages"), list) else []
    entry = rng.choice([one for one in messages if isinstance(one, dict)] or [data])
    match rng.randrange(6):
        case 0:
            data[rng.choice(list(data))] = rng.choice(_VALUES)
        case 1:
            entry[rng.choice([*entry, "id", "role"])] = rng.choice(_VALUES)
        case 2:
            entry["stats"] = {name: rng.choice(_VALUES) for name in rng.sample(_FIELDS, 4)}
        case 3:
            entry["id"] = rng.choice(["", "text-x", "<b>", "x" * 10_000, "../x", entry.get("parent", "")])
        case 4:
            entry["parent"] = entry.get("id", "")  # a circle
        case 5:
            data["chosen"] = {str(rng.choice(_VALUES)): rng.choice(_VALUES), "": entry.get("id")}


def problems_of(text: str) -> list[str]:
    """What is wrong with the conversation that a file becomes: nothing, where it is turned down with a sentence."""
    try:
        talk = from_json(text)
    except ConversationError as error:
        return [] if str(error).endswith(".") and "Error" not in str(error) else [f"no sentence: {error}"]
    saved = to_json(talk)
    again = from_json(saved.encode())
    found = [] if to_json(again) == saved else ["it changes when it is saved and loaded"]
    for message in talk.path():
        as_html(message.content)
        stats_line(message.stats).encode()
    stored, _ = from_storage(to_storage([talk], talk.id), most=20)
    return found + ([] if to_json(stored[talk.id]) == saved else ["the browser keeps something else"])


def _check(text: str) -> None:
    found = problems_of(text)
    assert not found, found


def _link(rng: random.Random) -> str:
    """A chat link, whole or spoilt."""
    try:
        text = encode(conversation_of(rng))
    except ConversationError:
        text = encode(sample())
    for _ in range(rng.choice((0, 1, 3))):
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", "A", "=", "é", "\0", "/", "AAAA"]) + text[at + 1 :]
    return text


def _check_link(text: str) -> None:
    try:
        _check(to_json(decode(text)))
    except ConversationError as error:
        assert str(error).endswith("."), error


def _loaded(change: Callable[[dict[str, Any]], object], heal: str) -> Callable[[Path], Outcome]:
    """A fault in a file that is loaded all the same, without what was wrong."""

    def provoke(folder: Path) -> Outcome:
        data = json.loads(to_json(sample()))
        change(data)
        talk = from_json(json.dumps(data))
        assert [m.content for m in talk.path()] == ["Hi", "Hello."]
        read = stats_line(talk.path()[1].stats)
        assert "stats" not in read and from_json(to_json(talk)).path()[1].content == "Hello."
        return Outcome(f"Hello. ({read})", "both messages", heal)

    return provoke


def _refused(text: Callable[[], str | bytes]) -> Callable[[Path], Outcome]:
    """A file that is turned down with a sentence."""

    def provoke(folder: Path) -> Outcome:
        try:
            from_json(text())
        except ConversationError as error:
            again = from_data(json.loads(to_json(sample())))
            assert len(again.path()) == 2
            return Outcome(str(error), "the conversation on screen", "a whole file loaded")
        raise AssertionError("it was loaded")

    return provoke


def _circle() -> str:
    data = json.loads(to_json(sample()))
    data["messages"][0]["parent"] = data["messages"][1]["id"]
    return json.dumps(data)


def _reload(folder: Path) -> Outcome:
    """The tab's storage as it is while a reply grows, read by the session after the reload."""
    talk = sample()
    before = to_storage([talk], talk.id)
    reply = talk.add("assistant", "Once upon a", parent=next(iter(talk.messages)))
    reply.stats = {"finish": "stopped", "reply_tokens": 3}
    found, current = from_storage(before, growing_to_storage(talk, reply), most=20)
    back = found[current].path()[-1]
    assert back.content == "Once upon a" and back.id == reply.id and back.stats["finish"] != "stop"  # it can go on
    assert len(found[current].messages) == 3
    damaged, _ = from_storage(before, "[" * 50_000, most=20)
    assert [m.content for m in damaged[talk.id].path()] == ["Hi", "Hello."]
    return Outcome(f"{back.content} ({stats_line(back.stats)})", "what was seen of the reply", "Continue is under it")


def _stat(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda data: data["messages"][1]["stats"].update({name: value})


_LEFT_OUT = "loaded without that measurement, saved and loaded again"
FAULTS = [
    Fault("Chat", name, provoke)
    for name, provoke in {
        "A text as the number of a reply's tokens": _loaded(_stat("reply_tokens", "many"), _LEFT_OUT),
        "NaN as a speed in a chat file": _loaded(_stat("tokens_per_s", float("nan")), _LEFT_OUT),
        "A seed of 400 digits in a chat file": _loaded(_stat("seed", 10**400), _LEFT_OUT),
        "Half a character in a system prompt": _loaded(
            lambda data: data.update(system="\ud800"), "loaded with ? in its place"
        ),
        "A reload in the middle of a reply": _reload,
        "Messages that answer each other": _refused(_circle),
        "Brackets 100,000 deep": _refused(lambda: "[" * 100_000),
        "A chat file of 2,001 messages": _refused(lambda: json.dumps([{"role": "user", "content": "x"}] * 2_001)),
        "A chat file that was cut off": _refused(lambda: to_json(sample())[:-30]),
        "A picture instead of a chat file": _refused(lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
    }.items()
]
FUZZES = [Fuzz("Chat files", 2_000, hostile_file, _check, seconds=2.0), Fuzz("Chat links", 2_000, _link, _check_link)]
