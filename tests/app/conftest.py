"""AppTest runs pages in the tests' own process, and so are the models there."""

import pytest

from lib.ui.components.live_updates import LiveUpdates


@pytest.fixture(autouse=True)
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second process."""
    monkeypatch.setenv("PLAYGROUND_ENGINE", "inside")


@pytest.fixture
def run_by_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page does not stay to paint what grows: the test looks at it by running it again."""
    monkeypatch.setattr(LiveUpdates, "follow", lambda updates: None)
