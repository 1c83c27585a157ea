"""The lesson cards of Home: one for each page of the course."""

import streamlit as st

from lib.ui.components.course import COURSE


def lesson_cards() -> None:
    """Cards that link to the pages, in the order of the course."""
    for start in range(0, len(COURSE), 3):
        row = COURSE[start : start + 3]
        for number, (column, step) in enumerate(zip(st.columns(3), row, strict=False), start + 1):
            with column.container(border=True, height="stretch", key=f"card-{step.address}"):
                st.page_link(step.file, label=f"**{number}. {step.title}**", icon=step.icon)
                st.caption(step.about)
