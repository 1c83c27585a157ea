r"""The chat formats by name: what each model family was taught, as Jinja text, and the template a model brings itself.

The named templates are written here; each renders text conversations exactly as the family's published template does
(tool calling left out, the app has no tools). Sources of the formats: the model cards and `tokenizer_config.json` of
Qwen1.5-1.8B-Chat, Qwen2-0.5B-Instruct, Qwen2.5-0.5B-Instruct, Qwen3-0.6B and SmolLM2-135M-Instruct.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib import models
from lib.chat.sandbox import TemplateError
from lib.json_file import read_json
from lib.models.chat_format import chat_template


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


_CHATML = """\
{%- if messages[0].role != 'system' %}
    {{- '<|im_start|>system\\nDEFAULT<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

# Thoughts of earlier answers are left out; an answer after the last question always carries a thought block.
_QWEN3 = """\
{%- set turn = namespace(last_question=messages|length - 1, searching=true) %}
{%- for message in messages|reverse %}
    {%- if turn.searching and message.role == 'user'
        and not (message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set turn.searching = false %}
        {%- set turn.last_question = messages|length - loop.index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role != 'assistant' %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- else %}
        {%- set answer = message.content %}
        {%- set thought = '' %}
        {%- if '</think>' in answer %}
            {%- set thought = (answer.split('</think>')|first).rstrip('\\n').split('<think>')|last %}
            {%- set thought = thought.lstrip('\\n') %}
            {%- set answer = (answer.split('</think>')|last).lstrip('\\n') %}
        {%- endif %}
        {{- '<|im_start|>assistant\\n' }}
        {%- if loop.index0 > turn.last_question and (loop.last or thought) %}
            {{- '<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + answer.lstrip('\\n') }}
        {%- else %}
            {{- answer }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""

_PLAIN = """\
{%- for message in messages %}
    {%- if message.role == 'system' %}
        {{- message.content + '\\n\\n' }}
    {%- elif message.role == 'user' %}
        {{- 'User: ' + message.content + '\\n' }}
    {%- else %}
        {{- 'Assistant: ' + message.content + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- 'Assistant:' }}
{%- endif %}
"""


def _chatml(default_system: str) -> str:
    return _CHATML.replace("DEFAULT", default_system)


TEMPLATES: dict[str, ChatTemplate] = {
    template.name: template
    for template in (
        ChatTemplate(
            "qwen1.5",
            "Qwen1.5",
            _chatml("You are a helpful assistant"),
            "ChatML. Without a system message it inserts its own, without a full stop.",
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
            _QWEN3,
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
            _PLAIN,
            "No control tokens at all: a script with speakers, for models that were never taught a format.",
            stop_texts=("\nUser:", "\nAssistant:"),
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
    if name in TEMPLATES:
        return TEMPLATES[name]
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
