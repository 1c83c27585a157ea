"""The decoding page's words: the code of every column, questions with computed answers, the takeaways."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from lib import models
from lib.decoding import text_metrics
from lib.decoding.transformers_code import decoding_program
from lib.engine import Engine, Sampling
from lib.engine.sampling import distribution
from lib.errors import PlaygroundError
from lib.ui import cache
from lib.ui.components.glossary import term
from lib.ui.components.page import escape, predict, takeaways
from lib.ui.decoding.state import Column, numbered

_GREEDY_TOKENS, _BEAM_TOKENS = 60, 16
_ROUNDED = "the app's own copy may be rounded: its numbers, and some tokens, can differ"


def code_panel(engine: Engine, columns: Sequence[Column], prompt: str, *, seed: int, max_new_tokens: int) -> None:
    """Every column as a program with `transformers`."""
    usable = [column for column in columns if column.strategy.problem() is None]
    if not usable or not prompt:
        st.caption("No column can run at the moment.")
        return
    which, words = st.columns([1, 2], vertical_alignment="center")
    place = which.selectbox(
        "Column",
        range(len(usable)),
        key="decoding-code-which",
        format_func=lambda i: numbered(columns, usable[i]),
        label_visibility="collapsed",
    )
    words.markdown(
        "Each column as a complete program. `generate` silently applies `top_k=50` and what the model's "
        "`generation_config.json` says, so every setting is written out."
    )
    strategy = usable[min(place or 0, len(usable) - 1)].strategy
    if engine.info.dtype == "remote":
        raise PlaygroundError(
            f"{engine.info.name} is on a server, which computes each column: there is no program for this machine."
        )
    model, about = source(engine.info.model_id)
    st.code(
        decoding_program(
            strategy,
            model=model,
            about=about,
            prompt=_prompt(engine, prompt),
            max_new_tokens=max_new_tokens,
            seed=seed,
            stop_ids=engine.stop_ids,
            dtype=engine.info.dtype,
        ),
        language="python",
    )


def source(model_id: str) -> tuple[str, str]:
    """What `from_pretrained` takes and a remark: the hub's name, or the name of a folder that only this app has."""
    spec, location = models.spec(model_id), models.where(model_id)
    if model_id in models.SHIPPED:
        return f"lib/models/shipped/{model_id}", "it comes with the app: run this in the app's folder"
    if not spec.hub_id:
        return spec.name, f"the model folder {' '.join(spec.name.split())}: write here where your copy of it is"
    rounded = model_id == models.EMBEDDED and location is not None and location.source == "app"
    return spec.hub_id, _ROUNDED if rounded else ""


def _prompt(engine: Engine, prompt: str) -> str | list[int]:
    """The text, or its ids where transformers would read special tokens into it."""
    if any(text in prompt for text in engine.tokenizer.special):
        return [token.id for token in engine.tokenizer.encode(prompt)]
    return prompt


def questions(engine: Engine, model_id: str, ids: Sequence[int]) -> None:
    """Predict, then reveal: computed for the prompt that stands there."""
    if not ids:
        st.caption("Type a prompt: the questions are about how the model continues it.")
        return
    tag = f"{model_id}-{hash(tuple(ids)) & 0xFFFFFFFF:x}"  # another prompt, another question
    predict(
        f"decoding-greedy-{tag}",
        f"Greedy decoding writes {_GREEDY_TOKENS} tokens after your prompt. What happens?",
        ("It ends by itself", "It repeats itself", "It goes on without repeating itself"),
        _remember(tag, _greedy, engine, ids),
    )
    predict(
        f"decoding-beam-{tag}",
        "Greedy decoding takes the likeliest token at every step. Is the whole text then the likeliest one?",
        ("Yes, always", "Not always"),
        _remember(tag, _likeliest, engine, ids),
    )
    vocabulary = engine.info.vocab_size
    predict(
        f"decoding-topp-{tag}",
        f"The model knows {vocabulary:,} tokens. With top-p 0.9, how many stay for the first token after your prompt?",
        ("1 to 10", "11 to 100", "101 to 1,000", "More than 1,000"),
        lambda: _nucleus(model_id, ids),
    )


def _remember(
    tag: str, compute: Callable[[Engine, Sequence[int]], tuple[int, str]], engine: Engine, ids: Sequence[int]
) -> Callable[[], tuple[int, str]]:
    """The answer is computed once for a prompt and kept for the session."""

    def answer() -> tuple[int, str]:
        kept = st.session_state.setdefault("decoding-answers", {})
        key = (tag, compute.__name__)
        if key not in kept:
            with st.spinner("The model is asked …"):
                kept[key] = compute(engine, ids)
        return kept[key]  # type: ignore[no-any-return]

    return answer


def _greedy(engine: Engine, ids: Sequence[int]) -> tuple[int, str]:
    run = engine.generate(ids, sampling=Sampling(temperature=0), max_new_tokens=_GREEDY_TOKENS)
    made = [step.id for step in run]
    repeat = text_metrics.longest_repeat(made)
    numbers = f"{len(made)} tokens, longest repeat {repeat.length} tokens."
    if repeat.length >= 6:
        again = engine.tokenizer.decode(made[repeat.second : repeat.second + repeat.length])
        return 1, f"{numbers} It wrote “{escape(again.strip())}” more than once."
    return (0 if run.finish_reason == "stop" else 2), numbers


def _likeliest(engine: Engine, ids: Sequence[int]) -> tuple[int, str]:
    nothing: frozenset[int] = frozenset()
    run = engine.generate(ids, sampling=Sampling(temperature=0), max_new_tokens=_BEAM_TOKENS, stop_ids=nothing)
    greedy = text_metrics.sequence_logprob([step.logprob for step in run])
    final = list(engine.beam(ids, num_beams=4, length_penalty=1.0, max_new_tokens=_BEAM_TOKENS))[-1]
    full = [h for h in (*final.finished, *final.beams) if len(h.ids) == _BEAM_TOKENS]
    best = max((h.total for h in full), default=greedy)
    numbers = (
        f"Over {_BEAM_TOKENS} tokens after your prompt, greedy reaches a log-probability of {greedy:.2f} and "
        f"4 beams reach {best:.2f}."
    )
    if best > greedy + 1e-3:
        return 1, numbers + " The beams found a likelier text of the same length."
    return 1, numbers + " Here the beams found nothing better; the toy under “Beam tree” shows how greedy can miss it."


def _nucleus(model_id: str, ids: Sequence[int]) -> tuple[int, str]:
    kept = int(distribution(cache.logits(model_id, "auto", tuple(ids)), top_p=0.9).kept.sum())
    place = int(np.searchsorted([10, 100, 1000], kept))
    return place, (
        f"Top-p 0.9 keeps {kept:,}: as few as can hold 90% of the probability. Where the model is "
        "certain it keeps few, where it is uncertain many; top-k always keeps k."
    )


def closing() -> None:
    """The page's lesson."""
    takeaways(
        "The model gives probabilities; **the decoding strategy chooses**. Same model, same prompt, other strategy: "
        "another text.",
        f"**{term('greedy decoding', 'Greedy')}** is repeatable and tends to loop. "
        f"**{term('sampling', 'Sampling')}** varies with the seed and can ramble; temperature, "
        "top-k, top-p and min-p decide how far.",
        f"**{term('beam search', 'Beam search')}** looks ahead for the likeliest whole text. The likeliest text is "
        "often short, dull or "
        "repetitive, so it serves translation better than stories.",
        "A seed makes sampling repeatable. It does not make it right.",
        "Top-k keeps a fixed number of tokens; **top-p and min-p adapt** to how sure the model is.",
    )
    st.markdown(
        "**What the numbers under a text mean**\n\n"
        f"- **{term('log probability', 'log-probability')}**: ln p(text | prompt) under the model (T = 1), the sum "
        "over its "
        "tokens. Longer texts have lower ones.\n"
        f"- **{term('perplexity')}** of the text: exp(−mean log-probability). It is as if the "
        "model had been choosing among this many equally likely tokens. A loop drives it towards 1; rambling drives it "
        "up.\n"
        f"- **{term('distinct-2')}**: how many different pairs of neighbouring tokens there are, as a share "
        "of all pairs. A loop drives it down.\n"
        "- **longest repeat**: the longest run of tokens that occurs twice without overlapping.\n"
        "- **tokens/s**: while all columns share the model; a text alone is faster."
    )
