"""The errors this app shows to people: every message is a sentence a student understands, and none tells a secret."""

import os
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_HIDDEN = "•••"


class PlaygroundError(ValueError):
    """Base of all errors raised on purpose in `lib`; pages show the message with `st.error` and keep what was typed."""

    def __str__(self) -> str:
        return for_readers(super().__str__())


def for_readers(text: str) -> str:
    """A sentence without the key of the remote server, which a server may have repeated in its answer; on a public
    host also without the server's folders. Other text comes back as it is.
    """
    from lib.settings import is_public  # which itself raises a PlaygroundError: a circle, if imported above

    key = os.environ.get("PLAYGROUND_REMOTE_KEY", "")
    if len(key) > 3:
        text = text.replace(key, _HIDDEN)
    if is_public():
        for folder in _folders():
            text = text.replace(folder, "…")
    return text


def _folders() -> list[str]:
    """Where this server keeps things, the longest first: what is inside another goes as a whole."""
    from lib.settings import settings

    now, home = settings(), os.path.expanduser("~")  # "~" where there is none
    named = {_ROOT, now.home, now.hub_cache, *now.model_folders, Path(home), Path(sys.prefix)}
    return sorted((str(folder) for folder in named if len(folder.parts) > 1), key=len, reverse=True)
