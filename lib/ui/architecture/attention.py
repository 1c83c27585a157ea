"""Attention maps of every layer and head in the browser: thumbnails, one map large, one token's view of the text."""

import base64
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from lib.ui.components.custom import asset, component

_HTML = """
<div class="attention">
  <span class="probe"></span>
  <div class="left">
    <p class="head-line">All heads <span>(rows are blocks, columns are heads; click one)</span></p>
    <div class="scroll"><div class="stack"><canvas class="grid" aria-hidden="true"></canvas>
      <div class="heads" role="grid" tabindex="0" aria-label="All heads" aria-activedescendant="head-cell">
        <div role="row"><div class="cell" id="head-cell" role="gridcell"></div></div></div></div></div>
  </div>
  <div class="right">
    <div class="picks"><select class="layer" aria-label="Block"></select>
    <select class="head" aria-label="Head"></select></div>
    <div class="maps"><canvas class="map" aria-hidden="true"></canvas>
      <div class="pairs" role="grid" tabindex="0" aria-label="Attention map" aria-activedescendant="pair-cell">
        <div role="row"><div class="cell" id="pair-cell" role="gridcell"></div></div></div></div>
    <p class="read" aria-live="polite"></p>
    <p class="head-line">One token's view <span>(point at a token)</span></p>
    <div class="strip" role="group" aria-label="Tokens and how much the chosen one looks at them"></div>
    <p class="says" aria-live="polite"></p>
  </div>
</div>
"""
_COMPONENT = component(
    "architecture_attention", html=_HTML, css=asset(__file__, "attention.css"), js=asset(__file__, "attention.js")
)


def pack(attentions: np.ndarray) -> str:
    """Lower triangles of (L, H, T, T) weights as base64 of little-endian uint16, weight * 65535 rounded."""
    rows, columns = np.tril_indices(attentions.shape[-1])
    values = np.rint(attentions[:, :, rows, columns].clip(0, 1) * 65535).astype("<u2")
    return base64.b64encode(values.tobytes()).decode()


def head_at(key: str, tag: str, opening: tuple[int, int], count: tuple[int, int]) -> tuple[int, int]:
    """The (layer, head) that was chosen last for the model `tag`, on the map or by `look_at`; at first `opening`."""
    picked = st.session_state.get(f"{key}-head")
    layer, head = picked[1:] if picked and picked[0] == tag else opening
    return min(int(layer), count[0] - 1), min(int(head), count[1] - 1)


def look_at(key: str, tag: str, where: tuple[int, int]) -> None:
    """Choose a head from outside the map."""
    st.session_state[f"{key}-head"] = (tag, *where)


def attention_maps(
    attentions: np.ndarray,
    labels: Sequence[str],
    chosen: tuple[int, int],
    *,
    marks: Mapping[tuple[int, int], np.ndarray],
    key: str,
    tag: str,
) -> None:
    """Draw all maps (L, H, T, T) with the tokens' labels, the head `chosen` large. What is clicked is for `head_at`.

    `marks`: for some heads the cells (T, T) that get an outline.
    """
    layers, heads = attentions.shape[:2]

    def picked() -> None:
        where = (st.session_state.get(key) or {}).get("picked")
        if where:
            look_at(key, tag, (int(where[0]), int(where[1])))

    weights = pack(attentions)
    _COMPONENT(
        key=key,
        data={
            "layers": layers,
            "heads": heads,
            "tokens": list(labels),
            "weights": weights,
            "layer": chosen[0],
            "head": chosen[1],
            "marks": {f"{layer} {head}": np.argwhere(cells).tolist() for (layer, head), cells in marks.items()},
            "stamp": f"{zlib.crc32(weights.encode())} {layers} {heads}",
        },
        on_picked_change=picked,
    )
