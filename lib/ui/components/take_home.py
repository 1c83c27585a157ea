"""The menu "Take home" of every page: the page as a notebook, its data, and the worksheet to hand in.

    take_home.menu(
        File("Notebook (.ipynb)", "next-token.ipynb", take_home.NOTEBOOK, partial(...)),
        File("Distribution (CSV)", "next-token.csv", take_home.CSV, partial(...)),
    )

A page calls it last, but before it follows growing texts. The menu lies in the title row. A file is made when somebody
asks for it: Streamlit then calls `make` in a thread of its own, so what it needs of the session is taken along.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import streamlit as st

from lib.course.progress import Answer
from lib.decoding.likeliest_tokens import likeliest_ids
from lib.engine import Sampling
from lib.engine.sampling import distribution, softmax
from lib.errors import PlaygroundError
from lib.generation.token_view import token_name
from lib.takehome import worksheet
from lib.takehome.svg import Row
from lib.takehome.worksheet import Picture, Worksheet
from lib.tokenization import TokenizationError, Tokenizer
from lib.ui import cache
from lib.ui.components import looked_at, progress

NOTEBOOK, CSV, JSON = "application/x-ipynb+json", "text/csv", "application/json"
_ICONS = {NOTEBOOK: ":material/menu_book:", CSV: ":material/table:", JSON: ":material/data_object:"}
_BARS = 8  # tokens of a picture
_NAME = "student-name"


@dataclass(frozen=True)
class File:
    """What one can take home. `make` needs nothing of Streamlit; without it the button is off, and `help` says why."""

    label: str
    file_name: str
    mime: str
    make: Callable[[], str] | None
    help: str = ""


def menu(*files: File) -> None:
    """The menu; its content is drawn while it is open."""
    with st.container(key="take-home"):
        box = st.popover(
            "Take home",
            icon=":material/download:",
            key="take-home-menu",
            on_change="rerun",
            type="tertiary",
            wrap=False,
        )
        if box.open:
            with box.container(key="take-home-files"):
                st.markdown("**This page**")
                for file in files:
                    _button(file)
                hand_in("menu")


def hand_in_button(place: str = "home", *, primary: bool = False) -> None:
    """The worksheet under a button of its own, for Home. `place` as `hand_in` takes it."""
    box = st.popover(
        "Hand in",
        icon=":material/assignment_turned_in:",
        key=f"hand-in-{place}",
        on_change="rerun",
        type="primary" if primary else "secondary",
        wrap=False,
    )
    if box.open:
        with box.container(key=f"hand-in-files-{place}"):
            hand_in(place)


def _button(file: File) -> None:
    st.download_button(
        file.label,
        file.make or "",
        file_name=file.file_name,
        mime=file.mime,
        key=f"take-home-{file.file_name}",
        icon=_ICONS.get(file.mime, ":material/download:"),
        help=file.help or None,
        disabled=file.make is None,
        on_click="ignore",
        width="stretch",
    )


def hand_in(place: str) -> None:
    """The worksheet: a name, and its three files. `place`: where on the page, as there may be more than one."""
    given, looks = tuple(progress.answers().values()), looked_at.looks()
    st.markdown("**Your worksheet**")
    st.caption(
        f"{len(given)} answer{'s' * (len(given) != 1)}, {len(looks)} chart{'s' * (len(looks) != 1)}. It holds your "
        "answers to the questions on the pages, your guesses, and charts of the last prompts you looked at on the Next "
        "token page. Download a file and hand it in."
    )
    name = st.text_input(
        "Your name",
        value=st.session_state.get(_NAME, ""),
        key=f"{_NAME}-{place}",
        max_chars=worksheet.MAX_NAME,
        on_change=_keep_name,
        args=(f"{_NAME}-{place}",),
    )
    forms = (
        ("HTML (if unsure)", "html", "text/html", worksheet.to_html),
        ("Markdown", "md", "text/markdown", worksheet.to_markdown),
        ("CSV for the teacher", "csv", CSV, worksheet.to_csv),
    )
    with st.container(horizontal=True, gap="small"):
        for label, ending, mime, write in forms:
            st.download_button(
                label,
                partial(_written, write, str(name or ""), given, looks),
                file_name=f"worksheet{_slug(str(name or ''))}.{ending}",
                mime=mime,
                key=f"hand-in-{ending}-{place}",
                icon=":material/assignment_turned_in:" if ending == "html" else None,
                on_click="ignore",
                disabled=not given and not looks,
            )


def _keep_name(key: str) -> None:
    st.session_state[_NAME] = st.session_state[key]


def _slug(name: str) -> str:
    """A name as part of a file's name.

    >>> _slug("Ada Lovelace"), _slug("../..")
    ('-Ada-Lovelace', '')
    """
    kept = re.sub(r"[^\w]+", "-", name).strip("-_")[:40]
    return f"-{kept}" if kept else ""


def _written(
    write: Callable[[Worksheet], str],
    name: str,
    given: tuple[Answer, ...],
    looks: tuple[tuple[looked_at.Look, object], ...],
) -> str:
    """The file, made when it is asked for."""
    date = datetime.now().strftime("%d %B %Y, %H:%M")
    pictures = [picture for look, settings in looks if (picture := _picture(look, settings)) is not None]
    return write(Worksheet(name, date, given, pictures))


def _picture(look: looked_at.Look, settings: object) -> Picture | None:
    """The likeliest next tokens of a prompt; None where its model is gone."""
    (model_id, ids), sampling = look, settings if isinstance(settings, Sampling) else Sampling()
    try:
        engine = cache.inspectable(model_id)
        logits = engine.logits(ids)
    except PlaygroundError:
        return None
    raw, now = softmax(logits), distribution(logits, **sampling.filters)
    rows = [
        Row(_name(engine.tokenizer, i), float(raw[i]), float(now.probs[i]))
        for i in likeliest_ids(logits, _BARS).tolist()
    ]
    return Picture(engine.tokenizer.decode(ids), engine.info.name, in_words(sampling), rows)


def _name(tokenizer: Tokenizer, token_id: int) -> str:
    try:
        return token_name(tokenizer, token_id)
    except TokenizationError:  # rows of the head that have no token
        return f"⟨unused {token_id}⟩"


def in_words(sampling: Sampling) -> str:
    """Sampling settings as people read them.

    >>> in_words(Sampling(temperature=0.7, top_k=40)), in_words(Sampling())
    ('temperature 0.7, Top-k 40', 'temperature 1')
    """
    parts = [f"temperature {sampling.temperature:g}"]
    parts += [f"Top-k {sampling.top_k}"] if sampling.top_k is not None else []
    parts += [f"Top-p {sampling.top_p:g}"] if sampling.top_p is not None else []
    parts += [f"Min-p {sampling.min_p:g}"] if sampling.min_p is not None else []
    return ", ".join(parts)
