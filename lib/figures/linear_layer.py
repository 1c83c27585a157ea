"""The figure of one linear layer: its weights, what goes in and what comes out."""

from collections.abc import Sequence

from lib.architecture.linear_layer import Linear
from lib.design import CHART_PX
from lib.figures.theme import ACCENT, DIVERGING, LETTERS, MONOSPACE, WHITE, Figure, figure


def weight_heatmap(layer: Linear, x: Sequence[float], output: int) -> Figure:
    """W of one linear layer, (out, in), the chosen output's row framed; x above it, y to its right."""
    inputs, outputs = len(x), len(layer.bias)
    most = max(1e-9, *(abs(w) for row in layer.weight for w in row))
    cells = {
        "type": "heatmap",
        "z": layer.weight,
        "x": list(range(inputs)),
        "y": list(range(outputs)),
        "zmin": -most,
        "zmax": most,
        "colorscale": DIVERGING,
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
        "text": [[f"{w:g}" for w in row] for row in layer.weight],
        "texttemplate": "%{text}",
        "textfont": {"family": MONOSPACE, "size": CHART_PX, "color": WHITE},
        "hovertemplate": "W[%{y},%{x}] = %{z}<extra></extra>",
    }
    frame = {
        "type": "rect",
        "x0": -0.5,
        "x1": inputs - 0.5,
        "y0": output - 0.5,
        "y1": output + 0.5,
        "line": {"color": ACCENT, "width": 3},
    }
    notes = [
        {
            "x": 1.01,
            "xref": "paper",
            "xanchor": "left",
            "y": row,
            "text": f"y{row} = {value:.4g}",
            "showarrow": False,
            "font": {"family": MONOSPACE, "size": CHART_PX, "color": ACCENT if row == output else LETTERS},
        }
        for row, value in enumerate(layer(tuple(x)))
    ]
    return figure(
        [cells],
        height=110 + 34 * outputs,
        shapes=[frame],
        annotations=notes,
        margin={"t": 48, "l": 44, "r": 96},
        yaxis={
            "autorange": "reversed",
            "showgrid": False,
            "tickvals": list(range(outputs)),
            "ticktext": [f"row {j}" for j in range(outputs)],
        },
        xaxis={
            "side": "top",
            "showgrid": False,
            "tickvals": list(range(inputs)),
            "ticktext": [f"x{i}<br>{value:.4g}" for i, value in enumerate(x)],
        },
    )
