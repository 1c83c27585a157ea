"""All cells write at the same time: their engines batch the requests, and the page looks at them now and then."""

import math
from collections.abc import Callable, Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.engine import Engine, Generation, Sampling, alternatives_of
from lib.errors import PlaygroundError
from lib.generation.background_text import BackgroundText
from lib.models.chat_format import END_OF_TEXT
from lib.text_format import finished, percent
from lib.tokenization.display import Utf8Stream
from lib.ui.completion.corners import Cell
from lib.ui.components.live_updates import LiveRegion, LiveUpdates
from lib.ui.components.page import escape
from lib.ui.components.replaceable import Replaceable
from lib.ui.components.session import session_alive, session_id
from lib.ui.components.token_stream import show_token_stream, stream_data, stream_tokens

Texts = Mapping[str, BackgroundText]  # by the cells' keys


def begin_all(cells: Sequence[Cell], *, sampling: Sampling, length: int, seed: int) -> dict[str, BackgroundText]:
    """Begin the texts of all cells at the same time."""
    alive, owner = session_alive(), session_id()

    def begin(cell: Cell) -> Callable[[], Generation]:
        def ask() -> Generation:
            ids, context = cell.rendered.ids, cell.engine.info.context
            if len(ids) >= context:
                raise PlaygroundError(f"The prompt has {len(ids):,} tokens and leaves {cell.title} no room.")
            return cell.engine.generate(
                ids,
                sampling=sampling,
                seed=seed,
                alternatives=alternatives_of(cell.engine, 8),
                owner=owner,
                max_new_tokens=min(length, context - len(ids)),
            )

        return ask

    return {cell.key: BackgroundText(begin(cell), alive=alive) for cell in cells}


def stop(texts: Texts) -> None:
    """End all; what is there stays."""
    for text in texts.values():
        text.stop()


def show_all(
    cells: Sequence[Cell],
    texts: Texts,
    slots: Mapping[str, DeltaGenerator],
    *,
    updates: LiveUpdates,
    note: str = "",
    colour: bool = False,
) -> None:
    """Draw the texts into their slots, and keep those that grow up to date."""
    views = []
    for cell in cells:
        with slots[cell.key]:
            text = texts.get(cell.key)
            if text is not None and text.running:
                views.append(_Growing(cell, text, colour=colour))
            else:
                _show(cell, text, note=note, colour=colour)

    def look() -> None:
        for view in views:
            view.look()

    if views:
        updates.add(
            LiveRegion(
                over=lambda: not any(text.running for text in texts.values()), look=look, stop=lambda: stop(texts)
            )
        )


class _Growing:
    """A text of one cell while it grows."""

    def __init__(self, cell: Cell, text: BackgroundText, *, colour: bool) -> None:
        self.cell, self.text = cell, text
        self._place = st.empty()
        self._stream: Replaceable[object] | None = None
        self._seen: tuple[int, str] = (-1, "")
        self._colour = colour
        self.look()

    def look(self) -> None:
        steps, waiting = self.text.steps, self.text.waiting
        if self._seen == (len(steps), waiting if not steps else ""):
            return
        whole = max(self._seen[0], 0)
        self._seen = len(steps), waiting if not steps else ""
        tokenizer = self.cell.engine.tokenizer
        if not steps:
            self._place.caption(waiting)
        elif not self._colour:
            self._place.code(written(self.text, self.cell.engine) + " ▌", language=None, wrap_lines=True)
        elif self._stream is None:
            with self._place.container():
                self._stream = Replaceable(
                    lambda: show_token_stream(
                        f"cvc-tokens-{self.cell.key}", stream_tokens(tokenizer, steps), branch=False, live=True, whole=0
                    )
                )
        else:
            tokens = stream_tokens(tokenizer, steps, whole=whole)
            self._stream.show(stream_data(tokens, branch=False, live=True, whole=whole))


def _show(cell: Cell, text: BackgroundText | None, *, note: str, colour: bool) -> None:
    """A finished text and the line under it."""
    if text is None:
        st.caption("Nothing written yet.")
        return
    steps, engine = text.steps, cell.engine
    if text.error:
        st.error(escape(text.error), icon=":material/error:")
    if colour and steps:
        show_token_stream(f"cvc-tokens-{cell.key}", stream_tokens(engine.tokenizer, steps), branch=False)
    elif words := written(text, engine):
        st.code(words, language=None, wrap_lines=True)
    elif not text.error:
        st.info(
            "It ended at once: its first token was its end token. To these weights the text reads as finished."
            if text.reason == "stop"
            else "Nothing was written."
        )
    if not text.error:
        control = {token_id: name for name, token_id in engine.tokenizer.special.items()}
        st.caption(escape(summary(text, control)) + note)


def written(text: BackgroundText, engine: Engine) -> str:
    """The words without the end token; an unfinished character waits while more may come."""
    ended, stream = not text.running, Utf8Stream()
    data = b"".join(engine.tokenizer.token_bytes(step.id) for step in text.steps if step.id not in engine.stop_ids)
    return stream.feed(data) + (stream.flush() if ended else "")


def summary(text: BackgroundText, control: Mapping[int, str]) -> str:
    """One line under a finished text."""
    steps, reason = text.steps, "cancelled" if text.state == "stopped" else text.reason
    end = control.get(steps[-1].id, "") if steps else ""
    what = "text" if end in END_OF_TEXT else "turn"  # a base model knows no turns
    speed = f" at {text.rate:.1f}\N{NO-BREAK SPACE}tokens/s" if text.rate and len(steps) > 1 else ""
    parts = [f"{len(steps):,} token{'s' * (len(steps) != 1)}{speed}", finished(reason, what).removeprefix("the model ")]
    if steps and reason == "stop":
        last = steps[-1]
        unknown = not end or math.isnan(last.logprob)  # servers keep the end token to themselves
        sure = "" if unknown else f" (probability {percent(math.exp(last.logprob))})"  # T = 1, unfiltered
        parts[-1] += f" with {end or 'its end token'}{sure}"
    return " · ".join(parts)
