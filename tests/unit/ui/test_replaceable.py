"""What is shown later in the place of an element reaches the browser, also where the browser has seen the element."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import add_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext, enqueue_message
from streamlit.runtime.state import SafeSessionState, SessionState

from lib.ui.components.replaceable import Replaceable

LARGE = 20_000  # characters: more than Streamlit's smallest message that browsers keep (10 kB)


def in_a_run(work: Callable[[], None], seen: frozenset[str]) -> list[ForwardMsg]:
    """What a run of a script sends to a browser that keeps the messages with these hashes."""
    sent: list[ForwardMsg] = []

    def run() -> None:
        context = ScriptRunContext(
            session_id="one",
            _enqueue=sent.append,
            query_string="",
            session_state=SafeSessionState(SessionState(), lambda: None),
            uploaded_file_mgr=MemoryUploadedFileManager(""),
            main_script_path="",
            user_info={},
            fragment_storage=MemoryFragmentStorage(),
            pages_manager=PagesManager(""),
        )
        add_script_run_ctx(ctx=context)
        context.reset(cached_message_hashes=seen)
        work()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return sent


def draw() -> None:
    """As a component goes to the browser."""
    message = ForwardMsg()
    message.metadata.delta_path[:] = [0, 3]
    message.delta.new_element.bidi_component.id = "stream"
    message.delta.new_element.bidi_component.js_content = "x" * LARGE
    message.delta.new_element.bidi_component.json = json.dumps([{"text": ""}])
    enqueue_message(message)


@pytest.mark.parametrize("again", [False, True])
def test_an_element_that_the_browser_keeps_from_an_earlier_run_is_replaced_too(again: bool) -> None:
    data: dict[str, Any] = {"text": "It grows."}

    def script() -> None:
        Replaceable(draw).show(data)

    first = in_a_run(script, frozenset())
    drawn, shown = in_a_run(script, frozenset({first[0].hash})) if again else first
    assert drawn.WhichOneof("type") == ("ref_hash" if again else "delta")
    assert json.loads(shown.delta.new_element.bidi_component.json) == [data]
    assert list(shown.metadata.delta_path) == [0, 3] and shown.hash != first[0].hash
