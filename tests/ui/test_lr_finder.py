"""The card of the learning-rate range test: what it asks, what it shows, what it puts into the form."""

import pytest

from core.runner import NotNow
from core.tools.lr_range import Point
from core.tools.tool import Outcome
from tests.ui.fake import demo_raw
from tests.ui.states import STATES
from ui.run import starting
from ui.settings import lr_finder
from ui.settings.lr_finder import NAME, range_curve

LOSSES = (10, 10, 10, 10, 9, 7, 4, 2, 0, 2, 4, 9, 9)
POINTS = tuple(Point(10.0 ** (n - 8), loss) for n, loss in enumerate(LOSSES))


@pytest.fixture
def finder(app):
    app.finder._typed = {}
    return app.finder


@pytest.fixture
def found(window):
    """A test that is over and suggests 1e-3."""
    job = window.jobs[NAME]
    job.start(lambda report: Outcome((), points=POINTS), lambda lang: "")
    job._thread.join()
    return job


def started(finder, monkeypatch, **fields):
    """The settings that Start gives to the tool, which only notes them."""
    seen = []

    def start(self, settings, work):
        seen.append(settings)
        return Outcome((), points=POINTS)

    monkeypatch.setattr("core.tools.tool.Tool.start", start)
    raw = demo_raw_of(finder)
    said = [*finder.act(raw, {"act": "start", "fields": fields}, "en")]
    return seen, said[-1]


def demo_raw_of(finder):
    return finder._form.shown(finder._window.demo_values())


def test_the_form_is_tried_with_the_range_that_was_typed(finder, monkeypatch):
    (settings,), html = started(finder, monkeypatch, steps="５０", lowest="1e-6", highest="1")
    assert (settings.steps, settings.lowest, settings.highest) == (50, 1e-6, 1.0)
    assert "Use 0.001" in html and "<polyline" in html and 'value="1e-6"' in html


@pytest.mark.parametrize("fields", [{"steps": "5"}, {"steps": "x"}, {"lowest": "-1"}, {"highest": "1e999"}])
def test_a_range_that_is_none_is_said(finder, monkeypatch, fields):
    seen, html = started(finder, monkeypatch, **fields)
    assert not seen and "rw-problems" in html


def test_the_suggestion_goes_into_the_form_and_other_rates_keep_their_share(app, finder, found):
    raw = {**demo_raw(app), "train.learning_rate": "1e-2", "train.text_encoder_lr": "1e-3"}
    updates = finder.use(raw, "en")
    assert updates[app.form.components["train.learning_rate"]]["value"] == "0.001"
    assert updates[app.form.components["train.text_encoder_lr"]]["value"] == "1e-4"
    assert app.form.components["train.unet_lr"] not in updates
    assert "学習率を0.001にしました" in finder.use(raw, "ja")[finder.part]


def test_a_run_that_is_under_way_keeps_the_test_away(app, finder, window, monkeypatch):
    STATES["running"](window)
    seen, html = started(finder, monkeypatch)
    assert not seen and "A run is in progress; try again when it has ended." in html


def test_a_test_that_is_under_way_keeps_start_away(app, window, monkeypatch):
    monkeypatch.setattr(type(window.jobs[NAME]), "is_busy", True)
    with pytest.raises(Exception, match="is at work and needs the memory"):
        starting.start(window, app.form, demo_raw(app), "en")


def test_every_way_to_start_waits_for_a_test_that_is_under_way(app, window, monkeypatch):
    text = app.form.text(demo_raw(app), "en")
    with monkeypatch.context() as patched:
        patched.setattr(type(window.jobs[NAME]), "is_busy", True)
        with pytest.raises(NotNow, match="is at work and needs the memory"):
            window.runner.start(text)
    window.runner.start(text)


def test_a_run_that_began_since_start_was_pressed_keeps_the_test_away(finder, window, monkeypatch):
    STATES["running"](window)
    monkeypatch.setattr(type(window), "is_training", False)  # as it was when the button was pressed
    seen, html = started(finder, monkeypatch)
    assert not seen and "rw-problems" in html


def test_the_curve_has_its_rates_below_it(finder):
    html = range_curve(POINTS, None, "en")
    assert [f"1e{n}" in html for n in (-8, 0, 4, 5)] == [True, True, True, False]
    assert range_curve(POINTS[:1], None, "en") == ""


@pytest.mark.parametrize("event", [None, 7, {"act": "start", "fields": 7}, {"act": ["x"]}, {"act": "use"}])
def test_whatever_a_page_sends_does_no_harm(finder, monkeypatch, event):
    monkeypatch.setattr(lr_finder, "followed", lambda *a, **k: iter(()))
    assert all(isinstance(html, str) for html in finder.act(demo_raw_of(finder), event, "en"))
