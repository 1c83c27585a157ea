r"""From a conversation to the ids a model reads, so that nothing typed can pose as a control token.

`render` encodes the text between two control tokens of the template as ordinary text, in one piece, whatever it
contains; the control tokens are put in by id. For ordinary text that is exactly what `transformers` does, whose
`apply_chat_template` writes everything into one string and then finds the control tokens in it, the user's included:
`render_naively` does that, for the lesson.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lib.chat.provenance import Messages, Traced, trace
from lib.chat.segments import Kind, Segment, segments_of
from lib.chat.templates import ChatTemplate, resolve
from lib.templating.sandbox import TemplateError
from lib.tokenization import Token, Tokenizer

ROLES = ("system", "user", "assistant", "tool")
_END = "\U0010fffd"  # marks where a reply to be continued stops; never kept in a message

__all__ = ["ROLES", "Kind", "Rendered", "Segment", "render", "render_naively"]


@dataclass(frozen=True)
class Rendered:
    """A conversation as the model sees it. `tokens` and `segments` hold character spans of `text`."""

    ids: list[int]
    text: str
    segments: tuple[Segment, ...]
    tokens: tuple[Token, ...]
    default_system: str = ""  # the system prompt that the template put in by itself

    def segment_of(self, token: Token) -> Segment | None:
        """The segment in which a token starts."""
        return next((s for s in self.segments if s.start <= token.start < s.end), None)


def render(
    messages: Messages,
    *,
    template: str | ChatTemplate,
    tokenizer: Tokenizer,
    add_generation_prompt: bool = True,
    continue_final: bool = False,
    variables: Mapping[str, Any] | None = None,
) -> Rendered:
    """The ids of a conversation. With `continue_final` the last message, the assistant's, is left open to go on.

    `template`: a name of `lib.chat.TEMPLATES`, a ChatTemplate or Jinja text; `variables` are passed to it
    (`enable_thinking`, …). Raises TemplateError for an unknown template, role or a conversation the template refuses.
    """
    chosen = resolve(template)
    clean = checked(messages, continue_final=continue_final)
    names = {text: token_id for text, token_id in tokenizer.special.items() if text.strip()}
    given = {**chosen.variables, **(variables or {})}

    def traced(conversation: Messages, generation: bool) -> Traced:
        return trace(chosen, conversation, {**given, "add_generation_prompt": generation}, tuple(names))

    if continue_final:
        whole = _cut(traced([*clean[:-1], {**clean[-1], "content": clean[-1]["content"] + _END + " "}], False))
    else:
        whole = traced(clean, add_generation_prompt)
    parts, default = segments_of(clean, whole, traced, generation=add_generation_prompt and not continue_final)
    tokens = _encode(whole, tokenizer, names)
    return Rendered([token.id for token in tokens], whole.text, parts, tokens, default)


def render_naively(
    messages: Messages,
    *,
    template: str | ChatTemplate,
    tokenizer: Tokenizer,
    add_generation_prompt: bool = True,
    variables: Mapping[str, Any] | None = None,
) -> Rendered:
    """The unsafe way of `apply_chat_template`: one string, in which every control token counts, whoever wrote it."""
    safe = render(
        messages,
        template=template,
        tokenizer=tokenizer,
        add_generation_prompt=add_generation_prompt,
        variables=variables,
    )
    tokens = tuple(tokenizer.encode(safe.text, parse_special=True))
    return replace(safe, ids=[token.id for token in tokens], tokens=tokens)


def checked(messages: Messages, *, continue_final: bool = False) -> list[dict[str, str]]:
    """Role and content of every message, with characters that no tokenizer can encode replaced."""
    clean = []
    for message in messages:
        role, content = message.get("role"), message.get("content")
        if role not in ROLES or not isinstance(content, str):
            raise TemplateError(f"A message needs a role ({', '.join(ROLES)}) and its text.")
        text = content.encode("utf-8", errors="replace").decode("utf-8").replace(_END, "\ufffd")
        clean.append({"role": str(role), "content": text})
    if not clean:
        raise TemplateError("There is no message to render yet.")
    if continue_final and clean[-1]["role"] != "assistant":
        raise TemplateError("Only a reply of the assistant can be continued.")
    return clean


def _cut(traced: Traced) -> Traced:
    """The text up to the mark at the end of the last message."""
    at = traced.text.rfind(_END)
    if at < 0:
        raise TemplateError("The chat template leaves out the end of the last reply, so it cannot be continued.")
    trimmed = traced.text[at + 1 : at + 2] != " "  # the template takes white space off messages: so do we
    kept = traced.text[:at].rstrip() if trimmed else traced.text[:at]
    return Traced(kept, traced.origin[: len(kept)], tuple(c for c in traced.controls if c.end <= len(kept)))


def _encode(traced: Traced, tokenizer: Tokenizer, names: Mapping[str, int]) -> tuple[Token, ...]:
    """Control tokens by id, everything between them as ordinary text."""
    whole = _encode_at_once(traced, tokenizer, names)
    if whole is not None:
        return whole
    tokens: list[Token] = []
    at = 0
    for control in traced.controls:
        tokens += _ordinary(traced.text[at : control.start], at, tokenizer)
        data = control.text.encode()
        tokens.append(Token(names[control.text], data, control.start, control.end, special=True))
        at = control.end
    return (*tokens, *_ordinary(traced.text[at:], at, tokenizer))


def _encode_at_once(traced: Traced, tokenizer: Tokenizer, names: Mapping[str, int]) -> tuple[Token, ...] | None:
    """The whole text in one go when every control token in it is the template's own; None otherwise.

    Some tokenizers treat the start of a text or the spaces around control tokens specially; this keeps them equal to
    `transformers`. The controls that come out are compared, one by one, with those the template wrote.
    """
    known = set(names.values())
    tokens = tuple(tokenizer.encode(traced.text, parse_special=True))
    found = [token.id for token in tokens if token.id in known]
    return tokens if found == [names[control.text] for control in traced.controls] else None


def _ordinary(text: str, offset: int, tokenizer: Tokenizer) -> list[Token]:
    if not text:
        return []
    return [replace(token, start=token.start + offset, end=token.end + offset) for token in tokenizer.encode(text)]
