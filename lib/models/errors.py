"""What can be wrong with a model: not here, not whole, not allowed, not reachable, too big."""

from lib.errors import PlaygroundError


class ModelError(PlaygroundError):
    """A model that cannot be used; the message says why and what to do."""


class DownloadError(ModelError):
    """A source that could not deliver: unreachable, refused, damaged on the way, or no room for it."""


class HubError(Exception):
    """What happened between this machine and the hub, in a few words; `code` is the hub's status, 0 where it gave none.

    Never shown to anybody: `lib.models.hub` makes a DownloadError of it, which names the model and says what to do.
    """

    def __init__(self, words: str, code: int = 0) -> None:
        super().__init__(words)
        self.code = code
