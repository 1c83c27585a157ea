"""An element that is on the page already and gets new contents while the script still runs.

A component or chart may be placed once in a run: the second time Streamlit complains of its key. What goes to the
browser is one message a time, though, and a message with the same place and id and other contents is what the browser
takes as an update. So the message of the first time is kept, and sent again with other contents. This is the one file
that knows of Streamlit's messages; a test holds it against the real thing.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx

Value = TypeVar("Value")


class Replaceable(Generic[Value]):
    """What `draw` placed last, and what it gave back as `value`."""

    def __init__(self, draw: Callable[[], Value]) -> None:
        self._context = get_script_run_ctx()
        self._message: ForwardMsg | None = None
        if self._context is None:  # a script without an app
            self.value = draw()
            return
        send = self._context.enqueue

        def keep(message: ForwardMsg) -> None:
            if message.WhichOneof("type") == "delta":
                self._message = message
            send(message)

        # Here, and not one step later: of what the browser has from an earlier run only a reference is sent.
        self._context.enqueue = keep  # type: ignore[method-assign, assignment]
        try:
            self.value = draw()
        finally:
            del self._context.enqueue  # the class's own again

    def show(self, data: Mapping[str, Any]) -> None:
        """Other data for a component of `lib.ui.components.custom`. Ends the run if another one has been asked for."""
        if (message := self._copy()) is not None:
            element = message.delta.new_element.bidi_component
            text = json.dumps([data])
            if element.WhichOneof("data") == "mixed":
                element.mixed.json = text
            else:
                element.json = text
            self._send(message)

    def _copy(self) -> ForwardMsg | None:
        if self._context is None or self._message is None:
            return None
        message = ForwardMsg()
        message.CopyFrom(self._message)
        message.ClearField("hash")
        return message

    def _send(self, message: ForwardMsg) -> None:
        assert self._context is not None
        self._context.enqueue(message)
