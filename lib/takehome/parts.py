"""Cells that several notebooks have in common: the model, the text as ids, probabilities of a written text, a chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lib import models
from lib.engine import Sampling
from lib.takehome.notebook_file import Cell, code_cell, literal, markdown_cell, shown_in_markdown, wrapped

VARIABLE = "PLAYGROUND_NOTEBOOK_MODEL"  # a folder in place of the hub's name
_DTYPES = {"bfloat16", "float16"}


@dataclass(frozen=True)
class Source:
    """Where transformers finds a page's model: a hub name or a folder's name, the dtype, and a remark for people."""

    model: str
    dtype: str
    about: str = ""


@dataclass(frozen=True)
class Prompt:
    """A text and its ids on the page. `plain`: transformers' tokenizer makes the same ids of the text."""

    text: str
    ids: tuple[int, ...]
    plain: bool


def prompt_of(text: str, ids: Sequence[int], special: Mapping[str, int]) -> Prompt:
    """`plain` unless the text is empty, no text at all, or spells a control token, which transformers would obey.

    >>> prompt_of("a <s>", [1, 2], {"<s>": 0}).plain, prompt_of("a", [1], {}).plain
    (False, True)
    """
    whole = text.encode("utf-8", "replace").decode() == text
    return Prompt(text, tuple(ids), bool(text) and whole and not any(name in text for name in special))


def source_of(model_id: str, dtype: str) -> Source:
    """A catalog model by its hub name; one that ships by its place in the app; a folder of this machine by its name."""
    spec, place = models.spec(model_id), models.where(model_id)
    if model_id in models.SHIPPED:
        about = f"{spec.name} comes with the app: run this in the app's folder, or write here where its folder is."
        return Source(f"lib/models/shipped/{model_id}", dtype, about)
    if not spec.hub_id:
        name = " ".join(spec.name.split())
        return Source(name, dtype, f"The page used a model folder called {name}: write here where your copy is.")
    about = ""
    if model_id == models.EMBEDDED and place is not None and place.source == "app":
        # lib/models/embedded.py: the app's copy is converted from a Q4_1 GGUF file.
        about = (
            "The app's own copy of this model was stored in 4 bits (Q4_1), the hub's in bfloat16: with the hub's, "
            "the numbers below differ a little from those on the page."
        )
    return Source(spec.hub_id, dtype, about)


def torch_dtype(dtype: str) -> str:
    """What the notebook computes in: as the page did, and in float32 where that was int8."""
    return dtype if dtype in _DTYPES else "float32"


def opening(title: str, page: str, about: str) -> Cell:
    """The first cell. `title`, `page` and `about` are our own words."""
    return markdown_cell(
        f"# {title}\n\n{about}\n\nThis notebook repeats the state of the *{page}* page of the LLM Playground at the "
        "moment it was saved, without the app. Run the cells from top to bottom (Shift+Enter)."
    )


def imports_of(names: str) -> list[str]:
    """The first lines of code; `names` are what is imported of transformers, separated by commas."""
    return [
        "# In a new environment, first: pip install torch transformers plotly",
        "import os",
        "",
        "import plotly.graph_objects as go",
        "import torch",
        f"from transformers import {names}",
    ]


def setup(source: Source, *, imports: Sequence[str] = (), eager: bool = False) -> list[Cell]:
    """The model and its tokenizer. `eager`: attention written out in plain operations, which can return its weights."""
    kind = torch_dtype(source.dtype)
    more = ', attn_implementation="eager"' if eager else ""
    names = ", ".join(sorted({"AutoModelForCausalLM", "AutoTokenizer", *imports}))
    lines = [
        *imports_of(names),
        "",
        "# A name on the Hugging Face hub (downloaded once), or a folder with a model.",
        f"MODEL = os.environ.get({VARIABLE!r}) or {literal(source.model)}",
        "tokenizer = AutoTokenizer.from_pretrained(MODEL)",
        f"model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.{kind}{more}).eval()",
    ]
    return [markdown_cell(_model_words(source)), code_cell("\n".join(lines))]


def _model_words(source: Source) -> str:
    words = "## The model"
    if source.about:
        words += "\n\n" + shown_in_markdown(source.about)
    if source.dtype == "int8":
        words += "\n\nThe page computed with int8 weights; this notebook uses float32, so numbers differ a little."
    return words


def ids_cell(prompt: Prompt, *, name: str = "PROMPT", added: Sequence[int] = (), why_added: str = "") -> list[Cell]:
    """From text to ids, as on the page."""
    lines, words = (
        [],
        "## From text to token IDs\n\nA model reads numbers. The tokenizer cuts the text and looks up each piece.",
    )
    if prompt.plain:
        lines += [f"{name} = {literal(prompt.text)}", f'ids = tokenizer({name}, add_special_tokens=False)["input_ids"]']
    else:
        words += (
            "\n\nHere the ids are written out. Either the text is empty, and one special token marks its start, or it "
            "spells a special token: the page reads what is typed as ordinary text, `transformers` would not."
        )
        lines += [f"ids = {wrapped(prompt.ids)}"]
    if added:
        lines.append(f"ids += {wrapped(added)}  # {why_added}")
    lines += ["", "for i in ids[:40]:  # the first 40", '    print(f"{i:>7}  {tokenizer.decode([i])!r}")']
    return [markdown_cell(words), code_cell("\n".join(lines))]


def warpers(sampling: Sampling) -> list[tuple[str, str]]:
    """transformers' classes for sampling settings, in its order, with the argument as Python; [] for greedy."""
    if sampling.temperature == 0:
        return []
    steps = [("TemperatureLogitsWarper", float(sampling.temperature))]
    if sampling.top_k is not None:
        steps.append(("TopKLogitsWarper", int(sampling.top_k)))
    if sampling.top_p is not None and sampling.top_p < 1:
        steps.append(("TopPLogitsWarper", float(sampling.top_p)))
    if sampling.min_p:
        steps.append(("MinPLogitsWarper", float(sampling.min_p)))
    return [(name, literal(value)) for name, value in steps]


READ = '''\
def read(ids, new):
    """ln p of each token of `new` given all before it: the model reads the finished text once (teacher forcing)."""
    with torch.inference_mode():
        logits = model(torch.tensor([ids + new]), logits_to_keep=len(new) + 1).logits[0, :-1]  # (new, vocabulary)
    return torch.log_softmax(logits.double(), dim=-1)[torch.arange(len(new)), new]


def show(ids, new, page):
    """A written text, token by token: here and on the page."""
    logprobs = read(ids, new)
    print(f"{tokenizer.decode(new)!r}\\n")
    print("       id     here     page  token")
    for i, here, there in zip(new, logprobs.exp().tolist(), page):
        print(f"{i:>9} {here:8.2%} {there:8.2%}  {tokenizer.decode([i])!r}")
    print(f"\\nln p = {logprobs.sum():.2f}, perplexity {(-logprobs.mean()).exp():.2f}")
    return logprobs
'''


def read_cell() -> Cell:
    """`read` and `show`."""
    return code_cell(READ)


SURPRISE = """\
fig = go.Figure()
for name, (new, logprobs) in texts.items():
    bits = (-logprobs / torch.log(torch.tensor(2.0))).tolist()
    labels = [repr(tokenizer_of[name].decode([i])).replace("<", "&lt;") for i in new]  # Plotly reads < as a tag
    fig.add_scatter(y=bits, x=list(range(1, len(new) + 1)), text=labels, mode="lines+markers", name=name)
fig.update_layout(
    title="How much each token surprised the model", xaxis_title="token", yaxis_title="surprise in bits (−log₂ p)"
)
fig.show()
"""


def surprise_chart() -> list[Cell]:
    """One line a text: surprise token by token. Needs `texts` and `tokenizer_of`, by name."""
    return [
        markdown_cell(
            "## The picture\n\nSurprise is −log₂ of the probability the model itself gave (temperature 1). "
            "0 bits is certainty; each bit halves the probability."
        ),
        code_cell(SURPRISE),
    ]
