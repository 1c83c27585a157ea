"""What can be wrong with a model: not here, not whole, not allowed, not reachable, too big."""

from lib.errors import PlaygroundError


class ModelError(PlaygroundError):
    """A model that cannot be used; the message says why and what to do."""


class DownloadError(ModelError):
    """A source that could not deliver: unreachable, refused, damaged on the way, or no room for it."""
