"""Browser components of our own, and what Streamlit would make of their data and keys."""

from streamlit.testing.v1 import AppTest


def test_a_key_may_have_two_underscores_in_a_row() -> None:
    """A message's random name has them once in six hundred times, and a folder may be called so."""

    def streams() -> None:
        from lib.ui.components.token_stream import show_token_stream

        for key in ("tokens-a__b", "tokens-a_b", "tokens-__", "tokens-___"):
            show_token_stream(key, [])

    assert not AppTest.from_function(streams, default_timeout=30).run().exception
