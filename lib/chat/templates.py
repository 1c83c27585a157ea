r"""The chat formats by name: what each model family was taught, as Jinja text, and the template a model brings itself.

The named templates are those of `formats`; each renders text conversations exactly as the family's published template
does (tool calling left out, the app has no tools). Sources of the formats: the model cards and `tokenizer_config.json`
of Qwen1.5-1.8B-Chat, Qwen2-0.5B-Instruct, Qwen2.5-0.5B-Instruct, Qwen3-0.6B and SmolLM2-135M-Instruct. `OTHERS` are
formats of families that this app has no model of: from `tokenizer_config.json` of Meta-Llama-3-8B-Instruct,
gemma-3-1b-it and Mistral-7B-Instruct-v0.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib import models
from lib.chat.formats import CHATML_WITH_SYSTEM, GEMMA, LLAMA3, MISTRAL, PLAIN, QWEN3
from lib.json_file import read_json
from lib.models.chat_format import chat_template
from lib.templating.sandbox import TemplateError


@dataclass(frozen=True)
class ChatTemplate:
    """A chat format: its Jinja text, the variables it is given, and what to say about it."""

    name: str
    label: str
    source: str
    note: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    stop_texts: tuple[str, ...] = ()  # where a model that knows no end-of-turn token has to be cut off

    @property
    def thinks(self) -> bool:
        """Whether the template has a switch for thinking before the answer."""
        return "enable_thinking" in self.source


def _chatml(default_system: str) -> str:
    return CHATML_WITH_SYSTEM.replace("DEFAULT", default_system)


TEMPLATES: dict[str, ChatTemplate] = {
    template.name: template
    for template in (
        ChatTemplate(
            "qwen1.5",
            "Qwen1.5",
            _chatml("You are a helpful assistant"),
            "ChatML. Without a system message it inserts its own, which has no full stop.",
        ),
        ChatTemplate(
            "qwen2",
            "Qwen2",
            _chatml("You are a helpful assistant."),
            "ChatML again; the inserted system prompt gained a full stop, which is one token more.",
        ),
        ChatTemplate(
            "qwen2.5",
            "Qwen2.5",
            _chatml("You are Qwen, created by Alibaba Cloud. You are a helpful assistant."),
            "ChatML; the inserted system prompt says who the model is.",
        ),
        ChatTemplate(
            "qwen3",
            "Qwen3",
            QWEN3,
            "ChatML without a default system prompt. Replies may begin with a <think> block, and the "
            "thoughts of earlier turns are left out.",
        ),
        ChatTemplate(
            "smollm2",
            "SmolLM2",
            _chatml("You are a helpful AI assistant named SmolLM, trained by Hugging Face"),
            "ChatML with SmolLM2's own default system prompt.",
        ),
        ChatTemplate(
            "plain",
            "Plain text",
            PLAIN,
            "No control tokens at all: a script with speakers, for models that were never taught a format.",
            stop_texts=("\nUser:", "\nAssistant:"),
        ),
    )
}
# Shown beside the others, never used for a chat here.
OTHERS: dict[str, ChatTemplate] = {
    template.name: template
    for template in (
        ChatTemplate(
            "llama3",
            "Llama 3",
            LLAMA3,
            "A header around the role, <|eot_id|> after every turn, no system prompt of its own.",
            variables={"bos_token": "<|begin_of_text|>"},
        ),
        ChatTemplate(
            "gemma3",
            "Gemma 3",
            GEMMA,
            "The assistant is called model. There is no system turn: a system prompt opens the first user's turn.",
            variables={"bos_token": "<bos>"},
        ),
        ChatTemplate(
            "mistral",
            "Mistral v0.3",
            MISTRAL,
            "Brackets around what the user says, none around a reply. The last user's turn holds the system prompt.",
            variables={"bos_token": "<s>", "eos_token": "</s>"},
        ),
    )
}
_ALIASES = {"qwen1.5-chat": "qwen1.5", "qwen2-instruct": "qwen2", "qwen2.5-instruct": "qwen2.5", "chatml": "qwen2"}


def resolve(template: "str | ChatTemplate") -> ChatTemplate:
    """A template by name, or Jinja text as it is. Raises TemplateError for a name nobody knows.

    >>> resolve("qwen2").label
    'Qwen2'
    """
    if isinstance(template, ChatTemplate):
        return template
    name = _ALIASES.get(template, template)
    if name in TEMPLATES or name in OTHERS:
        return TEMPLATES.get(name) or OTHERS[name]
    if "{{" in template or "{%" in template:
        return ChatTemplate("own", "The model's own", template, "The Jinja template that came with the model.")
    raise TemplateError(f'There is no chat template called "{template[:60]}". Known: {", ".join(TEMPLATES)}.')


def for_model(model_id: str) -> ChatTemplate:
    """The format a model was taught: by name for the catalog, its folder's own Jinja text, or plain text if none.

    Raises PlaygroundError for an unknown model.
    """
    asked = models.spec(model_id).template
    if asked in TEMPLATES:
        return TEMPLATES[asked]
    place = models.where(model_id)
    shipped = from_folder(place.folder if place else Path(models.spec(model_id).tokenizer))
    return shipped or (resolve(asked) if asked else TEMPLATES["plain"])


def from_folder(folder: Path) -> ChatTemplate | None:
    """The template in a model folder (`chat_template.jinja` or `tokenizer_config.json`), with its special tokens."""
    config = read_json(folder / "tokenizer_config.json")
    source = chat_template(folder)
    if not source:
        return None
    return ChatTemplate(
        "own",
        "The model's own",
        source,
        "The Jinja template that came with the model.",
        variables=_special_tokens(config),
    )


def _special_tokens(config: Mapping[str, Any]) -> dict[str, str]:
    """bos_token, eos_token, … as templates expect them: by name, as text."""
    found = {}
    for key, value in config.items():
        text = value.get("content") if isinstance(value, dict) else value
        if key.endswith("_token") and isinstance(text, str):
            found[key] = text
    return found
