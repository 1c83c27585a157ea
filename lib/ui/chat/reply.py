"""Making a reply: prompt the engine, show the text as it comes, and keep what was measured.

The message is added to the conversation before the first token and grows in place, so that whatever ends the run (Stop,
a click elsewhere, a closed tab) leaves the text that was there.
"""

import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from streamlit.delta_generator import DeltaGenerator

from lib import chat
from lib.chat import Conversation, Fitted, Message
from lib.engine import Engine, Generation, Step
from lib.tokenization.display import Utf8Stream
from lib.ui.chat.pump import Pump
from lib.ui.chat.settings import ChatSettings
from lib.ui.chat.state import Task, Workspace
from lib.ui.stream.waiting import waiting

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


def reply(space: Workspace, task: Task, engine: Engine, chosen: ChatSettings, spot: DeltaGenerator) -> None:
    """Carry out `task` on the conversation on screen, painting into `spot`."""
    message, fitted = _begin(space.conversation, task, engine, chosen)
    prefill = "" if task.kind == "continue" else message.content
    space.running, space.task = message.id, None
    forced = [step.id for step in task.forced]
    seed = chosen.seed + space.conversation.place(message.id)[0] - 1
    message.stats = {
        "finish": "stopped", "prompt_tokens": len(fitted.rendered.ids), "dropped": len(fitted.dropped), "seed": seed,
        "model": engine.info.name, "model_id": chosen.model_id, "dtype": engine.info.dtype,
        "template": chosen.template.label, "temperature": chosen.sampling.temperature, "prefill": prefill,
        "forced": len(forced),
    }
    generation = engine.generate(
        [*fitted.rendered.ids, *forced], sampling=chosen.sampling, seed=seed, stop_ids=stop_ids(engine, chosen),
        max_new_tokens=max(min(chosen.max_new_tokens, fitted.room - len(forced)), 1), alternatives=ALTERNATIVES,
    )
    Writer(message, engine, stop_ids(engine, chosen), chosen.template.stop_texts, task.forced).follow(generation, spot)
    space.running = ""


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

    def __init__(self, message: Message, engine: Engine, ends: frozenset[int], stop_texts: Sequence[str],
                 forced: Sequence[Step]) -> None:
        self.message, self.tokenizer, self.ends, self.stop_texts = message, engine.tokenizer, ends, stop_texts
        self.stream = Utf8Stream()
        self.text = message.content
        self.made: list[Step] = []
        self.started, self.painted = time.perf_counter(), 0.0
        for step in forced:
            self._write(step)

    def follow(self, generation: Generation, spot: DeltaGenerator) -> None:
        """Read steps until the end or a stop text, repainting now and then."""
        with closing(Pump(generation).steps(wait=0.1)) as steps:  # Stop leaves through here and ends the work
            for step in steps:
                if step is None:
                    self._wait(generation, spot)
                    continue
                self._take(step)
                if self._cut():
                    self.message.stats["finish"] = "stop text"
                    break
                if time.perf_counter() - self.painted > REPAINT:
                    self._paint(spot)
            else:
                self.message.content += self.stream.flush()
                self.message.stats["finish"] = generation.finish_reason or "stop"
        spot.markdown(chat.harmless(self.message.content))

    def _paint(self, spot: DeltaGenerator) -> None:
        spot.markdown(chat.harmless(self.message.content) + " ▌")
        self.painted = time.perf_counter()

    def _take(self, step: Step) -> None:
        self.made.append(step)
        self._write(step)
        stats, seconds = self.message.stats, time.perf_counter() - self.started
        stats.setdefault("first_token_s", round(seconds, 3))
        stats["reply_tokens"], stats["seconds"] = len(self.made), round(seconds, 3)
        later = sum(one.seconds for one in self.made[1:])
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

    def _wait(self, generation: Generation, spot: DeltaGenerator) -> None:
        if self.made:
            self._paint(spot)  # nothing new to see, but a moment at which Stop can end the run
            return
        icon = "hourglass" if generation.queue_position else "bolt"
        spot.caption(f":material/{icon}: {waiting(generation)} ({time.perf_counter() - self.started:.1f} s)")


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


