"""The one error of this room: a configuration, text or model that cannot be shown, as a sentence."""

from lib.errors import PlaygroundError


class ArchitectureError(PlaygroundError):
    """A configuration without sense, a text that is empty, or a model of a kind that cannot be taken apart."""
