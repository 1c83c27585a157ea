"""Tables of the Next Token page: the likeliest tokens, all of them as CSV, and every position of the text."""

import csv
import io
import json
import math
from collections.abc import Callable

import numpy as np
import streamlit as st

from lib.decoding.likeliest_tokens import likeliest_ids
from lib.engine.sampling import distribution, ranking, softmax
from lib.figures import next_token as figures
from lib.ui.components.charts import chart
from lib.ui.components.tables import with_shares
from lib.ui.next_token.distribution import Knobs
from lib.ui.next_token.reading import Reading, scores
from lib.ui.next_token.state import State

Choose = Callable[[int], None]


def table_panel(reading: Reading, view: State, append: Choose) -> None:
    """The likeliest tokens as a table whose rows append, and the full distribution as CSV."""
    knobs, logits = view.knobs, reading.logits(view.at)
    raw, now = softmax(logits), distribution(logits, **knobs.sampling)
    ids = likeliest_ids(logits, knobs.n).tolist()
    rows = [reading.row(i) for i in ids]
    columns = {
        "rank": list(range(1, len(ids) + 1)),
        "token ID": ids,
        "token": [row.label for row in rows],
        "bytes": [row.hex for row in rows],
        "logit": logits[ids],
        "model (T = 1)": raw[ids],
        "after sampling settings": now.probs[ids],
        "kept": now.kept[ids],
    }
    st.caption("Select a row to append its token.")
    event = st.dataframe(
        with_shares(columns, "model (T = 1)", "after sampling settings"),
        hide_index=True,
        height=440,
        column_config={"logit": st.column_config.NumberColumn(format="%.3f")},
        key=f"next-token-table-{hash((reading.model_id, reading.ids, view.at))}",
        on_select="rerun",
        selection_mode="single-row",
    )
    if chosen := event["selection"]["rows"]:
        append(ids[chosen[0]])
    st.download_button(
        f"Download all {logits.size:,} tokens as CSV",
        lambda: full_csv(reading, logits, knobs),
        file_name="next-token.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def full_csv(reading: Reading, logits: np.ndarray, knobs: Knobs) -> str:
    """The whole distribution, likeliest first. Tokens are JSON strings, so no spreadsheet takes one for a formula."""
    raw, now = softmax(logits), distribution(logits, **knobs.sampling)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["rank", "id", "token", "bytes_hex", "logit", "probability_model", "probability_settings", "kept"])
    for rank, i in enumerate(map(int, ranking(logits)), 1):
        row = reading.row(i)
        writer.writerow(
            [
                rank,
                i,
                json.dumps(row.label, ensure_ascii=False),
                row.hex,
                f"{logits[i]:.6g}",
                repr(float(raw[i])),
                repr(float(now.probs[i])),
                int(now.kept[i]),
            ]
        )
    return out.getvalue()


def places(reading: Reading, look: Choose) -> None:
    """Every position of the text: how surprising its token was, its rank, and what the model would have said."""
    if len(reading.ids) < 2:
        st.info("There is only one token. From the second one on, the model has an expectation to compare with.")
        return
    found = scores(reading.model_id, reading.ids)
    bits = -found.logprobs / math.log(2)
    labels = [reading.label(i) for i in reading.ids[1:]]
    st.markdown(
        "**How surprised was the model at each position?** A high bar is a token that it did not expect after the "
        "text before it. 1 bit is a coin toss, 10 bits one chance in 1,024."
    )
    chart(figures.surprisal(bits, labels), key="next-token-places-figure")
    st.caption("Select a row to see all that was expected at its position.")
    columns = {
        "position": list(range(2, len(reading.ids) + 1)),
        "token": labels,
        "probability": np.exp(found.logprobs.astype(float)),
        "surprise, bits": bits,
        "rank": found.ranks + 1,
        "the model's guess": [reading.label(int(i)) for i in found.guesses],
        "its probability": found.guess_probs,
        "entropy, bits": found.entropies / math.log(2),
    }
    formats = {"surprise, bits": "%.2f", "entropy, bits": "%.2f"}
    event = st.dataframe(
        with_shares(columns, "probability", "its probability"),
        hide_index=True,
        height=260,
        on_select="rerun",
        selection_mode="single-row",
        key=f"next-token-places-{hash((reading.model_id, reading.ids))}",
        column_config={name: st.column_config.NumberColumn(format=text) for name, text in formats.items()},
    )
    chosen = event["selection"]["rows"]
    if chosen and st.session_state.get("next-token-place") != chosen:
        st.session_state["next-token-place"] = chosen
        look(chosen[0] + 1)
    st.session_state["next-token-place"] = chosen
