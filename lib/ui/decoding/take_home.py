"""What one takes home from the Decoding page: its notebook, and the columns as CSV and JSON."""

from collections.abc import Sequence
from functools import partial

from lib.engine import Engine
from lib.generation.strategy_run import StrategyRun
from lib.generation.token_view import token_name
from lib.takehome.decoding import Written, decoding_notebook
from lib.takehome.decoding_results import Result, results_csv, results_json
from lib.takehome.parts import prompt_of, source_of
from lib.ui.components import take_home
from lib.ui.decoding.sections import Asked

_NOTHING = "Run the columns first"
_SERVER = "This model is on a server"


def page_menu(asked: Asked) -> None:
    """The menu of the page."""
    runs = [column.track for column in asked.columns if column.track is not None and column.track.steps]
    # Columns may have been written after another prompt: the notebook is of the newest text's.
    same = [run for run in runs if run.prompt == tuple(asked.ids)]
    engine = asked.engine
    remote = engine.info.dtype == "remote"
    take_home.menu(
        take_home.File(
            "Notebook (.ipynb)",
            "decoding.ipynb",
            take_home.NOTEBOOK,
            partial(_notebook, asked, same) if same and not remote else None,
            help=_SERVER
            if remote
            else "The texts that continue this prompt, with transformers and Plotly"
            if same
            else _NOTHING,
        ),
        take_home.File(
            "Results (CSV)",
            "decoding.csv",
            take_home.CSV,
            partial(_csv, engine, runs) if runs else None,
            help="One line a token, with its probabilities" if runs else _NOTHING,
        ),
        take_home.File(
            "Results (JSON)",
            "decoding.json",
            take_home.JSON,
            partial(_json, engine, runs) if runs else None,
            help="All columns with their settings, texts and tokens" if runs else _NOTHING,
        ),
    )


def _notebook(asked: Asked, runs: Sequence[StrategyRun]) -> str:
    engine = asked.engine
    columns = [
        Written(run.strategy, list(run.steps), run.prompt, run.max_new_tokens, run.state == "done") for run in runs
    ]
    prompt = prompt_of(asked.prompt, asked.ids, engine.tokenizer.special)
    source = source_of(asked.model_id, engine.info.dtype)
    return decoding_notebook(source, prompt, columns, engine.stop_ids)


def _results(engine: Engine, runs: Sequence[StrategyRun]) -> list[Result]:
    decode = engine.tokenizer.decode
    return [
        Result(
            strategy=run.strategy,
            seed=run.seed,
            max_new_tokens=run.max_new_tokens,
            state=run.state,
            prompt=decode(run.prompt),
            text=decode([step.id for step in steps]),
            steps=steps,
        )
        for run in runs
        for steps in [list(run.steps)]  # as it is now: it may be growing
    ]


def _csv(engine: Engine, runs: Sequence[StrategyRun]) -> str:
    return results_csv(_results(engine, runs), partial(token_name, engine.tokenizer))


def _json(engine: Engine, runs: Sequence[StrategyRun]) -> str:
    name = partial(token_name, engine.tokenizer)
    return results_json(_results(engine, runs), name, model=engine.info.name)
