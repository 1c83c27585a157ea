"""The Next Token page as a notebook: one text, the whole distribution, and what the sampling settings make of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from lib.engine import Sampling
from lib.takehome.notebook_file import Cell, code_cell, markdown_cell, notebook
from lib.takehome.parts import Prompt, Source, ids_cell, opening, setup, warpers


@dataclass(frozen=True)
class Bar:
    """A token as the page's chart shows it; probabilities 0 to 1."""

    id: int
    raw: float  # the model's own (T = 1)
    after: float  # after the sampling settings


def next_token_notebook(
    source: Source, prompt: Prompt, added: Sequence[int], sampling: Sampling, bars: Sequence[Bar]
) -> str:
    """`added`: tokens put after the prompt by clicks. `bars`: the page's, likeliest first."""
    steps = warpers(sampling)
    about = (
        "A language model does one thing: it gives every token of its vocabulary a probability of coming next. Here "
        "is that distribution for one text, before and after the sampling settings."
    )
    return notebook(
        [
            opening("The next token", "Next token", about),
            *setup(source, imports=[name for name, _ in steps]),
            *ids_cell(prompt, added=added, why_added="tokens added on the page"),
            *_logits(),
            *_settings(sampling, steps),
            *_compared(bars),
            *_chart(),
        ]
    )


def _logits() -> list[Cell]:
    return [
        markdown_cell(
            "## From ids to probabilities\n\nOne pass gives a score (a logit) for every token of the vocabulary. "
            "Softmax makes probabilities of them: all positive, together 1."
        ),
        code_cell(
            "with torch.inference_mode():\n"
            "    logits = model(torch.tensor([ids]), logits_to_keep=1).logits[0, -1].double()  # (vocabulary,)\n"
            "raw = torch.softmax(logits, dim=-1)\n"
            "entropy = -(raw * torch.log2(raw.clamp_min(1e-300))).sum()\n"
            'print(f"{raw.numel():,} probabilities, together {raw.sum():.6f}; entropy {entropy:.2f} bits")'
        ),
    ]


def _settings(sampling: Sampling, steps: Sequence[tuple[str, str]]) -> list[Cell]:
    if not steps:
        words = "Temperature 0 is greedy: all of the probability goes to the likeliest token."
        body = "probs = torch.nn.functional.one_hot(logits.argmax(), logits.numel()).double()"
    else:
        words = (
            "`transformers` applies them in this order. Temperature divides the logits; each filter keeps the "
            "likeliest tokens, and softmax shares out the probability among them."
        )
        lines = [f"scores = {name}({value})(None, scores)" for name, value in steps]
        body = "\n".join(["scores = logits[None]", *lines, "probs = torch.softmax(scores[0], dim=-1)"])
    body += '\nprint(f"{int((probs > 0).sum()):,} tokens still possible")'
    return [markdown_cell(f"## The sampling settings\n\n{words}"), code_cell(body)]


def _compared(bars: Sequence[Bar]) -> list[Cell]:
    rows = "".join(f"    ({bar.id}, {bar.raw!r}, {bar.after!r}),\n" for bar in bars)
    return [
        markdown_cell(
            "## Beside the page\n\nWhat the page showed, likeliest first: the token's id, its probability under the "
            "model (T = 1), and after the sampling settings."
        ),
        code_cell(
            f"page = [\n{rows}]\n"
            'print("       id   model     page   after     page  token")\n'
            "for i, p, q in page:\n"
            '    print(f"{i:>9} {raw[i]:7.3%} {p:8.3%} {probs[i]:7.3%} {q:8.3%}  {tokenizer.decode([i])!r}")\n'
            "difference = max(abs(raw[i].item() - p) for i, p, _ in page)\n"
            'print(f"largest difference between here and the page: {difference:.1e}")'
        ),
    ]


def _chart() -> list[Cell]:
    return [
        markdown_cell("## The picture"),
        code_cell(
            "best = raw.topk(20).indices.tolist()\n"
            'labels = [repr(tokenizer.decode([i])).replace("<", "&lt;") for i in best]  # Plotly reads < as a tag\n'
            "places = list(range(len(best)))  # two tokens may look alike: bars stand by place\n"
            "fig = go.Figure()\n"
            'fig.add_bar(y=places, x=raw[best].tolist(), orientation="h", name="model (T = 1)")\n'
            'fig.add_bar(y=places, x=probs[best].tolist(), orientation="h", name="after sampling settings")\n'
            "fig.update_layout(\n"
            '    title="The 20 likeliest next tokens", xaxis_title="probability", xaxis_tickformat=".0%", height=640\n'
            ")\n"
            'fig.update_yaxes(tickvals=places, ticktext=labels, autorange="reversed")\n'
            "fig.show()"
        ),
    ]
