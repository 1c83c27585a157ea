"""A small OpenAI-compatible server of our own around a real tiny engine: models and streamed completions."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lib.engine import Engine, Sampling

NAME = "tiny/Tiny-Chat"


@dataclass
class Behaviour:
    """What kind of server it is, and what it was asked."""

    takes_ids: bool = True
    logprobs: bool = True
    token_ids: bool = True  # answers return_tokens_as_token_ids
    key: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)


def _handler(engine: Engine, how: Behaviour) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            if not self._allowed():
                return
            self._json(
                200,
                {
                    "object": "list",
                    "data": [
                        {
                            "id": NAME,
                            "object": "model",
                            "created": 0,
                            "owned_by": "us",
                            "max_model_len": engine.info.context,
                        }
                    ],
                },
            )

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            how.requests.append(body)
            if not self._allowed():
                return
            prompt = body["prompt"]
            if isinstance(prompt, list) and not how.takes_ids:
                self._json(400, {"error": {"message": "prompt must be a string"}})
                return
            ids = (
                prompt
                if isinstance(prompt, list)
                else [t.id for t in engine.tokenizer.encode(prompt, parse_special=True)]
            )
            self._stream(ids, body)

        def _allowed(self) -> bool:
            if how.key and self.headers.get("Authorization") != f"Bearer {how.key}":
                self._json(401, {"error": {"message": f"wrong key, not {how.key}"}})
                return False
            return True

        def _json(self, status: int, data: dict[str, Any]) -> None:
            raw = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def _stream(self, ids: list[int], body: dict[str, Any]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            sampling = Sampling(temperature=body["temperature"], top_p=body.get("top_p"), top_k=body.get("top_k"))
            run = engine.generate(
                ids,
                sampling=sampling,
                max_new_tokens=body["max_tokens"],
                seed=body["seed"],
                alternatives=body["logprobs"],
            )
            try:
                for step in run:
                    if step.id in engine.stop_ids:
                        continue  # as real servers do, the end token is not sent
                    self._event(step, body)
                self._send(
                    {
                        "choices": [
                            {
                                "index": 0,
                                "text": "",
                                "logprobs": None,
                                "finish_reason": "stop" if run.finish_reason == "stop" else "length",
                            }
                        ]
                    }
                )
                self.wfile.write(b"data: [DONE]\n\n")
            except OSError:
                run.close()
                how.cancelled.set()

        def _event(self, step: Any, body: dict[str, Any]) -> None:
            def name(token_id: int) -> str:
                if how.token_ids and body.get("return_tokens_as_token_ids"):
                    return f"token_id:{token_id}"
                return engine.tokenizer.decode([token_id])

            given = {
                "tokens": [name(step.id)],
                "token_logprobs": [step.logprob],
                "top_logprobs": [{name(a.id): a.logprob for a in step.alternatives}],
                "text_offset": [0],
            }
            self._send(
                {
                    "choices": [
                        {
                            "index": 0,
                            "text": engine.tokenizer.decode([step.id]),
                            "finish_reason": None,
                            "logprobs": given if how.logprobs else None,
                        }
                    ]
                }
            )

        def _send(self, data: dict[str, Any]) -> None:
            event = {"id": "x", "object": "text_completion", "created": 0, "model": NAME, **data}
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            self.wfile.flush()

    return Handler


@contextmanager
def serve(engine: Engine, how: Behaviour) -> Iterator[str]:
    """Run the server; gives its base URL."""
    with listening(_handler(engine, how)) as url:
        yield url


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on a free port of this machine; gives the base URL of its API."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
