"""The design tokens: every size and colour of the app, once. docs/DESIGN.md shows them.

A colour with two values is (on the light page, on the dark page). The Plotly theme (`lib/figures/theme.py`) takes what
is made for both pages, as a chart cannot know which it is on; CSS and components get all of
this as variables (`css`), which reach into the components' shadow trees too.

What a hue says is its role: indigo is the model's own answer or the road taken, orange is surprise, grey is what was
dropped. A strategy, a part of a model, a tokenizer and a role in a chat each have colours of their own family.
"""

from collections.abc import Mapping

Colour = str  # "#rrggbb"
Pair = tuple[Colour, Colour]  # light, dark

# Six sizes in rem of 16 px; nothing on a page is smaller than the first, nothing in a chart smaller than 13 px.
SIZES: Mapping[str, float] = {
    "caption": 0.75,
    "small": 0.875,
    "body": 1.0,
    "section": 1.25,
    "title": 1.5,
    "figure": 2.0,
}
CHART_PX = 13
SIDEBAR = 14.75  # rem

GROUND: Pair = ("#ffffff", "#12131c")  # the page, as .streamlit/config.toml has it
BORDER: Pair = ("#d9dbe9", "#34374b")
ACCENT: Pair = ("#4f46e5", "#818cf8")  # the model's own answer, the road taken
CHOSEN: Pair = ("#4338ca", "#a5b4fc")  # letters of what is chosen: the accent, dark or light enough for small letters
QUIET: Pair = ("#5b5e72", "#a9acbe")  # captions
AXIS: Pair = ("#4c4f63", "#c6c8d8")  # letters at the axes of charts
MUTED: Pair = ("#6b7280", "#9ca3af")  # dropped, pruned, everything else
GOOD: Pair = ("#047857", "#34d399")
BAD: Pair = ("#b91c1c", "#f87171")
HEAT: Pair = ("#f97316", "#d9480f")  # surprise: mixed into the ground, 0 bits nothing, `HEAT_BITS` bits `HEAT_MOST`
HEAT_BITS = 10  # a token of probability 1 in 1,024, and rarer ones, are as hot as can be
HEAT_MOST = 0.6  # share of the colour at that point: dark letters stay readable on it

# A chart does not know which page it is on: these are as readable on white as on the dark one.
ON_CHARTS: Mapping[str, Colour] = {
    "accent": "#6366f1",
    "muted": "#9ca3af",
    "letters": "#73778b",  # quiet text: contrast 4.2 and more on both
    "good": "#10b981",
    "bad": "#ef4444",
}
# Scales of heatmaps on both pages. White numbers can be read on them, but not on CLEAR: its zero is the page's ground.
SEQUENTIAL = ((0.0, "#6b7488"), (0.5, "#5b5bd6"), (1.0, "#3127a8"))
DIVERGING = ((0.0, "#1d4ed8"), (0.5, "#6b7488"), (1.0, "#b91c1c"))
CLEAR = ((0.0, "#2563eb"), (0.5, "rgba(107, 116, 136, 0.1)"), (1.0, "#dc2626"))
WHITE = "#ffffff"
STRATEGIES: Mapping[str, Colour] = {
    "greedy": "#2f7ed8",
    "beam": "#0d9488",
    "top_k": "#c2410c",
    "top_p": "#be4bdb",
    "min_p": "#7c9a16",
    "sampling": "#d6336c",
    "mix": "#8d6e63",
}
PARTS: Mapping[str, Colour] = {
    "embedding": "#5c5ff0",
    "positions": "#06b6d4",
    "attention": "#f59e0b",
    "mlp": "#10b981",
    "norm": "#a855f7",
    "head": "#ec4899",
    "other": "#64748b",
    "model": "#5b6478",
    "block": "#69738b",
}
TOKENIZERS: Mapping[str, Colour] = {
    "word": "#94723c",
    "character": "#7a7f2a",
    "gpt2": "#3f6fb5",
    "cl100k_base": "#c4622d",
    "o200k_base": "#2e8b6f",
    "qwen": "#9a4f9e",
    "smollm2": "#b5495b",
}
ROLES: Mapping[str, Colour] = {
    "system": "#9b5de5",
    "user": "#0284c7",
    "assistant": "#0f9d6b",
    "generation": "#d98324",
    "tool": "#71809a",
}
# Where things only have to be told apart (Okabe and Ito 2008, adapted to both grounds).
CATEGORICAL = ("#6366f1", "#e08a00", "#0f9f78", "#e0489a", "#0a9fbb", "#6fa013", "#f0701f", "#a35bf0", "#66758c")
FAMILIES: Mapping[str, Mapping[str, Colour]] = {
    "strategy": STRATEGIES,
    "part": PARTS,
    "tokenizer": TOKENIZERS,
    "role": ROLES,
}


def tokenizer_colour(name: str) -> Colour:
    """The colour of a tokenizer; the same grey for all that come with a model's folder.

    >>> tokenizer_colour("gpt2"), tokenizer_colour("/models/mine")
    ('#3f6fb5', '#71717a')
    """
    return TOKENIZERS.get(name, "#71717a")


def css() -> str:
    """All of it as variables of the page: --pg-size-body, --pg-accent, --pg-strategy-beam, …"""
    lines = [f"--pg-size-{name}: {size}rem;" for name, size in SIZES.items()]
    pairs = {
        "ground": GROUND,
        "border": BORDER,
        "accent": ACCENT,
        "chosen": CHOSEN,
        "quiet": QUIET,
        "axis": AXIS,
        "muted": MUTED,
        "good": GOOD,
        "bad": BAD,
        "heat": HEAT,
    }
    lines += [f"--pg-{name}: light-dark({light}, {dark});" for name, (light, dark) in pairs.items()]
    lines += [
        f"--pg-{family}-{name.replace('_', '-')}: {colour};"
        for family, colours in FAMILIES.items()
        for name, colour in colours.items()
    ]
    lines += [f"--pg-sidebar: {SIDEBAR}rem;", f"--pg-heat-bits: {HEAT_BITS};", f"--pg-heat-most: {HEAT_MOST};"]
    return ":root { " + " ".join(lines) + " }"
