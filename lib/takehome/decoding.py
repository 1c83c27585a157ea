"""The Decoding page as a notebook: greedy and beam search again, and the drawn texts with their probabilities.

A drawn text depends on this app's own stream of random numbers (numpy's, one a text), which torch does not have. So
the notebook does not draw again: it reads the text that is on the page and shows each token's probability.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from lib.decoding.strategies import Strategy
from lib.decoding.transformers_code import generate_arguments
from lib.engine import Step
from lib.takehome.notebook_file import Cell, code_cell, literal, markdown_cell, notebook, wrapped
from lib.takehome.parts import Prompt, Source, ids_cell, opening, read_cell, setup, surprise_chart, warpers


@dataclass(frozen=True)
class Written:
    """A column and its text. `prompt`: the ids that it continues; `whole`: it was not stopped by a person."""

    strategy: Strategy
    steps: Sequence[Step]
    prompt: tuple[int, ...]
    max_new_tokens: int
    whole: bool


def decoding_notebook(source: Source, prompt: Prompt, columns: Sequence[Written], stop_ids: frozenset[int]) -> str:
    """`columns` have texts that continue the ids of `prompt`."""
    classes = {name for column in columns for name, _ in warpers(column.strategy.sampling())}
    penalties = any(column.strategy.sampling().repetition_penalty != 1 for column in columns)
    about = (
        "The model gives every token a probability; a decoding strategy chooses. Here are the texts of the page's "
        "columns, and what the model thought of each of their tokens."
    )
    cells = [
        opening("Decoding strategies", "Decoding", about),
        *setup(source, imports=[*classes, *(["RepetitionPenaltyLogitsProcessor"] if penalties else [])]),
        *ids_cell(prompt),
        markdown_cell(
            "## How the model reads a finished text\n\nOne pass gives the probabilities at every position at once."
        ),
        read_cell(),
        code_cell("texts, tokenizer_of = {}, {}"),
    ]
    for number, column in enumerate(columns, 1):
        cells += _column(number, column, stop_ids)
    return notebook([*cells, *surprise_chart()])


def _column(number: int, column: Written, stop_ids: frozenset[int]) -> list[Cell]:
    strategy = column.strategy
    ids = [step.id for step in column.steps]
    name = f"{number} · {strategy.title()}"
    lines = [
        f"new = {wrapped(ids)}  # the text on the page",
        f"page = {wrapped([round(_probability(step), 9) for step in column.steps])}",
        "logprobs = show(ids, new, page)",
        f"texts[{literal(name)}], tokenizer_of[{literal(name)}] = (new, logprobs), tokenizer",
    ]
    if strategy.random:
        cells = [markdown_cell(f"## {name}\n\n{_DRAWN}"), code_cell("\n".join(lines))]
        return [*cells, *_after(column)]
    words = _SEARCHED if column.whole else "This text was stopped, so it may be only the beginning of what follows."
    return [markdown_cell(f"## {name}\n\n{words}"), code_cell("\n".join([*_again(column, stop_ids), *lines]))]


_DRAWN = (
    "This text was drawn with the app's own random numbers, which `torch` does not have. So it is not drawn again: the "
    "model reads it, and gives each token the probability that it had on the page."
)
_SEARCHED = "Nothing is drawn at random here: `generate` writes the same text again."


def _probability(step: Step) -> float:
    """The model's own probability of a token."""
    return exp(step.logprob)


def _again(column: Written, stop_ids: frozenset[int]) -> list[str]:
    strategy = column.strategy
    arguments = generate_arguments(strategy, column.max_new_tokens - len(strategy.forced), stop_ids)
    start = f"ids + {wrapped(strategy.forced)}" if strategy.forced else "ids"
    return [
        f"inputs = torch.tensor([{start}])",
        "output = model.generate(",
        "    inputs,",
        "    attention_mask=torch.ones_like(inputs),",
        *(f"    {line}" for line in arguments),
        ")",
        "written = output[0, len(ids):].tolist()",
        f'print("the same text as on the page:", written == {wrapped([step.id for step in column.steps])})',
    ]


def _after(column: Written) -> list[Cell]:
    """The probabilities that the tokens were drawn with."""
    sampling, first = column.strategy.sampling(), len(column.strategy.forced)
    steps = warpers(sampling)
    remark = "  # after the tokens chosen by hand" if first else ""
    lines = ["    scores = logits[place : place + 1].clone()"]
    if sampling.repetition_penalty != 1:
        lines += [
            "    seen = torch.tensor([ids + new[:place]])",
            f"    scores = RepetitionPenaltyLogitsProcessor({sampling.repetition_penalty!r})(seen, scores)",
        ]
    lines += [f"    scores = {name}({value})(None, scores)" for name, value in steps]
    return [
        markdown_cell(
            "After the sampling settings, in the order in which `transformers` applies them, each token had this "
            "probability of being drawn."
        ),
        code_cell(
            "\n".join(
                [
                    "with torch.inference_mode():",
                    "    rows = model(torch.tensor([ids + new]), logits_to_keep=len(new) + 1).logits[0, :-1]",
                    "logits = rows.double()  # row n is what token n of the text was drawn from",
                    f"page = {wrapped([round(step.prob, 9) for step in column.steps])}",
                    "drawn = []",
                    f"for place in range({first}, len(new)):{remark}",
                    *lines,
                    "    drawn.append(torch.softmax(scores[0], dim=-1)[new[place]].item())",
                    '    print(f"{drawn[-1]:8.2%} {page[place]:8.2%}  {tokenizer.decode([new[place]])!r}")',
                ]
            )
        ),
    ]
