"""Conversations as trees, as files, fitted to a context; makers' settings."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import chat, tokenization
from lib.chat import (
    ROOT,
    Conversation,
    ConversationError,
    TooLongError,
    fit,
    from_json,
    generation_defaults,
    recommended,
    to_json,
    to_markdown,
)
from lib.chat.context_window import _first_that_fits


def talk(*contents: str) -> Conversation:
    conversation = Conversation()
    for index, content in enumerate(contents):
        conversation.add(("user", "assistant")[index % 2], content)
    return conversation


def shown(conversation: Conversation) -> list[str]:
    return [message.content for message in conversation.path()]


def test_an_edit_is_a_branch_and_the_old_one_stays() -> None:
    conversation = talk("a", "b", "c", "d")
    old = conversation.path()[0]
    new = conversation.edit(old.id, "A")
    assert shown(conversation) == ["A"] and conversation.place(new.id) == (2, 2)
    conversation.add("assistant", "B")
    conversation.step(new.id, -1)
    assert shown(conversation) == ["a", "b", "c", "d"]
    conversation.step(old.id, -1)  # already the first
    conversation.step(old.id, 1)
    assert shown(conversation) == ["A", "B"]


def test_delete_takes_what_followed_and_shows_what_is_left() -> None:
    conversation = talk("a", "b", "c")
    first = conversation.path()[0]
    other = conversation.add("assistant", "b2", parent=first.id)
    conversation.delete(other.id)
    assert shown(conversation) == ["a", "b", "c"]
    conversation.delete(first.id)
    assert not conversation.messages and not conversation.chosen
    with pytest.raises(ConversationError):
        conversation.delete(first.id)


@given(st.lists(st.tuples(st.sampled_from(["add", "edit", "delete", "step"]), st.integers(0, 30)), max_size=40))
def test_any_sequence_of_actions_leaves_a_sound_tree(actions: list[tuple[str, int]]) -> None:
    conversation = Conversation()
    for action, number in actions:
        ids = list(conversation.messages)
        if action == "add" or not ids:
            conversation.add(("user", "assistant")[number % 2], str(number))
        elif action == "edit":
            conversation.edit(ids[number % len(ids)], "e")
        elif action == "delete":
            conversation.delete(ids[number % len(ids)])
        else:
            conversation.step(ids[number % len(ids)], number % 3 - 1)
        messages = conversation.messages
        assert all(m.parent == ROOT or m.parent in messages for m in messages.values())
        assert all(
            child in messages and messages[child].parent == parent for parent, child in conversation.chosen.items()
        )
        assert not messages or conversation.path()
        again = from_json(to_json(conversation))
        assert shown(again) == shown(conversation) and list(again.messages) == list(messages)


def test_what_goes_to_the_model() -> None:
    conversation = talk("a", "b", "c")
    assert [m["role"] for m in conversation.to_model()] == ["user", "assistant", "user"]
    conversation.system = ""
    sent = conversation.to_model(until=conversation.path()[2].id)
    assert sent == [
        {"role": "system", "content": ""},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
    ]


def test_saved_and_loaded_again() -> None:
    conversation = talk("Hi 🚀", "<b>$x$</b>\n```\ncode\n```")
    conversation.system = "Be brief."
    conversation.path()[1].stats = {"seed": 3, "tokens_per_s": 1.5}
    again = from_json(to_json(conversation).encode())
    assert again.messages == conversation.messages and again.system == "Be brief." and again.title == "Hi 🚀"
    document = to_markdown(again, model="M")
    assert "## User\n\nHi 🚀" in document and "```\ncode\n```" in document and "Be brief." in document


def test_a_plain_list_of_messages_can_be_loaded() -> None:
    entries = [{"role": role, "content": role[0]} for role in ("system", "user", "assistant")]
    for data in (entries, {"messages": entries}):
        conversation = from_json(json.dumps(data))
        assert conversation.system == "s" and shown(conversation) == ["u", "a"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        "3",
        '{"messages": 3}',
        '[{"role": "root", "content": "x"}]',
        '[{"role": "user"}]',
        "[3]",
        '{"format": "llm-playground-chat", "version": 99}',
        '{"format": "llm-playground-chat", "version": 1, "title": "t", "system": 3, "messages": []}',
        '{"format": "llm-playground-chat", "version": 1, "title": "t", "system": null, "messages": '
        '[{"id": "a", "parent": "b", "role": "user", "content": "x"}]}',
        '{"format": "llm-playground-chat", "version": 1, "title": "t", "system": null, "messages": '
        '[{"id": "a", "parent": "a", "role": "user", "content": "x"}]}',
        json.dumps([{"role": "user", "content": "x"}] * 2_001),
        " " * 8_000_001,
    ],
)
def test_a_bad_file_gives_a_sentence(text: str) -> None:
    with pytest.raises(ConversationError) as caught:
        from_json(text)
    assert str(caught.value).endswith(".")


def test_half_characters_in_a_file_do_not_stop_it() -> None:
    assert shown(from_json(r'[{"role": "user", "content": "a\ud83d"}]')) == ["a?"]


def test_the_oldest_turns_go_first_and_the_system_prompt_stays() -> None:
    tokenizer = tokenization.load("gpt2")
    messages = [{"role": "system", "content": "Be brief."}]
    for turn in range(20):
        messages += [
            {"role": "user", "content": f"question {turn} " * 5},
            {"role": "assistant", "content": f"answer {turn} " * 5},
        ]
    messages.append({"role": "user", "content": "last"})
    for context in (300, 120):
        fitted = fit(messages, template="plain", tokenizer=tokenizer, context=context, reserve=40)
        assert len(fitted.rendered.ids) + 40 <= context and fitted.room == context - len(fitted.rendered.ids)
        assert fitted.messages[0]["role"] == "system" and fitted.messages[1]["role"] == "user"
        assert fitted.messages[-1]["content"] == "last"
        count = len(fitted.dropped)
        assert count > 0 and count % 2 == 0 and fitted.dropped == tuple(range(1, 1 + count))
        # one turn more would not have fitted
        more = [messages[0], *messages[1 + count - 2 :]]
        assert len(chat.render(more, template="plain", tokenizer=tokenizer).ids) + 40 > context
    assert fit(messages, template="plain", tokenizer=tokenizer, context=10_000, reserve=40).dropped == ()


@pytest.mark.parametrize("count", [1, 2, 3, 9, 40])
def test_the_first_turn_that_fits_is_found_from_any_guess(count: int) -> None:
    for right in range(count):
        for guess in range(count):
            asked: list[int] = []
            fits = lambda turn, asked=asked, right=right: asked.append(turn) or (turn if turn >= right else None)  # noqa: E731
            assert _first_that_fits(guess, count, fits) == right
            assert len(asked) <= 2 * abs(guess - right).bit_length() + 2 and (guess != right or len(asked) <= 2)


def test_a_last_message_that_cannot_fit_says_so() -> None:
    with pytest.raises(TooLongError, match="can attend to 50"):
        fit(
            [{"role": "user", "content": "word " * 100}],
            template="plain",
            tokenizer=tokenization.load("gpt2"),
            context=50,
            reserve=10,
        )


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (None, {}),
        ({"eos_token_id": 2}, {"temperature": 0.0}),
        (
            {"do_sample": False, "temperature": 0.7, "repetition_penalty": 1.1},
            {"temperature": 0.0, "repetition_penalty": 1.1},
        ),
        (
            {"do_sample": True, "temperature": 0.7, "top_p": 0.8, "top_k": 20},
            {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
        ),
        ({"do_sample": True}, {"temperature": 1.0, "top_k": 50}),
        ("[", {}),
    ],
)
def test_the_makers_settings_are_read_and_nonsense_is_none(tmp_path, data, found) -> None:
    if data is not None:
        (tmp_path / "generation_config.json").write_text(data if isinstance(data, str) else json.dumps(data))
    assert generation_defaults(tmp_path) == found
    advised = recommended("a template", tmp_path)
    samples = found.get("temperature", 0) > 0
    assert (None if advised is None else advised.values) == (found if samples else None)
