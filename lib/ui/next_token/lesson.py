"""The words of the Next Token page: the question to think about first, the lesson in short."""

import numpy as np
import streamlit as st

from lib.engine.sampling import softmax
from lib.text_format import percent
from lib.ui.components.glossary import term
from lib.ui.components.page import escape, predict, takeaways
from lib.ui.next_token.reading import Reading
from lib.ui.next_token.state import State

_WORDS = """
- **Temperature** T: the softmax of the scores divided by T. As T goes to 0 the first token takes all: greedy.
- **Top-k** keeps the k likeliest tokens (and those that tie with the k-th), **top-p**, or nucleus, the fewest that
  together reach p, **min-p** those with at least this share of the likeliest one's probability.
- After each filter the rest is divided by its sum, so that it is 100% again. The order here is that of transformers:
  temperature, top-k, top-p, min-p. llama.cpp applies the temperature last.
- **The draw**: a random number between 0 and 1 falls into one token's share. A seed repeats the numbers.
- **Surprise** (surprisal): the number of times that one halves 1 to get to p, −log₂ p, in bits.
- Of one distribution: **entropy** is its average surprise; **effective choices** are 2 to the power of the entropy.
- Of a text: **perplexity** is 2 to the power of the average surprise of its tokens.
"""
_OPTIONS = ("It gains, as every token but the first does", "It loses too, like the first", "Nothing changes for it")


def question(reading: Reading, view: State) -> None:
    """Predict: what does a higher temperature do to the second token?"""
    content = reading.content(view.at)
    if content.size < 2:
        return
    second = content.ids[1]

    def answer() -> tuple[int, str]:
        logits = reading.logits(view.at)
        before, after = (float(softmax(logits, t)[second]) for t in (1.0, 2.0))
        right = 2 if np.isclose(before, after, rtol=1e-3) else 0 if after > before else 1
        return (
            right,
            (
                f"At temperature 1 it has {percent(before)}, at 2 it has {percent(after)}. Dividing all scores by T "
                "brings them closer together: the first token always loses, and most of what it loses goes to the "
                "thousands of unlikely tokens. A token in front may lose to them as well."
            ),
        )

    predict(
        "next-token",
        "You raise the temperature from 1 to 2. What happens to the second token, "
        f"**{escape(reading.label(second))}**, in the text above?",
        _OPTIONS,
        answer,
    )


def in_short() -> None:
    """The page's lesson, and what the words mean."""
    takeaways(
        "The model gives a probability to **every** token it knows; choosing one is a separate step.",
        f"**{term('temperature', 'Temperature')}** divides the scores ({term('logit', 'logits')}) before the "
        f"{term('softmax')}: below 1 the likely get likelier, above 1 the unlikely "
        "get a chance. The order never changes, and 0 means: always the likeliest token.",
        f"**{term('top-k sampling', 'Top-k')}, {term('top-p sampling', 'top-p')} and "
        f"{term('min-p sampling', 'min-p')}** cut the tail off, each in its own way, and share what is left out "
        "among the rest.",
        "A text's probability is the product of its tokens' probabilities: every step of a path counts.",
    )
    with st.expander("What the words mean", icon=":material/menu_book:", expanded=True):
        st.markdown(_WORDS)
        st.page_link(
            "pages/2_Architecture.py",
            label="Softmax by hand: three scores, a temperature, every step",
            icon=":material/arrow_forward:",
            query_params={"view": "Softmax by hand"},
        )
