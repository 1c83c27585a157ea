"""Completion against chat, and Chat, as notebooks: what a template makes of messages, and what was written after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import Any

from lib.decoding.strategies import Strategy
from lib.decoding.transformers_code import generate_arguments
from lib.engine import Step
from lib.takehome.notebook_file import (
    Cell,
    code_cell,
    literal,
    long_literal,
    markdown_cell,
    notebook,
    shown_in_markdown,
    wrapped,
)
from lib.takehome.parts import VARIABLE, Source, imports_of, opening, read_cell, surprise_chart, torch_dtype

CHAT_VARIABLE = "PLAYGROUND_NOTEBOOK_CHAT_MODEL"
GREEDY = Strategy("greedy")


@dataclass(frozen=True)
class Corner:
    """A model, what it read, and what it wrote. `template` "" is raw text. `read_as_text`: the ids cannot be got from
    `text`, as somebody typed the spelling of a control token. `greedy`: nothing was drawn; then `max_new_tokens` and
    `stop_ids` count."""

    title: str
    source: Source
    text: str
    ids: Sequence[int]
    read_as_text: bool
    steps: Sequence[Step] = ()
    greedy: bool = False
    max_new_tokens: int = 0
    stop_ids: frozenset[int] = frozenset()
    template: str = ""
    messages: Sequence[Mapping[str, str]] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    begun: bool = False  # the last message is a reply that was begun


def completion_notebook(corners: Sequence[Corner]) -> str:
    """The corners of the page, those of one model after the other."""
    about = (
        "A base model and a chat model do the same thing: they continue a text. The chat model was trained on texts in "
        "one format, and its chat template writes that format. Here are the same words, raw and in the template."
    )
    sources = list(dict.fromkeys(corner.source for corner in corners))
    return notebook(
        [
            opening("Completion against chat", "Completion vs chat", about),
            *_models(sources),
            read_cell(),
            code_cell("texts, tokenizer_of = {}, {}"),
            *(cell for corner in corners for cell in _corner(corner, sources.index(corner.source))),
            *surprise_chart(),
        ]
    )


def chat_notebook(corner: Corner) -> str:
    """The conversation on screen, and the latest reply where there is one."""
    about = (
        "A chat model has no memory: for every reply the whole conversation is written into one text, and the model "
        "continues it. Here is that text, its token IDs, and the reply, token by token."
    )
    cells = [opening("A chat", "Chat", about), *_models([corner.source]), read_cell()]
    cells += [code_cell("texts, tokenizer_of = {}, {}"), *_corner(corner, 0)]
    return notebook([*cells, *(surprise_chart() if corner.steps else _next())])


def _models(sources: Sequence[Source]) -> list[Cell]:
    lines = [
        *imports_of("AutoModelForCausalLM, AutoTokenizer"),
        "",
        "",
        "def load(name, dtype):",
        "    model = AutoModelForCausalLM.from_pretrained(name, dtype=dtype).eval()",
        "    return AutoTokenizer.from_pretrained(name), model",
        "",
        "",
        "# Names on the Hugging Face hub (downloaded once), or folders with a model.",
    ]
    for number, (source, variable) in enumerate(zip(sources, (VARIABLE, CHAT_VARIABLE), strict=False)):
        name = ("MODEL", "CHAT_MODEL")[number]
        lines.append(f"{name} = os.environ.get({variable!r}) or {literal(source.model)}")
        lines.append(f"loaded_{number} = load({name}, torch.{torch_dtype(source.dtype)})")
    remarks = [shown_in_markdown(source.about) for source in sources if source.about]
    if any(source.dtype == "int8" for source in sources):
        remarks.append("The page computed with int8 weights; this notebook uses float32, so numbers differ a little.")
    return [
        markdown_cell("\n\n".join(["## The model" + "s" * (len(sources) > 1), *remarks])),
        code_cell("\n".join(lines)),
    ]


def _corner(corner: Corner, number: int) -> list[Cell]:
    title = shown_in_markdown(corner.title)
    cells = [markdown_cell(f"## {title}\n\n{_HOW['template' if corner.template else 'raw']}")]
    cells.append(code_cell("\n".join([f"tokenizer, model = loaded_{number}", *_text(corner)])))
    if corner.read_as_text:
        cells.append(
            markdown_cell(
                "Somebody typed the spelling of a special token, or characters that are no text. The page reads it as "
                "ordinary text, so that nobody can forge a turn; `transformers` would obey it. So the ids are written "
                "out here."
            )
        )
    cells.append(code_cell("\n".join(_ids(corner))))
    if corner.steps:
        cells += _written(corner)
    return cells


_HOW = {
    "raw": "The words alone, without a template.",
    "template": "The template is a small program in Jinja. It writes the messages and the special tokens around them.",
}


def _text(corner: Corner) -> list[str]:
    if not corner.template or corner.begun:
        note = "  # the messages in the template; the reply has begun" if corner.begun else ""
        return [f"text = {long_literal(corner.text)}{note}", "print(text)"]
    rows = "".join(f"    {dict(message)!r},\n" for message in corner.messages)
    extra = "".join(f", {name}={value!r}" for name, value in corner.variables.items() if name.isidentifier())
    return [
        f"messages = [\n{rows}]",
        f"TEMPLATE = {long_literal(corner.template)}",
        "text = tokenizer.apply_chat_template(",
        f"    messages, chat_template=TEMPLATE, tokenize=False, add_generation_prompt=True{extra}",
        ")",
        "print(text)",
    ]


def _ids(corner: Corner) -> list[str]:
    if corner.read_as_text:
        lines = [f"ids = {wrapped(corner.ids)}"]
    else:
        lines = ['ids = tokenizer(text, add_special_tokens=False)["input_ids"]']
    return [*lines, f'print(len(ids), "tokens; the page had {len(corner.ids)}")']


def _written(corner: Corner) -> list[Cell]:
    new, lines = [step.id for step in corner.steps], []
    if corner.greedy:
        words = "Greedy decoding draws nothing, so `generate` writes the same text again."
        lines = [
            "inputs = torch.tensor([ids])",
            "output = model.generate(",
            "    inputs,",
            "    attention_mask=torch.ones_like(inputs),",
            *(f"    {line}" for line in generate_arguments(GREEDY, corner.max_new_tokens, corner.stop_ids)),
            ")",
            "written = output[0, len(ids):].tolist()",
            f'print("the same text as on the page:", written == {wrapped(new)})',
        ]
    else:
        words = (
            "The text was drawn with the app's own random numbers, which `torch` does not have. So it is not drawn "
            "again: the model reads it, and gives each token the probability that it had on the page."
        )
    lines += [
        f"new = {wrapped(new)}  # the text on the page",
        f"page = {wrapped([round(exp(step.logprob), 9) for step in corner.steps])}",
        "logprobs = show(ids, new, page)",
        f"texts[{literal(corner.title)}], tokenizer_of[{literal(corner.title)}] = (new, logprobs), tokenizer",
    ]
    return [markdown_cell(words), code_cell("\n".join(lines))]


def _next() -> list[Cell]:
    return [
        markdown_cell("## The picture\n\nNothing is written yet. These are the likeliest first tokens of a reply."),
        code_cell(
            "with torch.inference_mode():\n"
            "    logits = model(torch.tensor([ids]), logits_to_keep=1).logits[0, -1].double()\n"
            "probs = torch.softmax(logits, dim=-1)\n"
            "best = probs.topk(15).indices.tolist()\n"
            'labels = [repr(tokenizer.decode([i])).replace("<", "&lt;") for i in best]  # Plotly reads < as a tag\n'
            "places = list(range(len(best)))\n"
            'fig = go.Figure(go.Bar(y=places, x=probs[best].tolist(), orientation="h"))\n'
            'fig.update_layout(title="The first token of the reply", xaxis_title="probability", height=520)\n'
            'fig.update_yaxes(tickvals=places, ticktext=labels, autorange="reversed")\n'
            "fig.show()"
        ),
    ]
