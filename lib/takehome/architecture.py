"""The Architecture page as a notebook: every parameter counted, and a live pass looked into."""

import pprint
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib.takehome.notebook_file import Cell, code_cell, literal, markdown_cell, notebook, shown_in_markdown
from lib.takehome.parts import Prompt, Source, ids_cell, opening, setup


@dataclass(frozen=True)
class Counted:
    """A configuration in transformers' words, and the page's parameters by part; a tied head counts once."""

    name: str
    config: Mapping[str, Any]
    parts: Mapping[str, int]
    total: int


@dataclass(frozen=True)
class Live:
    """A pass of a loaded model. `kept`: the last ids of the prompt, if the page looked at those alone."""

    source: Source
    prompt: Prompt
    kept: int
    best: Sequence[tuple[int, float]]  # the page's likeliest next tokens, (id, probability)


def architecture_notebook(counted: Counted | None = None, live: Live | None = None) -> str:
    """One or both of the page's parts."""
    about = (
        "A language model is a stack of small layers. Here its parameters are counted part by part, from the real "
        "PyTorch module."
        if live is None
        else "A language model is a stack of small layers. Here one pass of a real one is looked into: its vectors, "
        "its attention, and what each layer would predict."
    )
    cells = [opening("Inside a transformer", "Architecture", about)]
    if counted is not None:
        cells += _counted(counted)
    if live is not None:
        cells += _live(live)
    return notebook(cells)


_KINDS = '''\
KINDS = [  # the first that fits a parameter's name
    ("head", r"(^|\\.)(lm_head|embed_out)\\."),
    ("positions", r"wpe"),
    ("embedding", r"embed|wte"),
    ("norm", r"norm|ln_"),
    ("attention", r"attn|attention"),
    ("mlp", r"mlp"),
]


def kind(name):
    """Which part of the model a parameter belongs to."""
    return next((kind for kind, pattern in KINDS if re.search(pattern, name)), "other")
'''


def _counted(counted: Counted) -> list[Cell]:
    words = {key: value for key, value in counted.config.items() if key != "auto_map"}  # never a repository's code
    config = pprint.pformat(words, width=110, sort_dicts=False)
    name = shown_in_markdown(counted.name)
    return [
        markdown_cell(
            f"## The parameters of {name}\n\nThe configuration alone fixes every shape. On PyTorch's `meta` device the "
            "module is built without its weights, so nothing is downloaded and no memory is needed."
        ),
        code_cell(
            "# In a new environment, first: pip install torch transformers plotly\n"
            "import re\n\n"
            "import plotly.graph_objects as go\n"
            "import torch\n"
            "from transformers import AutoConfig, AutoModelForCausalLM\n\n"
            f"CONFIG = {config}\n"
            'with torch.device("meta"):\n'
            "    skeleton = AutoModelForCausalLM.from_config(AutoConfig.for_model(**CONFIG))\n"
            "skeleton.tie_weights()  # a tied output head is the token embedding itself and counts once\n"
            "print(skeleton)"
        ),
        markdown_cell("## Part by part"),
        code_cell(
            f"{_KINDS}\n\n"
            "parts = {}\n"
            "for name, parameter in skeleton.named_parameters():\n"
            "    parts[kind(name)] = parts.get(kind(name), 0) + parameter.numel()\n"
            "total = sum(parts.values())\n"
            f"page = {dict(counted.parts)!r}\n"
            "for part, count in sorted(parts.items(), key=lambda pair: -pair[1]):\n"
            '    print(f"{part:10} {count:>15,} {count / total:7.2%}   on the page {page.get(part, 0):>15,}")\n'
            f'print(f"{{total:,}} in all; the page has {counted.total:,}")\n\n'
            'fig = go.Figure(go.Bar(x=list(parts.values()), y=list(parts), orientation="h"))\n'
            f"fig.update_layout(title={literal('Parameters by part')}, xaxis_title='parameters')\n"
            "fig.show()"
        ),
    ]


_LENS = """\
body = model.base_model
norms = [getattr(body, name, None) for name in ("norm", "ln_f", "final_layer_norm", "final_layernorm")]
norm = next(one for one in norms if one is not None)
head = model.get_output_embeddings()

with torch.inference_mode():
    out = model(torch.tensor([ids]), output_hidden_states=True, output_attentions=True, use_cache=False)
    # transformers gives the last state with the final norm applied, the others without.
    states = [norm(state[0, -1]) for state in out.hidden_states[:-1]] + [out.hidden_states[-1][0, -1]]
    lens = torch.stack([head(state) for state in states]).float().softmax(-1)  # (layers + 1, vocabulary)
probs = lens[-1]
print("logits:", tuple(out.logits.shape), "= texts × tokens × vocabulary")
print("one state:", tuple(out.hidden_states[0].shape), "= texts × tokens × hidden size")
print("attention of one layer:", tuple(out.attentions[0].shape), "= texts × heads × tokens × tokens")\
"""
_ATTENTION = """\
maps = torch.stack([layer[0] for layer in out.attentions])  # (layers, heads, tokens, tokens)
if len(ids) > 1:
    previous = maps.diagonal(offset=-1, dim1=-2, dim2=-1).mean(-1)  # each token's look at the one before it
    layer, which = divmod(int(previous.argmax()), previous.shape[1])
    print(f"Layer {layer}, head {which} looks most at the token before: {previous.max():.0%} of its attention.")\
"""
_PICTURE = """\
best = lens.topk(5, dim=-1)
names = [[repr(tokenizer.decode([i])).replace("<", "&lt;") for i in row] for row in best.indices.tolist()]
rows = ["embedding", *(f"after layer {i}" for i in range(len(lens) - 1))]
fig = go.Figure(go.Heatmap(z=best.values.tolist(), text=names, texttemplate="%{text}", y=rows, colorscale="Purples"))
fig.update_layout(
    title="What each layer would say comes next (logit lens)",
    height=26 * len(rows) + 160,
    xaxis_title="0 is the likeliest",
)
fig.show()\
"""


def _live(live: Live) -> list[Cell]:
    page = [(token, round(p, 9)) for token, p in live.best]
    cut = [code_cell(f"ids = ids[-{live.kept}:]  # the page looks at the last ones alone")]
    return [
        *setup(live.source, eager=True),
        *ids_cell(live.prompt),
        *(cut if live.kept < len(live.prompt.ids) else []),
        markdown_cell(
            "## One pass, looked into\n\nThe model keeps one vector for each token and adds to it in every layer. The "
            "*logit lens* applies the final norm and the output head after every layer: what would the model say if "
            "it stopped there? The head was trained for the last layer alone, so early rows are rough."
        ),
        code_cell(_LENS),
        markdown_cell(
            "## Attention\n\nEach row of a map says how much a token looks at each earlier one, and sums to 1."
        ),
        code_cell(_ATTENTION),
        markdown_cell("## The next token, beside the page"),
        code_cell(
            f"page = {page!r}\n"
            "for i, p in page:\n"
            '    print(f"{i:>9} {probs[i]:8.3%} {p:8.3%}  {tokenizer.decode([i])!r}")\n'
            "difference = max(abs(probs[i].item() - p) for i, p in page)\n"
            'print(f"largest difference between here and the page: {difference:.1e}")'
        ),
        markdown_cell("## The picture"),
        code_cell(_PICTURE),
    ]
