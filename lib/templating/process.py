"""The process in which foreign templates run: `python -m lib.templating.process LIMITS`."""

from typing import Any

from lib.bounded_process import serve
from lib.templating.literals import Marker, looked_for
from lib.templating.sandbox import TemplateError, compiled, run


def handle(question: dict[str, Any]) -> Any:
    """A rendering, or the strings that a template looks for."""
    source = question["source"]
    if "messages" not in question:
        return looked_for(source)
    messages, marks = question["messages"], question["marks"]
    text = run(compiled(source, Marker(marks) if marks else None), messages, question["variables"])
    asked = sum(len(message["content"]) for message in messages)
    if len(text) > 3 * asked + 200_000:
        raise TemplateError(f"This chat template makes {len(text):,} characters of a conversation of {asked:,}.")
    return text


if __name__ == "__main__":
    serve(handle)
