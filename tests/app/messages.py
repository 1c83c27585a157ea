"""Messages on the Chat page as AppTest finds them, and presses of their buttons, which are HTML."""

import html
import json
import re

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.testing.v1 import AppTest


def texts(test: AppTest) -> list[str]:
    """The messages that are one piece of HTML."""
    bodies = [one.proto.body for one in test.get("html")]
    return [body for body in bodies if body.startswith('<div class="pg-message')]


def buttons(test: AppTest) -> list[tuple[str, str, str]]:
    """Act, message and name of the buttons of messages that can be pressed, in order."""
    drawn = "".join(one.proto.body for one in test.get("html"))
    found = re.findall(r'<button type="button" class="pg-act"([^>]*)>(.*?)</button>', drawn)
    pressable = [(dict(re.findall(r'([\w-]+)="(.*?)"', said)), name) for said, name in found if " disabled" not in said]
    return [(it["data-act"], it["data-message"], html.unescape(name)) for it, name in pressable]


def send(test: AppTest, value: object) -> AppTest:
    """What a browser may send for a press of a message's button."""
    listener = next(one.proto.id for one in test.get("bidi_component") if one.proto.id.endswith("scroll-to-copy"))
    states = test._tree.get_widget_states()
    sent = json.dumps([{"event": "press", "value": value}])
    states.widgets.add(id=_make_trigger_id(listener, "events"), json_trigger_value=sent)
    test._run(states)
    assert not test.exception, test.exception
    return test


def press(test: AppTest, act: str, index: int = -1) -> AppTest:
    """One of the buttons with this act, by default the last, as the browser tells of it."""
    act, message, _ = [one for one in buttons(test) if one[0] == act][index]
    return send(test, {"act": act, "message": message})
