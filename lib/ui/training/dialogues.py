"""Dialogues of fine-tuning as tokens: what the loss counts stands out, what is masked is grey."""

import streamlit as st

from lib.tokenization.display import label
from lib.training import dialogues, tokenizer
from lib.training.world import Dice
from lib.ui.components.custom import asset, component
from lib.ui.training.result import Shown

_COUNT = 3  # at a time
_component = component(
    "training_dialogues",
    html='<div class="mount"></div>\n',
    css=asset(__file__, "dialogues.css"),
    js=asset(__file__, "dialogues.js"),
)


def show_dialogues(shown: Shown) -> None:
    """Some of them, in this run's own tokens, made by the generator that fine-tuning reads."""
    first = int(st.session_state.get("train-dialogue", 0))
    try:
        cut = tokenizer.read(shown.run.folder / "tokenizer.json")
    except (OSError, ValueError, KeyError, TypeError):
        st.info("The files of this run are gone.")
        return
    dice, special = Dice(first), set(cut.special.values())
    rows = []
    for _ in range(_COUNT):
        made = dialogues.tokenize(cut, dialogues.dialogue(dice))
        rows.append(
            [
                {
                    "label": cut.token_bytes(i).decode() if i in special else label(cut.token_bytes(i)),
                    "counts": counts,
                    "special": i in special,
                }
                for i, counts in zip(made.ids, made.in_loss, strict=True)
            ]
        )
    _component(key="train-dialogues", data={"rows": rows})

    def others() -> None:
        st.session_state["train-dialogue"] = first + 1

    st.button("Other dialogues", key="train-others", icon=":material/refresh:", on_click=others)
