"""Sliders whose ends come from a model or a text, where the two may be the same."""

from typing import Any

import streamlit as st


def whole_slider(label: str, low: int, high: int, start: int, *, key: str, place: Any = st, **options: Any) -> int:
    """A slider from `low` to `high`; where there is nothing to choose, the one number that there is.

    Streamlit raises for a slider whose ends are the same.
    """
    if low >= high:
        place.caption(f"{label}: {low:,}")
        return low
    return int(place.slider(label, low, high, min(max(start, low), high), key=key, **options))
