"""Conversations, chat templates, and their rendering to ids in which nothing typed can pose as a control token."""

from lib.chat.borrowed import FIRST as BORROWED
from lib.chat.borrowed import Borrowed, specials_of
from lib.chat.context_window import Fitted, TooLongError, fit
from lib.chat.conversation import ROOT, Conversation, ConversationError, Message
from lib.chat.generation_config import Recommended, generation_defaults, recommended
from lib.chat.markdown import as_code, as_html
from lib.chat.provenance import Messages
from lib.chat.rendering import ROLES, Rendered, render, render_naively
from lib.chat.segments import Segment
from lib.chat.serialization import as_data, from_data, from_json, to_json, to_markdown
from lib.chat.templates import OTHERS, TEMPLATES, ChatTemplate, for_model, from_folder, resolve
from lib.templating.sandbox import TemplateError

__all__ = [
    "BORROWED",
    "OTHERS",
    "ROLES",
    "ROOT",
    "TEMPLATES",
    "Borrowed",
    "ChatTemplate",
    "Conversation",
    "ConversationError",
    "Fitted",
    "Message",
    "Messages",
    "Recommended",
    "Rendered",
    "Segment",
    "TemplateError",
    "TooLongError",
    "as_code",
    "as_data",
    "as_html",
    "fit",
    "for_model",
    "from_data",
    "from_folder",
    "from_json",
    "generation_defaults",
    "recommended",
    "render",
    "render_naively",
    "resolve",
    "specials_of",
    "to_json",
    "to_markdown",
]
