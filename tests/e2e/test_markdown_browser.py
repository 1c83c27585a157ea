"""Hostile Markdown in a real browser, without the sanitizer of `st.html`: nothing is fetched or run."""

import json
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.faults.chat_markdown import HOST, document
from lib.chat.markdown import as_html

# Elements that act, and links whose host one cannot read.
LOOK = """() => ({
  acting: [...document.querySelectorAll("main *")].filter((node) => node.namespaceURI !== "http://www.w3.org/1999/xhtml"
      || /^(IMG|SCRIPT|STYLE|LINK|IFRAME|OBJECT|EMBED|FORM|INPUT|VIDEO|AUDIO|META|BASE)$/.test(node.tagName)
      || [...node.attributes].some(({ name }) => /^on|^src$/.test(name))).map((node) => node.outerHTML),
  links: [...document.querySelectorAll("main a")].filter((link) => {
      const { host, protocol } = new URL(link.href);
      const read = link.nextSibling?.className === "pg-host" ? link.nextSibling.textContent : link.textContent;
      return !/^https?:$/.test(protocol) || !read.toLowerCase().includes(host);
    }).map((link) => link.outerHTML + link.nextSibling?.outerHTML),
  count: document.querySelectorAll("main a").length,
})"""


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A loopback server with an empty page, its host and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href=data:,><main></main>")

        def log_message(self, *args: object) -> None:
            pass

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{found.server_port}", asked
    found.shutdown()


def test_no_document_fetches_or_runs_anything_and_every_link_shows_its_host(server, page) -> None:
    host, asked = server
    page.goto(f"http://{host}/page")
    rng = random.Random(0)
    replies = [as_html(document(rng).replace(HOST, host)) for _ in range(400)]
    page.evaluate(f"document.querySelector('main').innerHTML = {json.dumps(''.join(replies))}")
    page.evaluate("document.querySelectorAll('main *').forEach((node) => node.dispatchEvent(new Event('mouseover')))")
    page.wait_for_timeout(300)
    found = page.evaluate(LOOK)
    assert found["acting"] == [] and found["links"] == [] and found["count"] > 100
    assert page.locator("main > .pg-reply").count() == len(replies)  # none reaches out of its place
    assert asked == ["/page"]
