"""Making a reply: prompt the engine, show the text as it comes, and keep what was measured.

The message is added to the conversation before the first token and grows in place, so that whatever ends it (Stop, a
closed tab) leaves the text that was there. The engine's side runs in a thread: a click elsewhere cuts the page's run
short, and the next run goes on painting.
"""

import time
from collections.abc import Sequence
from threading import Lock
from typing import Any

from streamlit.delta_generator import DeltaGenerator

from lib import chat
from lib.chat import Conversation, Fitted, Message
from lib.engine import Engine, Step
from lib.errors import PlaygroundError
from lib.tokenization.display import Utf8Stream
from lib.ui.chat.settings import ChatSettings
from lib.ui.chat.state import Task, Workspace
from lib.ui.stream.session import session_alive
from lib.ui.stream.writing import Writing

ALTERNATIVES = 10  # other tokens kept for every step
REPAINT = 0.05  # seconds between two paintings of the growing text
_END_OF_TURN = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>", "</s>")


def prompt(conversation: Conversation, engine: Engine, chosen: ChatSettings, *, until: str | None = None,
           final: str | None = None) -> Fitted:
    """The conversation up to `until` as the model reads it; with `final`, the reply has already begun with that."""
    messages = conversation.to_model(until=until)
    if final is not None:
        messages = [*messages, {"role": "assistant", "content": final}]
    return chat.fit(messages, template=chosen.template, tokenizer=engine.tokenizer, context=engine.info.context,
                    reserve=reserve(engine, chosen), continue_final=final is not None, variables=chosen.variables)


def reserve(engine: Engine, chosen: ChatSettings) -> int:
    """Tokens kept free for the reply: what was asked for, but never more than a quarter of the context."""
    return min(chosen.max_new_tokens, max(engine.info.context // 4, 1))


def stop_ids(engine: Engine, chosen: ChatSettings) -> frozenset[int]:
    """The model's own end tokens, and the end-of-turn token of the template in use."""
    special = engine.tokenizer.special
    ends = {special[text] for text in _END_OF_TURN if text in special and text in chosen.template.source}
    return engine.stop_ids | ends


def begin(space: Workspace, task: Task, engine: Engine, chosen: ChatSettings) -> "Writer":
    """Let the engine work on `task` for the conversation on screen."""
    message, fitted = _begin(space.conversation, task, engine, chosen)
    prefill = "" if task.kind == "continue" else message.content
    space.task = None
    forced = [step.id for step in task.forced]
    seed = chosen.seed + space.conversation.place(message.id)[0] - 1
    message.stats = {
        "finish": "stopped", "prompt_tokens": len(fitted.rendered.ids), "dropped": len(fitted.dropped), "seed": seed,
        "model": engine.info.name, "model_id": chosen.model_id, "dtype": engine.info.dtype,
        "template": chosen.template.label, "temperature": chosen.sampling.temperature, "prefill": prefill,
        "forced": len(forced),
    }
    writing = Writing(lambda: engine.generate(
        [*fitted.rendered.ids, *forced], sampling=chosen.sampling, seed=seed, stop_ids=stop_ids(engine, chosen),
        max_new_tokens=max(min(chosen.max_new_tokens, fitted.room - len(forced)), 1), alternatives=ALTERNATIVES,
    ), alive=session_alive())
    return Writer(message, engine, writing, ends=stop_ids(engine, chosen), stop_texts=chosen.template.stop_texts,
                  forced=task.forced)


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


class Writer:
    """A reply as it grows. `message.tokens` holds the engine's steps, the forced ones first."""

    def __init__(self, message: Message, engine: Engine, writing: Writing, *, ends: frozenset[int],
                 stop_texts: Sequence[str], forced: Sequence[Step]) -> None:
        self.message, self.writing, self.tokenizer = message, writing, engine.tokenizer
        self.ends, self.stop_texts = ends, stop_texts
        self.stream, self.text = Utf8Stream(), message.content
        self.made: list[Step] = []
        self.over = False
        self._mutex = Lock()
        self._follower: object | None = None
        self.started = time.perf_counter()
        for step in forced:
            self._write(step)

    def follow(self, spot: DeltaGenerator) -> None:
        """Paint until the end. Raises PlaygroundError if the engine could not go on.

        Any click ends the run in here; the reply is written on, and the next run calls this again.
        """
        me = self._follower = object()
        try:
            while not self._update():
                self._paint(spot)
                time.sleep(REPAINT)
        finally:
            if self._follower is me:
                self._follower = None
        spot.markdown(chat.harmless(self.message.content))
        if self.writing.error:
            raise PlaygroundError(self.writing.error)

    @property
    def followed(self) -> bool:
        """Whether a run of the page paints it now."""
        return self._follower is not None

    def stop(self) -> None:
        """End the reply; what has come stays."""
        self.writing.stop()
        deadline = time.perf_counter() + 2  # a server elsewhere may let us wait
        while not self._update() and time.perf_counter() < deadline:
            time.sleep(0.005)
        if not self.over:
            self._end("stopped")

    def _update(self) -> bool:
        """Take what has come. Whether that was all."""
        with self._mutex:  # a run that a click has ended may still be in here when the next one comes
            running = self.writing.running  # asked first: nothing comes after the end
            for step in [] if self.over else self.writing.steps[len(self.made) :]:
                self._take(step)
                if self._cut():
                    self.writing.stop()
                    self._end("stop text")
                    return True
            if not (running or self.over):
                self.message.content += self.stream.flush()
                self._end("stopped" if self.writing.state == "stopped" else self.writing.reason or "stopped")
            return self.over

    def _end(self, finish: str) -> None:
        self.message.stats["finish"] = finish
        self.over = True

    def _paint(self, spot: DeltaGenerator) -> None:
        if self.made:
            spot.markdown(chat.harmless(self.message.content) + " ▌")
            return
        icon = "hourglass" if self.writing.queue_position else "bolt"
        spot.caption(f":material/{icon}: {self.writing.waiting} ({time.perf_counter() - self.started:.1f} s)")

    def _take(self, step: Step) -> None:
        self.made.append(step)
        self._write(step)
        stats, later = self.message.stats, sum(one.seconds for one in self.made[1:])
        stats["first_token_s"] = round(self.made[0].seconds, 3)
        stats["reply_tokens"], stats["seconds"] = len(self.made), round(self.made[0].seconds + later, 3)
        stats["tokens_per_s"] = round((len(self.made) - 1) / later, 2) if later > 0 else None

    def _write(self, step: Step) -> None:
        self.message.tokens.append(step)
        if step.id not in self.ends:
            self.text += self.stream.feed(self.tokenizer.token_bytes(step.id))
        self.message.content = self.text

    def _cut(self) -> bool:
        """A model without an end-of-turn token goes on with the other speaker's part: stop there."""
        at = min((at for at in map(self.text.find, self.stop_texts) if at >= 0), default=-1)
        if self.stop_texts:
            self.message.content = (self.text if at < 0 else self.text[:at]).lstrip()
        return at >= 0


FINISH = {
    "stop": "the model ended its turn",
    "length": "longest reply reached",
    "context": "context full",
    "stopped": "stopped",
    "cancelled": "stopped",
    "stop text": "cut off where it began to write the user's part",
}


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
        parts.append(FINISH.get(str(stats["finish"]), str(stats["finish"])))
    return " · ".join(parts)


