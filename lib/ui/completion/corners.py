"""The four corners of the completion page, {completion, chat model} × {raw, template}: what goes in.

A cell is data: title and prompt ids with their origin. What comes out is in `lib.ui.completion.write`.
"""

from dataclasses import dataclass

from lib import chat, models
from lib.chat import ChatTemplate, Rendered, Segment
from lib.engine import Engine
from lib.ui import cache


@dataclass
class Cell:
    """One corner of the grid."""

    key: str  # "base-raw", "base-chat", "instruct-raw", "instruct-chat"
    model_id: str
    engine: Engine
    rendered: Rendered
    templated: bool
    note: str = ""

    @property
    def title(self) -> str:
        """Model and way, for people."""
        return f"{self.engine.info.name} · {'chat template' if self.templated else 'raw'}"


@dataclass(frozen=True)
class Request:
    """What is asked of all cells."""

    prompt: str
    system: str = ""
    prefill: str = ""


def cells(base_id: str, instruct_id: str, request: Request) -> list[Cell]:
    """The corners for two models: four, or two when both are one model."""
    template = template_of(instruct_id)
    ids = list(dict.fromkeys([base_id, instruct_id]))
    found = []
    for model_id in ids:
        engine = cache.engine(model_id)
        row = "base" if model_id == base_id and len(ids) == 2 else "instruct"
        found.append(Cell(f"{row}-raw", model_id, engine, raw(engine, request), False))
        rendered = templated(engine, request, template)
        found.append(Cell(f"{row}-chat", model_id, engine, rendered, True, _strangers(engine, template, rendered)))
    return found


def template_of(instruct_id: str) -> ChatTemplate:
    """The format of the chat model; SmolLM2's where it has none."""
    template = chat.for_model(instruct_id)
    return chat.TEMPLATES["smollm2"] if template.name == "plain" else template


def raw(engine: Engine, request: Request) -> Rendered:
    """The words and nothing else. A system prompt stands above them, a prefill on the line below, as text."""
    gap = "\n" if request.prefill and request.prompt and not request.prompt[-1].isspace() else ""
    parts = [
        ("system", request.system + "\n\n" if request.system else ""),
        ("raw", request.prompt + gap),
        ("assistant", request.prefill),
    ]
    text, segments = "", []
    for role, part in parts:
        if part:
            segments.append(Segment(role, "content", len(text), len(text) + len(part)))
            text += part
    tokens = tuple(engine.tokenizer.encode(text))
    return Rendered([token.id for token in tokens], text, tuple(segments), tokens)


def templated(engine: Engine, request: Request, template: ChatTemplate) -> Rendered:
    """The words as a user's message in the template."""
    messages = [{"role": "system", "content": request.system}] if request.system else []
    messages.append({"role": "user", "content": request.prompt})
    if request.prefill:
        messages.append({"role": "assistant", "content": request.prefill})
    return chat.render(messages, template=template, tokenizer=engine.tokenizer, continue_final=bool(request.prefill))


def _strangers(engine: Engine, template: ChatTemplate, rendered: Rendered) -> str:
    """Said when the model's tokenizer does not have the template's special tokens."""
    if engine.info.model_id == models.BASE:
        return (
            f"<|im_start|> and <|im_end|> are in the vocabulary of {engine.info.name}, but no text that it read has "
            "them: what they mean, the chat model learned later."
        )
    special = set(engine.tokenizer.special.values())
    if "<|im_start|>" not in template.source or any(token.id in special for token in rendered.tokens):
        return ""
    count = len(engine.tokenizer.encode("<|im_start|>"))
    return (
        f"{engine.info.name} has no special token <|im_start|>: it reads it as {count} ordinary tokens, "
        "punctuation that it was never taught to obey."
    )
