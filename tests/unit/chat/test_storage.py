"""Chat files and what the browser keeps: what is saved is loaded again to the same, and nothing wrong gets in."""

import json
import random
from dataclasses import asdict

import pytest

from benchmarks.faults.chat_files import conversation_of, hostile_file, problems_of, sample
from lib.chat import Conversation, ConversationError, Message, from_data, from_json, to_json
from lib.chat.measurements import measured
from lib.chat.storage import from_storage, growing_to_storage, snapshot, to_storage


def strict(text: str) -> object:
    """JSON as every other program reads it."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.parametrize("seed", range(20))
def test_what_is_saved_is_strict_json_and_comes_back_the_same(seed: int) -> None:
    talk = conversation_of(random.Random(seed))
    saved = to_json(talk)
    strict(saved)
    again = from_json(saved.encode())
    assert to_json(again) == saved and [m.id for m in again.path()] == [m.id for m in talk.path()]


def test_no_number_and_half_characters_are_saved_as_what_can_be_loaded() -> None:
    talk = Conversation(system="b\ud800")
    message = talk.add("user", "c\ud800")
    talk.title = "a\ud800"
    message.stats = {"seconds": float("nan"), "tokens_per_s": float("inf"), "model": "d\ud800", "seed": 10**400}
    again = from_json(to_json(talk).encode())
    assert (again.title, again.system, again.path()[0].content) == ("a?", "b?", "c?")
    assert again.path()[0].stats == {"model": "d?"}


@pytest.mark.parametrize("value", ["12", [1], {"a": 1}, True, -1, 10**400, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["reply_tokens", "tokens_per_s", "first_token_s", "seed", "temperature"])
def test_a_measurement_that_is_none_is_left_out(name: str, value: object) -> None:
    assert measured({name: value, "finish": "stop"}) == {"finish": "stop"}


@pytest.mark.parametrize("digits", ["9" * 5_000, "NaN", "-Infinity", "1e999"])
def test_a_number_that_is_none_does_not_stop_a_file(digits: str) -> None:
    data = to_json(sample()).replace('"seed": 7', f'"seed": {digits}')
    again = from_json(data)
    assert "seed" not in again.path()[1].stats and again.path()[1].stats["reply_tokens"] == 2


def test_names_of_messages_that_are_not_ours_are_changed_and_still_fit_together() -> None:
    data = json.loads(to_json(sample()))
    for entry in data["messages"]:
        entry["id"] = "text-" + entry["id"] + "<b>"
        entry["parent"] = entry["parent"] and "text-" + entry["parent"] + "<b>"
    data["chosen"] = {(k and f"text-{k}<b>"): f"text-{v}<b>" for k, v in data["chosen"].items()}
    again = from_data(data)
    assert [m.content for m in again.path()] == [m.content for m in sample().path()]
    assert all(len(name) == 8 for name in again.messages)


def test_a_turn_that_was_added_by_hand_follows_the_one_before() -> None:
    data = json.loads(to_json(Conversation()))
    data["messages"] = [{"role": role, "content": role} for role in ("user", "assistant", "user")]
    assert [message.content for message in from_data(data).path()] == ["user", "assistant", "user"]


@pytest.mark.parametrize("plain", [False, True])
def test_a_message_that_cannot_be_read_is_named(plain: bool) -> None:
    data = json.loads(to_json(Conversation()))
    data["messages"] = [{"role": "user", "content": "a"}, {"role": "user", "content": 5}]
    with pytest.raises(ConversationError, match='Message 2 of this file has no "content"'):
        from_data(data["messages"] if plain else data)


def test_a_wrong_choice_is_the_last_answer() -> None:
    data = json.loads(to_json(sample()))
    data["chosen"] = {"": 7, "nobody": data["messages"][0]["id"], data["messages"][0]["id"]: data["messages"][0]["id"]}
    assert next(m.content for m in from_data(data).path()) == "Hi"


@pytest.mark.parametrize("seed", range(4))
def test_no_hostile_file_gets_in_as_it_is(seed: int) -> None:
    rng = random.Random(seed)
    assert [found for _ in range(50) for found in problems_of(hostile_file(rng))] == []


def two() -> tuple[Conversation, Message]:
    talk = sample()
    reply = talk.add("assistant", "as far as it ha")
    reply.stats = {"finish": "stopped", "reply_tokens": 5}
    return talk, reply


def test_a_reply_that_was_being_written_is_back_as_far_as_it_had_come() -> None:
    talk, reply = two()
    growing = growing_to_storage(talk, reply)
    for stored in ("", "as"):  # how much of it the run had stored that began it
        reply.content = stored
        found, current = from_storage(to_storage([talk], talk.id), growing, most=20)
        assert current == talk.id and found[talk.id].path()[-1].content == "as far as it ha"
        assert found[talk.id].path()[-1].stats == reply.stats
    talk.messages.pop(reply.id)
    found, _ = from_storage(to_storage([talk], talk.id), growing, most=20)
    assert found[talk.id].path()[-1].content == "as far as it ha"  # a reply that nothing was stored of


@pytest.mark.parametrize(
    "growing", ["", "[", "3", "{}", '{"conversation": 3}', '{"conversation": "NAME", "message": 4}',
                '{"conversation": "NAME", "message": {"id": "x", "parent": [], "role": "assistant", "content": "x"}}',
                '{"conversation": "NAME", "message": {"id": "x", "parent": "", "role": "system", "content": "x"}}',
                '{"conversation": "NAME", "message": {"id": "x", "parent": "no", "role": "assistant", "content": 3}}'],
)  # fmt: skip
def test_what_is_damaged_in_the_browser_is_left_out(growing: str) -> None:
    talk, _ = two()
    text = to_storage([talk], talk.id)
    found, current = from_storage(text, growing.replace("NAME", talk.id), most=20)
    assert current == talk.id and asdict(found[talk.id]) == asdict(from_named(text, talk.id))
    for damaged in ("", "[" * 100_000, '{"conversations": 3}', text[:-20], '{"conversations": [3, null, {}]}'):
        assert from_storage(damaged, growing, most=20) == ({}, "")


def from_named(text: str, name: str) -> Conversation:
    found = from_data(json.loads(text)["conversations"][0])
    found.id = name
    return found


def test_only_so_many_conversations_come_back_and_their_names_are_ours() -> None:
    talks = [sample() for _ in range(30)]
    found, current = from_storage(to_storage(talks, talks[0].id), most=20)
    assert len(found) == 20 and current == "" and list(found) == [talk.id for talk in talks[10:]]
    talks[0].id = "../x"
    assert all(len(name) == 11 for name in from_storage(to_storage(talks[:1], "../x"), most=20)[0])


def test_a_file_that_is_too_much_is_a_sentence() -> None:
    with pytest.raises(ConversationError, match="over 8 MB"):
        from_json(" " * 8_000_001)


@pytest.mark.parametrize("change", [
    lambda talk: setattr(talk, "title", "another"),
    lambda talk: setattr(talk, "system", "You are a cat."),
    lambda talk: talk.add("user", "more"),
    lambda talk: talk.edit(talk.path()[0].id, "other words"),
    lambda talk: talk.delete(talk.path()[1].id),
    lambda talk: talk.clear(),
    lambda talk: setattr(talk.path()[1], "content", talk.path()[1].content + " and on"),  # as a reply grows
    lambda talk: talk.path()[1].stats.update(finish="stopped"),
    lambda talk: talk.step(talk.path()[0].id, -1),
])  # fmt: skip
def test_a_snapshot_is_another_after_every_change_that_would_be_stored(change) -> None:
    talk = Conversation()
    talk.add("user", "an earlier branch")
    talk.add("user", "Hi", parent="")
    talk.add("assistant", "Hello").stats = {"finish": "stop", "seed": 1}
    before, stored = snapshot(talk), to_storage([talk], talk.id)
    assert snapshot(talk) == before
    change(talk)
    assert to_storage([talk], talk.id) != stored and snapshot(talk) != before
