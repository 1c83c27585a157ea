"""Questions to the class that a model makes: what comes after a prompt."""

import secrets

import numpy as np

from lib.classroom.border import ClassroomError
from lib.classroom.questions import TEXT, Question
from lib.decoding.likeliest_tokens import likeliest_ids
from lib.engine.sampling import draw, softmax
from lib.ui import available_models
from lib.ui.next_token.reading import read

LEADING = 4  # tokens that are options of their own
OTHERS = "all other tokens"


def token_question(model_id: str, prompt: str) -> Question:
    """The four likeliest tokens after a prompt in random order, and all others as the last option; model (T = 1).

    What comes is drawn from the same distribution, over the whole vocabulary: a student can expect the best log score
    by stating the model's probabilities, and nothing else. Raises PlaygroundError.
    """
    if len(prompt) > TEXT:
        raise ClassroomError(f"A prompt for the class has at most {TEXT} characters: it has to be read on a phone.")
    reading = read(model_id, prompt, ())
    probs = softmax(reading.logits())
    rng = np.random.default_rng(secrets.randbits(128))
    shown = rng.permutation(likeliest_ids(probs, LEADING))
    came = int(draw(probs, rng)[0])
    places = np.flatnonzero(shown == came)
    return Question(
        kind="token",
        text=prompt,
        options=(*(reading.label(int(token)) for token in shown), OTHERS),
        answer=int(places[0]) if places.size else LEADING,
        model=(*probs[shown].tolist(), max(0.0, 1 - float(probs[shown].sum()))),
        by=available_models.spec(model_id).name,
        note=reading.label(came),
    )
