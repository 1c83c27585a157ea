"""How a chat model is talked to, as its folder says it: the Jinja template, and the tokens that end a turn."""

from pathlib import Path

from lib.json_file import read_json

# The tokens that end a turn in the published formats, and those that end a text in pre-training; some formats write
# the latter after a turn. One counts where a template is in use and the token exists.
END_OF_TURN = ("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<|end|>")
END_OF_TEXT = ("<|endoftext|>", "</s>")

# ChatML as Jinja text, which Qwen, SmolLM2 and the models that are trained here share; some put a system prompt before.
CHATML = """\
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""


def chat_template(folder: Path) -> str:
    """The Jinja source in a model folder, "" if it has none: `chat_template.jinja`, or tokenizer_config.json's.

    That may hold several by name; "default" is the one, as in transformers.
    """
    try:
        source: object = (folder / "chat_template.jinja").read_text(encoding="utf-8")
    except (OSError, ValueError):
        source = read_json(folder / "tokenizer_config.json").get("chat_template")
    if isinstance(source, list):
        named = {entry.get("name"): entry.get("template") for entry in source if isinstance(entry, dict)}
        source = named.get("default") or next(iter(named.values()), None)
    return source if isinstance(source, str) and source.strip() else ""
