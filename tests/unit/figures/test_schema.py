"""Figures are dictionaries that nothing checks at run time: here all are held against Plotly's schema and Streamlit."""

import json
import subprocess
import sys

import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from lib.figures.theme import figure
from tests.figures import HOSTILE, every_figure

FIGURES = list(every_figure())


@pytest.mark.parametrize(("name", "made"), FIGURES, ids=[name for name, _ in FIGURES])
def test_a_figure_is_plain_json_that_plotly_s_schema_allows(name, made) -> None:
    text = json.dumps(made, allow_nan=False)  # no arrays, no numpy scalars, no NaN outside packed numbers
    assert go.Figure(json.loads(text)).to_dict()["data"] is not None  # raises on any unknown attribute or wrong value
    assert HOSTILE not in text and "$x$" not in text and "<img" not in text


@pytest.mark.parametrize(("name", "made"), FIGURES, ids=[name for name, _ in FIGURES])
def test_a_figure_leaves_no_colour_to_chance(name, made) -> None:
    """Traces name their colours: a figure brings no template, so Plotly's own would be seen otherwise."""
    for trace in made["data"]:
        chosen = {**trace.get("marker", {}), **trace.get("line", {}), **trace}
        assert {"color", "colors", "colorscale"} & set(chosen), (name, trace["type"])


def test_a_layout_changes_only_what_it_names() -> None:
    before = figure([], height=1)["layout"]
    changed = figure([], height=1, legend={"y": 5}, bargap=0.5)["layout"]
    assert changed["legend"] == {**before["legend"], "y": 5} and changed["bargap"] == 0.5
    assert figure([], height=1)["layout"] == before  # what all share is as it was


def _one_bar() -> None:
    from lib.figures.theme import figure
    from lib.ui.components.charts import chart

    chart(figure([{"type": "bar", "y": [1.5]}], height=123), key="here", alt="One bar", height="content")


def test_streamlit_sends_the_dictionary_as_it_is_and_checks_nothing(monkeypatch) -> None:
    """What `lib.figures.prepared` relies on: fails if Streamlit or Plotly come to treat a figure otherwise."""

    def refused(*_args, **_options):
        raise AssertionError("a figure was made or checked at run time")

    monkeypatch.setattr(go.Figure, "__init__", refused)
    app = AppTest.from_function(_one_bar).run()
    assert not app.exception
    sent = app.get("plotly_chart")[0].proto
    assert json.loads(sent.spec) == figure([{"type": "bar", "y": [1.5]}], height=123)
    assert json.loads(sent.config) == {"displayModeBar": False}
    assert sent.alt == "One bar" and sent.theme == "streamlit" and sent.id.endswith("here")


def test_figures_need_no_plotly() -> None:
    code = "import sys, tests.figures as t; list(t.every_figure()); print({'plotly', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
