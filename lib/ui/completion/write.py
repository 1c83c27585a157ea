"""All cells write at the same time: their engines batch the requests, and the page looks at them in turns."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.engine import Engine, Generation, Sampling
from lib.errors import PlaygroundError
from lib.tokenization.display import Utf8Stream
from lib.ui.chrome import escape
from lib.ui.completion.cells import Cell
from lib.ui.stream.session import session_alive
from lib.ui.stream.token_stream import stream_tokens, token_stream
from lib.ui.stream.writing import Writing, tick

FINISH = {"stop": "ended its turn", "length": "longest text reached", "context": "context full",
          "cancelled": "stopped"}
Texts = Mapping[str, Writing]  # by the cells' keys


def write(cells: Sequence[Cell], *, sampling: Sampling, length: int, seed: int) -> dict[str, Writing]:
    """Begin the texts of all cells at the same time."""
    alive = session_alive()

    def begin(cell: Cell) -> Callable[[], Generation]:
        def ask() -> Generation:
            ids, context = cell.rendered.ids, cell.engine.info.context
            if len(ids) >= context:
                raise PlaygroundError(f"The prompt has {len(ids):,} tokens and leaves {cell.title} no room.")
            return cell.engine.generate(ids, sampling=sampling, seed=seed, alternatives=8,
                                        max_new_tokens=min(length, context - len(ids)))

        return ask

    return {cell.key: Writing(begin(cell), alive=alive) for cell in cells}


def stop(texts: Texts) -> None:
    """End all; what is there stays."""
    for text in texts.values():
        text.stop()


def watch(key: str, cells: Sequence[Cell], texts: Texts, slots: Mapping[str, DeltaGenerator], *, note: str = "",
          colour: bool = False) -> None:
    """Draw the texts into their slots, again and again while any of them grows.

    `key` names this group in the session: when its last text has ended, the page is drawn once more as a whole.
    """

    def draw() -> None:
        running = any(text.running for text in texts.values())  # looked at before the texts: none is missed
        for cell in cells:
            with slots[cell.key]:
                show(cell, texts.get(cell.key), note=note, colour=colour)
        if st.session_state.get(key) and not running:
            st.session_state[key] = False
            st.rerun()

    live = st.session_state[key] = any(text.running for text in texts.values())
    st.fragment(draw, run_every=tick() if live else None)()


def show(cell: Cell, text: Writing | None, *, note: str, colour: bool) -> None:
    """The text of one cell and the line under it: always two elements, so that a later look replaces this one."""
    if text is None:
        st.caption("Nothing written yet.")
        st.empty()
        return
    steps, engine = text.steps, cell.engine
    if text.error:
        st.error(escape(text.error), icon=":material/error:")
    elif not steps and text.running:
        st.caption(text.waiting)
    elif colour and steps:
        token_stream(f"cvc-tokens-{cell.key}", stream_tokens(engine.tokenizer, steps), branch=False, live=text.running)
    elif (words := written(text, engine)) or text.running:
        st.code(words + (" ▌" if text.running else ""), language=None, wrap_lines=True)
    else:
        st.info("It ended at once: to these weights the message reads as a finished turn." if text.reason == "stop"
                else "Nothing was written.")
    control = {token_id: name for name, token_id in engine.tokenizer.special.items()}
    line = "" if text.running or text.error else summary(text, control)
    st.caption(escape(line) + note) if line else st.empty()


def written(text: Writing, engine: Engine) -> str:
    """The words without the end token; an unfinished character waits while more may come."""
    ended, stream = not text.running, Utf8Stream()
    data = b"".join(engine.tokenizer.token_bytes(step.id) for step in text.steps if step.id not in engine.stop_ids)
    return stream.feed(data) + (stream.flush() if ended else "")


def summary(text: Writing, control: Mapping[int, str]) -> str:
    """One line under a finished text."""
    steps, reason = text.steps, "cancelled" if text.state == "stopped" else text.reason
    parts = [f"{len(steps):,} token{'s' * (len(steps) != 1)}", FINISH.get(reason, reason)]
    if steps and reason == "stop":
        last = steps[-1]
        parts[-1] += f" with {control.get(last.id, 'its end token')} (probability {100 * last.prob:.0f} %)"
    if text.rate and len(steps) > 1:
        parts.append(f"{text.rate:.1f} tokens/s")
    return " · ".join(parts)
