"""What one takes home from Completion against chat: its notebook."""

from collections.abc import Mapping, Sequence
from functools import partial

from lib.engine import Sampling
from lib.generation.background_text import BackgroundText
from lib.takehome.parts import source_of
from lib.takehome.templates import Corner, completion_notebook
from lib.ui.completion.choices import CompletionSettings
from lib.ui.completion.corners import Cell, template_of
from lib.ui.components import take_home


def page_menu(cells: Sequence[Cell], choice: CompletionSettings, texts: Mapping[str, BackgroundText]) -> None:
    """The menu of the page. `texts`: what the cells of now have written, by their keys."""
    remote = any(cell.engine.info.dtype == "remote" for cell in cells)
    why = "A model is on a server" if remote else "Write a prompt first"
    ready = bool(cells) and not remote
    take_home.menu(
        take_home.File(
            "Notebook (.ipynb)",
            "completion-and-chat.ipynb",
            take_home.NOTEBOOK,
            partial(_notebook, cells, choice, texts) if ready else None,
            help="All corners with transformers and Plotly, without the app" if ready else why,
        )
    )


def _notebook(cells: Sequence[Cell], choice: CompletionSettings, texts: Mapping[str, BackgroundText]) -> str:
    return completion_notebook([_corner(cell, choice, texts.get(cell.key)) for cell in cells])


def _corner(cell: Cell, choice: CompletionSettings, text: BackgroundText | None) -> Corner:
    engine, rendered, request = cell.engine, cell.rendered, choice.request
    steps = [] if text is None else list(text.steps)
    template = template_of(choice.instruct) if cell.templated else None
    messages = [{"role": "system", "content": request.system}] if request.system else []
    return Corner(
        title=cell.title,
        source=source_of(cell.model_id, engine.info.dtype),
        text=rendered.text,
        ids=rendered.ids,
        read_as_text=engine.tokenizer.ids(rendered.text, parse_special=True) != list(rendered.ids),
        steps=steps,
        greedy=_is_greedy(choice.sampling) and text is not None and text.state == "done",
        max_new_tokens=max(1, min(choice.length, engine.info.context - len(rendered.ids))),
        stop_ids=engine.stop_ids,
        template=template.source if template else "",
        messages=[*messages, {"role": "user", "content": request.prompt}],
        variables=template.variables if template else {},
        begun=bool(request.prefill),
    )


def _is_greedy(sampling: Sampling) -> bool:
    return sampling.temperature == 0 and sampling.repetition_penalty == 1
