"""A server on this machine in the hub's repository layout: what `lib.models` and `huggingface_hub` ask for.

`/api/models/{repo}/revision/{rev}` and `/tree/{rev}` list files with sizes and hashes, `/{repo}/resolve/{rev}/{file}`
serves them with ETag, X-Repo-Commit, X-Linked-* and Range. It can misbehave on purpose: cut connections, damage bytes,
refuse, and what a test gives it as `listing` or `answer` can be anything.
"""

import hashlib
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = 10_000  # bytes from which a file counts as LFS and is listed with its sha256


class LocalHub(ThreadingHTTPServer):
    """Repositories by hub id; `requests` records (method, path, Range) in order."""

    daemon_threads = True

    def __init__(self, repositories: dict[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories = repositories
        self.requests: list[tuple[str, str, str]] = []
        self.tokens: list[str] = []  # the Authorization header of each request
        self.listing: Callable[[dict[str, Any]], Any] = lambda listing: (
            listing
        )  # what it says of its files (bytes: as is)
        self.answer: Callable[[BaseHTTPRequestHandler, str], bool] = lambda *_: False  # True: it has answered this path
        self.cut_after: dict[str, int] = {}  # file name -> bytes after which its next transfers break, once each
        self.cuts = 0  # how many transfers may still be cut
        self.damage: set[str] = set()  # files whose first byte arrives flipped
        self.pause = 0.0  # seconds before each further 100 kB
        self.status = 0  # answer everything with this code

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests do on purpose."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def fetched(self, name: str) -> list[str]:
        """The Range headers of the GETs of one file."""
        return [span for method, path, span in self.requests if method == "GET" and path.endswith(f"/{name}")]


@contextmanager
def local_hub(repositories: dict[str, Path]) -> Iterator[LocalHub]:
    """A running server, ended at the end."""
    server = LocalHub(repositories)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=20)


def commit_of(folder: Path) -> str:
    """A commit hash that changes with the content."""
    content = "".join(f"{file.name}{file.stat().st_size}" for file in sorted(folder.iterdir()))
    return hashlib.sha1(content.encode()).hexdigest()


def git_sha1(content: bytes) -> str:
    """The hash under which git keeps a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sibling(file: Path) -> dict[str, Any]:
    """One file as `?blobs=true` lists it."""
    content = file.read_bytes()
    entry: dict[str, Any] = {"rfilename": file.name, "size": len(content), "blobId": git_sha1(content)}
    if len(content) >= LARGE:
        entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
    return entry


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LocalHub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.requests.append((self.command, path, self.headers.get("Range", "")))
        self.server.tokens.append(self.headers.get("Authorization", ""))
        if self.server.answer(self, path):
            return None
        if self.server.status:
            return self._send(self.server.status, b"{}", body=body)
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/([^/]+))?", path):
            return self._listing(match[1], body=body)
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", path):
            return self._tree(match[1], body=body)
        if match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self._file(match[1], match[3], body=body)
        return self._send(404, b"{}", body=body)

    def _send(self, status: int, content: bytes, *, body: bool, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _listing(self, repo: str, *, body: bool) -> None:
        folder = self.server.repositories.get(repo)
        if folder is None:
            return self._send(404, b'{"error": "Repository not found"}', body=body, X_Error_Code="RepoNotFound")
        files = [sibling(file) for file in sorted(folder.iterdir())]
        listing = {
            "id": repo,
            "modelId": repo,
            "sha": commit_of(folder),
            "private": False,
            "tags": [],
            "siblings": files,
        }
        said = self.server.listing(listing)
        return self._send(200, said if isinstance(said, bytes) else json.dumps(said).encode(), body=body)

    def _tree(self, repo: str, *, body: bool) -> None:
        files = [sibling(file) for file in sorted(self.server.repositories[repo].iterdir())]
        entries = [
            {
                "type": "file",
                "oid": file["blobId"],
                "size": file["size"],
                "path": file["rfilename"],
                **({"lfs": {**file["lfs"], "oid": file["lfs"]["sha256"]}} if "lfs" in file else {}),
            }
            for file in files
        ]
        return self._send(200, json.dumps(entries).encode(), body=body)

    def _file(self, repo: str, name: str, *, body: bool) -> None:
        folder = self.server.repositories.get(repo)
        if folder is None or not (folder / name).is_file():
            return self._send(404, b"{}", body=body, X_Error_Code="EntryNotFound")
        content = (folder / name).read_bytes()
        entry = sibling(folder / name)
        etag = entry["lfs"]["sha256"] if "lfs" in entry else entry["blobId"]
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": commit_of(folder), "Accept-Ranges": "bytes"}
        if "lfs" in entry:
            headers |= {"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(content))}
        if name in self.server.damage:
            content = bytes([content[0] ^ 0xFF]) + content[1:]
        start, status = 0, 200
        if match := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            start, status = int(match[1]), 206
            if start >= len(content):
                return self._send(416, b"", body=body)
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        rest = content[start:]
        limit = self.server.cut_after.get(name)
        if body and limit is not None and self.server.cuts > 0:
            self.server.cuts -= 1
            self._headers(status, headers, len(rest))
            self.wfile.write(rest[:limit])
            self.wfile.flush()
            self.close_connection = True
            return None
        self._headers(status, headers, len(rest))
        for begin in range(0, len(rest) if body else 0, 100_000):
            time.sleep(self.server.pause if begin else 0.0)
            self.wfile.write(rest[begin : begin + 100_000])
        return None

    def _headers(self, status: int, headers: dict[str, str], length: int) -> None:
        self.send_response(status)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(length), **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
