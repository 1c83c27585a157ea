"""A server that strangers use: no folder of it, no change of its models without the key, no key anywhere."""

import io
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.faults.frame import Fault, Outcome
from benchmarks.faults.link_table import environment, opened, sentences
from lib.classroom.border import ClassroomError
from lib.classroom.teacher_key import TRIES, Lock
from lib.errors import PlaygroundError

KIND = "Public hosts"
KEY = "correct horse battery"
CANARY = "sk-canary-8f3a61"
_ON = {"PLAYGROUND_PUBLIC": "1", "PLAYGROUND_TEACHER_KEY": KEY}
_SHELF = {"home": "Models on this machine", "model": "playground-base"}


def _changes(page: Any) -> list[str]:
    """The buttons that get, unload or train something."""
    begins = ("get-", "unload-", "stop-", "train-go", "train-stop")
    return [str(button.key) for button in page.button if str(button.key).startswith(begins)]


def _folder_asked(folder: Path) -> Outcome:
    query = {"arch": "A folder or a file"}
    (folder / "config.json").write_text('{"model_type": "gpt2"}', encoding="utf-8")
    with environment(**_ON):
        page = opened("pages/2_Architecture.py", query, folder=str(folder))
        assert not [box for box in page.text_input if box.key == "folder"]
        assert "There is no config.json" not in " ".join(sentences(page))
    with environment(PLAYGROUND_PUBLIC="0"):
        page = opened("pages/2_Architecture.py", query)
        assert [box for box in page.text_input if box.key == "folder"]
    return Outcome("(there is no box for a folder)", "pasting a configuration", "elsewhere the box is there")


def _shelf_without_key(_: Path) -> Outcome:
    with environment(**_ON):
        page = opened("Home.py", _SHELF)
        read = next(one.value for one in page.caption if "public" in one.value)
        assert not _changes(page)
        page.text_input(key="teacher-key").set_value(KEY).run()
        assert not page.exception and _changes(page)
        assert KEY not in "".join(page.query_params) and page.text_input == []
    return Outcome(read, "the models that are here", "the right key was typed: the buttons are there")


def _wrong_key(_: Path) -> Outcome:
    with environment(**_ON):
        page = opened("Home.py", _SHELF)
        page.text_input(key="teacher-key").set_value("correct horse").run()
        read = next(box.value for box in page.error)
        assert not page.exception and not _changes(page)
        page.text_input(key="teacher-key").set_value(KEY).run()
        assert not page.exception and _changes(page)
    return Outcome(read, "the models that are here", "the right key was typed: the buttons are there")


def _guessing(_: Path) -> Outcome:
    lock, read = Lock(), ""
    with environment(**_ON):
        began = time.monotonic()
        for number in range(TRIES + 1):
            try:
                lock.check(f"guess {number}")
            except ClassroomError as error:
                read = str(error)
        assert "Too many" in read and time.monotonic() - began > 0.2 * TRIES
        try:
            lock.check(KEY)
        except ClassroomError as error:
            assert "Too many" in str(error)
        lock._wrong.clear()  # a minute later
        lock.check(KEY)
    return Outcome(read, "the server goes on for everybody", "a minute later the right key opens")


def _no_key_set(_: Path) -> Outcome:
    with environment(PLAYGROUND_PUBLIC="1", PLAYGROUND_TEACHER_KEY=""):
        page = opened("Home.py", _SHELF)
        read = next(one.value for one in page.caption if "PLAYGROUND_TEACHER_KEY" in one.value)
        assert not _changes(page) and page.text_input == []
        try:
            Lock().check("")
            raise AssertionError("an empty key opened")
        except ClassroomError:
            pass
    return Outcome(read, "the models that are here", "the server's owner sets a key")


def _training(_: Path) -> Outcome:
    with environment(**_ON):
        page = opened("pages/5_Training.py", {})
        assert not _changes(page)
        page.session_state["training-asked"] = "pretrain"  # as a forged click would
        page.run()
        read = next(box.value for box in page.error)
        assert not page.exception and "only a teacher" in read
        assert "train-go" in _changes(opened("pages/5_Training.py", {}, **{"teacher-key-given": KEY}))
    return Outcome(read.replace("\\", ""), "the runs that are there", "with the key Train is there")


def _folder_in_a_sentence(folder: Path) -> Outcome:
    with environment(**_ON, PLAYGROUND_HOME=str(folder)):
        read = str(PlaygroundError(f"There is no room left in {folder}/models to write gpt2."))
        assert str(folder) not in read
        opened("pages/9_Glossary.py", {})
    with environment(PLAYGROUND_PUBLIC="0", PLAYGROUND_HOME=str(folder)):
        assert str(folder) in str(PlaygroundError(f"{folder}"))
    return Outcome(read, "the sentence", "the server's owner reads the folder where the server is not public")


class _Repeating(BaseHTTPRequestHandler):
    """Names the key that it was sent as the one model that it has."""

    def do_GET(self) -> None:
        model = {"id": self.headers["Authorization"], "object": "model", "created": 0, "owned_by": "us"}
        raw = json.dumps({"object": "list", "data": [model]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args: object) -> None:
        """Nothing."""


@contextmanager
def _repeating_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Repeating)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def _canary(_: Path) -> Outcome:
    """A server that repeats the key in its refusal: on the page, in the address, in the logs it is not."""
    log, out = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        with _repeating_server() as url, redirect_stdout(out), redirect_stderr(out):
            remote = {"PLAYGROUND_REMOTE_URL": url, "PLAYGROUND_REMOTE_MODEL": "tiny", "PLAYGROUND_REMOTE_KEY": CANARY}
            with environment(**remote, PLAYGROUND_REMOTE_TOKENIZER="gpt2"):
                page = opened("pages/7_Chat.py", {"model": "remote:tiny"})
                read = next(box.value for box in page.error)
                assert not opened("pages/7_Chat.py", {"model": "playground-chat"}).error
                shown = " ".join(str(one.proto) for one in page if hasattr(one, "proto"))
    finally:
        logging.getLogger().removeHandler(handler)
    for text in (read, shown, log.getvalue(), out.getvalue(), str(page.query_params), str(page.session_state)):
        assert CANARY not in text, text[:500]
    return Outcome(read.replace("\\", ""), "the conversation", "another model is chosen")


FAULTS = [
    Fault(KIND, "A visitor asks for a folder of the server", _folder_asked),
    Fault(KIND, "A visitor wants to get a model", _shelf_without_key),
    Fault(KIND, "A wrong teacher's key", _wrong_key),
    Fault(KIND, "Somebody guesses the key", _guessing),
    Fault(KIND, "No teacher's key is set", _no_key_set),
    Fault(KIND, "A forged click on Train", _training),
    Fault(KIND, "An error names a folder of the server", _folder_in_a_sentence),
    Fault(KIND, "A remote server repeats the key in its refusal", _canary),
]
