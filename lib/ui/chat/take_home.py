"""What one takes home from the Chat page: the conversation as a notebook."""

from functools import partial

from lib.chat import Fitted
from lib.engine import Engine, Step
from lib.takehome.parts import source_of
from lib.takehome.templates import Corner, chat_notebook
from lib.ui.chat.settings import ChatSettings
from lib.ui.chat.state import Workspace
from lib.ui.components import take_home


def page_menu(space: Workspace, fitted: Fitted | str | None, engine: Engine, chosen: ChatSettings) -> None:
    """The menu of the page. `fitted`: the prompt of the latest reply, or of the next one."""
    remote = engine.info.dtype == "remote"
    ready = isinstance(fitted, Fitted) and not remote
    why = "This model is on a server" if remote else "Say something first"
    take_home.menu(
        take_home.File(
            "Notebook (.ipynb)",
            "chat.ipynb",
            take_home.NOTEBOOK,
            partial(_notebook, fitted, _reply(space), engine, chosen) if isinstance(fitted, Fitted) and ready else None,
            help="What the model read, and its latest reply, with transformers and Plotly" if ready else why,
        )
    )


def _reply(space: Workspace) -> list[Step]:
    """The tokens of the latest reply, if it is at the end of the branch on screen and they are known."""
    path = space.conversation.path()
    return path[-1].tokens if path and path[-1].role == "assistant" else []


def _notebook(fitted: Fitted, reply: list[Step], engine: Engine, chosen: ChatSettings) -> str:
    rendered, template = fitted.rendered, chosen.template
    messages = [dict(message) for message in fitted.messages]
    return chat_notebook(
        Corner(
            title=f"{engine.info.name}, {template.label}",
            source=source_of(chosen.model_id, engine.info.dtype),
            text=rendered.text,
            ids=rendered.ids,
            read_as_text=engine.tokenizer.ids(rendered.text, parse_special=True) != list(rendered.ids),
            steps=list(reply),
            template=template.source,
            messages=messages,
            variables={**template.variables, **chosen.variables},
            begun=bool(messages) and messages[-1]["role"] == "assistant",
        )
    )
