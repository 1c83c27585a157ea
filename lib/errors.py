"""The errors this app shows to people: every message is a sentence a student understands."""


class PlaygroundError(ValueError):
    """Base of all errors raised on purpose in `lib`; pages show the message with `st.error` and keep what was typed."""
