"""Making a reply: the prompt, the request, and the line of measurements under it.

The message is added to the conversation before the first token and grows in place (`lib.ui.chat.growing_reply`), so
that whatever ends it (Stop, a closed tab) leaves the text that was there.
"""

from typing import Any

from lib import chat
from lib.chat import Conversation, Fitted, Message
from lib.engine import Engine, alternatives_of
from lib.models.chat_format import END_OF_TEXT, END_OF_TURN
from lib.text_format import finished
from lib.ui.chat.growing_reply import GrowingReply
from lib.ui.chat.settings import ChatSettings
from lib.ui.chat.state import Task, Workspace
from lib.ui.components.last_run import last_answer
from lib.ui.components.session import session_alive, session_id

ALTERNATIVES = 10  # other tokens kept for every step


def prompt(
    conversation: Conversation,
    engine: Engine,
    chosen: ChatSettings,
    *,
    until: str | None = None,
    final: str | None = None,
) -> Fitted:
    """The conversation up to `until` as the model reads it; with `final`, the reply has already begun with that.

    The last one is kept in the session: the request and the X-ray ask for the same, and most runs change nothing in it.
    """
    messages = conversation.to_model(until=until)
    if final is not None:
        messages = [*messages, {"role": "assistant", "content": final}]
    asked = (messages, final, chosen.template, chosen.variables, engine.info, reserve(engine, chosen))
    return last_answer(
        "chat-prompt",
        asked,
        lambda: chat.fit(
            messages,
            template=chosen.template,
            tokenizer=engine.tokenizer,
            context=engine.info.context,
            reserve=reserve(engine, chosen),
            continue_final=final is not None,
            variables=chosen.variables,
        ),
    )


def reserve(engine: Engine, chosen: ChatSettings) -> int:
    """Tokens kept free for the reply: what was asked for, but never more than a quarter of the context."""
    return min(chosen.max_new_tokens, max(engine.info.context // 4, 1))


def stop_ids(engine: Engine, chosen: ChatSettings) -> frozenset[int]:
    """The model's own end tokens, and the end-of-turn token of the template in use."""
    special = engine.tokenizer.special
    ends = {special[text] for text in END_OF_TURN + END_OF_TEXT if text in special and text in chosen.template.source}
    return engine.stop_ids | ends


def begin(space: Workspace, task: Task, engine: Engine, chosen: ChatSettings) -> GrowingReply:
    """Let the engine work on `task` for the conversation on screen."""
    message, fitted = _begin(space.conversation, task, engine, chosen)
    prefill = "" if task.kind == "continue" else message.content
    space.task = None
    forced = [step.id for step in task.forced]
    seed = chosen.seed + space.conversation.place(message.id)[0] - 1
    message.stats = {
        "finish": "stopped",
        "prompt_tokens": len(fitted.rendered.ids),
        "dropped": len(fitted.dropped),
        "seed": seed,
        "model": engine.info.name,
        "model_id": chosen.model_id,
        "dtype": engine.info.dtype,
        "template": chosen.template.label,
        "temperature": chosen.sampling.temperature,
        "prefill": prefill,
        "forced": len(forced),
    }
    owner = session_id()
    return GrowingReply(
        message,
        engine.tokenizer,
        lambda: engine.generate(
            [*fitted.rendered.ids, *forced],
            sampling=chosen.sampling,
            seed=seed,
            stop_ids=stop_ids(engine, chosen),
            max_new_tokens=max(min(chosen.max_new_tokens, fitted.room - len(forced)), 1),
            alternatives=alternatives_of(engine, ALTERNATIVES),
            owner=owner,
        ),
        alive=session_alive(),
        ends=stop_ids(engine, chosen),
        stop_texts=chosen.template.stop_texts,
        forced=task.forced,
    )


def _begin(conversation: Conversation, task: Task, engine: Engine, chosen: ChatSettings) -> tuple[Message, Fitted]:
    """The (new or continued) message and the prompt. Nothing changes if the prompt cannot be made."""
    if task.kind == "continue":
        message = conversation.messages[task.message]
        return message, prompt(conversation, engine, chosen, until=message.id, final=message.content)
    old = conversation.chosen.pop(task.parent, None)  # the branch ends at the message that is answered
    try:
        prefill = chosen.prefill if task.kind == "answer" else task.prefill
        fitted = prompt(conversation, engine, chosen, final=prefill or None)
    except ValueError:
        if old is not None:
            conversation.chosen[task.parent] = old
        raise
    return conversation.add("assistant", prefill, parent=task.parent), fitted


def stats_line(stats: dict[str, Any]) -> str:
    """One line under a reply: tokens, speed, first token, why it ended."""
    count = stats.get("reply_tokens") or 0
    parts = [f"{count:,} token{'s' * (count != 1)}"] if count else []
    if stats.get("tokens_per_s"):
        parts.append(f"{stats['tokens_per_s']:.1f} tokens/s")
    if stats.get("first_token_s") is not None:
        parts.append(f"first token after {stats['first_token_s']:.2f} s")
    if stats.get("dtype") and stats.get("reply_tokens"):
        parts.append(str(stats["dtype"]))
    if stats.get("finish"):
        parts.append(finished(str(stats["finish"]), "turn"))
    return " · ".join(parts)
