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
    """The corners for two models: four, or two when one model stands in for both."""
    template = chat.for_model(instruct_id)
    template = chat.TEMPLATES["smollm2"] if template.name == "plain" else template
    ids = list(dict.fromkeys([base_id, instruct_id]))
    found = []
    for model_id in ids:
        engine = cache.engine(model_id)
        row = "base" if model_id == base_id and len(ids) == 2 else "instruct"
        found.append(Cell(f"{row}-raw", model_id, engine, raw(engine, request), False))
        rendered = templated(engine, request, template)
        found.append(Cell(f"{row}-chat", model_id, engine, rendered, True, _strangers(engine, template, rendered)))
    return found


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
    special = set(engine.tokenizer.special.values())
    if "<|im_start|>" not in template.source or any(token.id in special for token in rendered.tokens):
        return ""
    count = len(engine.tokenizer.encode("<|im_start|>"))
    return (
        f"{engine.info.name} has no special token <|im_start|>: it reads it as {count} ordinary tokens, "
        "punctuation that it was never taught to obey."
    )


def stands_in(base_id: str, instruct_id: str) -> tuple[str, str]:
    """Which model stands in for the course's: one line, and the whole of it; "" when the course's own are here."""
    wanted = {"gpt2": base_id, "qwen1.5-1.8b-chat": instruct_id}
    if all(want == have for want, have in wanted.items()):
        return "", ""
    course = "The course sets GPT-2 against Qwen1.5-1.8B-Chat. "
    if base_id == instruct_id:
        spec = models.spec(base_id)
        if spec.role != "instruct":
            return (
                f"{spec.name}, a base model, plays both parts: it was never tuned on chats.",
                f"{course}Here {spec.name} plays both parts. Its weights were never tuned on chats: to it the template "
                "is one more text to go on with.",
            )
        return (
            f"{spec.name}, an instruct model, plays both parts. Raw, it only stands in for a base model.",
            f"{course}Here {spec.name} plays both parts: used raw it stands in for a base model, in its template it is "
            "the chat model. Its weights were tuned on chats, so even raw it may end a turn as one does in a chat; a "
            "true base model goes on with a document. Home lists base models that are available to download.",
        )
    base, instruct = models.spec(base_id), models.spec(instruct_id)
    tuned = ", an instruct model used raw," if base.role == "instruct" else ""
    return (
        f"{base.name}{tuned} is the base model, {instruct.name} the chat model.",
        f"{course}Here {base.name}{tuned} is the base model and {instruct.name} the chat model.",
    )
