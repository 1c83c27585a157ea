"""Tabs that look at snapshots: one prompt over all of them, the map of embeddings, an attention head, sums, beliefs."""

from collections.abc import Sequence
from html import escape as html

import streamlit as st

from lib.figures.training import Curves, attention_map, beliefs_chart, curves_chart, embedding_map
from lib.training import world
from lib.training.events import Snapshot
from lib.ui.components.charts import chart
from lib.ui.components.glossary import term
from lib.ui.components.page import escape, wide_chart
from lib.ui.training.result import Shown, baselines, unit

_FEW = "The run has no snapshot yet: the first one comes before the first step."
# Word -> the kind of thing it is in the tiny world.
_GROUPS: dict[str, Sequence[str]] = {
    "names": world.NAMES,
    "animals": world.ANIMALS,
    "things": world.THINGS,
    "places and homes": (*world.PLACES, *(home for home, _ in world.HOMES.values())),
    "colours and feelings": (*world.COLOURS, *world.FEELINGS),
    "numbers": tuple(str(n) for n in range(25)),
    "food": (*world.FOODS, *(food for _, food in world.HOMES.values())),
}
_KIND = {word: group for group, words in _GROUPS.items() for word in words}


def over_time(shown: Shown) -> None:
    """One prompt, and what each snapshot makes of it."""
    snapshots = shown.part.snapshots
    if not snapshots:
        st.info(_FEW)
        return
    prompts = [sample.prompt for sample in snapshots[-1].samples]
    prompt = st.selectbox("Prompt", prompts, key="train-prompt", format_func=lambda text: " ".join(text.split()))
    rows = "".join(_row(snapshot, prompt, chosen=snapshot is shown.snapshot) for snapshot in snapshots)
    st.html(
        '<div class="train-scroll" tabindex="0"><table class="train-table"><thead><tr><th scope="col">after step</th>'
        f'<th scope="col">{html(prompt)} …</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )
    st.caption(f"Greedy: always the likeliest token ({term('greedy decoding')}), so only the weights differ.")


def _row(snapshot: Snapshot, prompt: str, *, chosen: bool) -> str:
    text = next((sample.text for sample in snapshot.samples if sample.prompt == prompt), "")
    mark = ' class="here"' if chosen else ""
    return f'<tr{mark}><th scope="row">{snapshot.step:,}</th><td>{html(text)}</td></tr>'


def curves(shown: Shown) -> None:
    """Losses, learning rate and gradient of every step; as they were when the page was drawn."""
    part, began = shown.part, shown.part.began
    if began is None:
        st.info("The run has no step yet.")
        return
    st.markdown(
        f"One step: read a batch, compute the {term('loss')} and its {term('gradient')}, and move all weights a little "
        "against it (AdamW). The learning rate says how far: it rises in a straight line over 30 steps, then falls "
        "along a cosine to a tenth. A gradient longer than 1 is shortened to 1 (clipped). The dashed lines are what "
        "it is measured against: guessing (uniform), counting tokens (unigram), pairs (bigram) and triples (trigram) "
        "of the same text, and the entropy of the tiny world, below which no model can be on average."
    )
    with wide_chart("train-curves"):
        chart(
            curves_chart(
                Curves(
                    [(p.step, p.loss, p.learning_rate, p.gradient_norm) for p in part.drawn()],
                    [(one.step, one.loss) for one in part.heldout],
                    baselines(part),
                    unit(shown.stage),
                    began.steps,
                    shown.snapshot.step if shown.snapshot else None,
                ),
                height=640,
            ),
            key="train-curves",
            alt="Loss, learning rate and norm of the gradient by step",
            height="content",
        )


def embeddings(shown: Shown) -> None:
    """The tokens' vectors as a map."""
    snapshot = shown.snapshot
    if snapshot is None:
        st.info(_FEW)
        return
    st.markdown(
        f"**After step {snapshot.step:,}.** Every token has a vector, its {term('embedding')}. This is the plane in "
        "which these vectors differ most (a principal component analysis). Before training it is noise; tokens that "
        "are used alike come to lie together. Move the scrubber."
    )
    groups: dict[str, list[tuple[str, float, float]]] = {group: [] for group in (*_GROUPS, "others")}
    for label, (x, y) in zip(snapshot.labels, snapshot.points, strict=True):
        groups[_KIND.get(label.strip(" ␣Ġ"), "others") if shown.run.recipe.text == "world" else "others"].append(
            (label, x, y)
        )
    chart(
        embedding_map({name: words for name, words in groups.items() if words}, height=520),
        key="train-map",
        alt=f"{len(snapshot.labels)} token embeddings in two dimensions after step {snapshot.step}",
        height="content",
    )


def attention(shown: Shown) -> None:
    """One head on a fixed text."""
    snapshot = shown.snapshot
    if snapshot is None:
        st.info(_FEW)
        return
    st.markdown(
        f"**{escape(snapshot.head[:1].upper() + snapshot.head[1:])}, after step {snapshot.step:,}.** "
        "Each row is a token; its cells say what share of its "
        f"{term('attention')} goes to which token, itself included. Shares of a row sum to 100%."
    )
    with wide_chart("train-head"):
        chart(
            attention_map([_visible(token) for token in snapshot.tokens], snapshot.attention, height=560),
            key="train-head",
            alt=f"Attention of {snapshot.head} after step {snapshot.step}",
            height="content",
        )


def _visible(token: str) -> str:
    """A token whose spaces and line breaks can be seen."""
    return token.replace(" ", "␣").replace("\n", "⏎")


def sums(shown: Shown) -> None:
    """The table of a + b: what the model writes, and which pairs its training text never adds."""
    snapshot = shown.snapshot
    if snapshot is None or not snapshot.sums:
        st.info(_FEW if snapshot is None else "This text has no sums. Choose “Tiny world” for a table of them.")
        return
    told = counts(snapshot)
    st.markdown(
        f"**After step {snapshot.step:,}:** of the {told['seen'][1]} sums that its training text has, "
        f"**{told['seen'][0]}** are right; of the {told['unseen'][1]} that it never saw, **{told['unseen'][0]}**."
    )
    head = "".join(f'<th scope="col">{b}</th>' for b in world.NUMBERS)
    body = "".join(
        f'<tr><th scope="row">{a}</th>{"".join(_cell(a, b, snapshot.sums[a][b]) for b in world.NUMBERS)}</tr>'
        for a in world.NUMBERS
    )
    st.html(
        '<div class="train-scroll" tabindex="0"><table class="train-sums"><thead><tr><th scope="col">a + b</th>'
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
        '<p class="train-key"><span class="right">4 ✓</span> right <span class="wrong">5 ✗</span> wrong '
        '<span class="right unseen">4 ✓</span> a dashed frame: the text never adds these two in this order</p>'
    )


def _cell(a: int, b: int, wrote: str) -> str:
    right, unseen = wrote.strip() == str(a + b), (a, b) in world.UNSEEN
    names = " ".join(filter(None, ("right" if right else "wrong", "unseen" if unseen else "")))
    said = f"{a} + {b}: it writes {wrote.strip() or 'no number'}, {'right' if right else f'not {a + b}'}"
    said += "; never seen" if unseen else ""
    return f'<td class="{names}" title="{html(said)}">{html(wrote.strip()[:4]) or "–"} {"✓" if right else "✗"}</td>'


def counts(snapshot: Snapshot) -> dict[str, tuple[int, int]]:
    """{"seen": (right, of how many), "unseen": …} of a snapshot that has sums."""
    kinds = {"seen": world.SEEN, "unseen": world.UNSEEN}
    return {kind: (world.right(snapshot.sums, pairs), len(pairs)) for kind, pairs in kinds.items()}


def beliefs(shown: Shown) -> None:
    """What the model thinks comes next, beside what is true in the world that made its text."""
    snapshot = shown.snapshot
    if snapshot is None or not snapshot.beliefs:
        st.info(
            _FEW
            if snapshot is None
            else "Nobody knows the true probabilities of this text. Those of the tiny world "
            "are known exactly: choose it to compare."
        )
        return
    prompts = list(snapshot.beliefs)
    prompt = st.selectbox("After the words", prompts, key="train-belief")
    words = snapshot.beliefs[prompt]
    st.markdown(
        f"**After step {snapshot.step:,}.** The tiny world is made by a program that draws every word with a known "
        "probability. Nobody told the model these probabilities: by predicting it comes nearer to them."
    )
    with wide_chart("train-beliefs"):
        chart(
            beliefs_chart(words, height=110 + 44 * len(words)),
            key="train-beliefs",
            alt="; ".join(f"{word}: model {mine:.1%}, world {true:.1%}" for word, (mine, true) in words.items()),
            height="content",
        )
    st.caption(
        f"The probabilities of the model are those at temperature 1 ({term('softmax')} of its {term('logit')}s)."
    )
