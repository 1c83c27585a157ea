"""The buttons under a message: which there are, their HTML, and what a press does.

They are plain HTML for which one component listens (assets/buttons.js). As Streamlit's own they were five elements a
message, which the server sends and the browser draws anew at every click, whatever it was for.
"""

from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from typing import NamedTuple

import streamlit as st

from lib.chat import Conversation, Message
from lib.ui.chat import state as chat_state
from lib.ui.chat.state import Workspace
from lib.ui.components.custom import asset, component

_COMPONENT = component("playground_chat_buttons", html="<span hidden></span>", js=asset(__file__, "buttons.js"))
_KEY = "scroll-to-copy"  # its beginning takes it out of the page's layout


class Button(NamedTuple):
    """`name` is read, by eyes or, where the page's style draws an icon alone, by screen readers."""

    name: str
    act: Callable[[Message], None]
    off: bool = False
    hint: str = ""


def listen() -> None:
    """Where the page hears of a press. A press is carried out before the next run, as for Streamlit's buttons."""
    _COMPONENT(key=_KEY, data={}, on_press_change=_pressed)


def buttons_of(conversation: Conversation, message: Message, *, last: bool) -> dict[str, Button]:
    """The buttons of a message, in order. `last`: it ends the branch on screen, and nothing is being written."""
    place, count = conversation.place(message.id)
    found: dict[str, Button] = {}
    if count > 1:
        found["earlier"] = Button("Earlier version", partial(chat_state.step, by=-1), off=place == 1)
        found["later"] = Button("Later version", partial(chat_state.step, by=1), off=place == count)
    if message.role == "assistant":
        found["regenerate"] = Button("Regenerate", chat_state.regenerate)
        if last and message.stats.get("finish") != "stop":
            found["continue"] = Button("Continue", chat_state.go_on)
    elif last:
        found["answer"] = Button("Answer", chat_state.regenerate)
    found["edit"] = Button("Edit", chat_state.edit)
    found["delete"] = Button("Delete", chat_state.delete, hint="Removes this message and all that follow it.")
    return found


def buttons_html(conversation: Conversation, message: Message, *, last: bool) -> str:
    """The line of buttons, and which version of the message this is."""
    parts = []
    for act, button in buttons_of(conversation, message, last=last).items():
        icon_alone = act in ("earlier", "later")
        name = f' aria-label="{button.name}"' if icon_alone else f' title="{button.hint}"' if button.hint else ""
        parts.append(
            f'<button type="button" class="pg-act" data-act="{act}" data-message="{escape(message.id)}"{name}'
            f"{' disabled' * button.off}>{'' if icon_alone else button.name}</button>"
        )
        if act == "earlier":
            parts.append("<span>{}/{}</span>".format(*conversation.place(message.id)))
    return f'<div class="pg-acts">{"".join(parts)}</div>'


def _pressed() -> None:
    found = (st.session_state.get(_KEY) or {}).get("press")
    if isinstance(found, Mapping):
        press(chat_state.workspace(), found.get("act"), found.get("message"))


def press(space: Workspace, act: object, message_id: object) -> None:
    """Carry out the button `act` of a message. What is no button there, or one that is off, does nothing."""
    message = space.conversation.messages.get(str(message_id))
    if message is None:
        return
    path = space.conversation.path()
    last = bool(path) and message is path[-1] and space.task is None and space.writer is None
    button = buttons_of(space.conversation, message, last=last).get(str(act))
    if button is not None and not button.off:
        button.act(message)
