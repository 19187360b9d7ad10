"""Several runs with different values: told before they are added; and runs that are tried again."""

import re
import time

import pytest

from tests.ui.fake import demo_raw
from ui.run import starting


@pytest.fixture
def raw(app):
    return {**demo_raw(app), "save.output_name": "frog"}


def asked(app, raw, act, on="", **fields):
    return app.run.sweep.act(raw, {"act": act, "on": on, "fields": fields}, "en")


def word_of(html):
    return re.search(r'data-act="add" data-on="(\w+)"', html)[1]


RATES = {"key1": "train.learning_rate", "values1": "1e-4..1e-3 in 3"}
RANKS = {"key2": "network.rank", "values2": "8,16"}


def test_the_runs_are_told_and_then_added(app, window, raw):
    told = asked(app, raw, "look", **RATES, **RANKS)
    assert "Add 6 runs to the queue" in told and "frog-lr1e-4-rank8" in told
    assert window.queue.look().waiting == ()
    said = asked(app, raw, "add", word_of(told), **RATES, **RANKS)
    assert "6 runs added to the queue." in said
    assert [run.name for run in window.queue.look().waiting][:2] == [
        "frog-lr1e-4-rank8",
        "frog-lr1e-4-rank16",
    ]
    assert window.runner.current is None


def test_other_runs_than_were_told_are_told_anew_and_not_added(app, window, raw):
    told = asked(app, raw, "look", **RATES)
    again = asked(app, raw, "add", word_of(told), **{**RATES, "values1": "1e-4,2e-4"})
    assert "Add 2 runs" in again and window.queue.look().waiting == ()


def test_what_was_typed_stays_and_what_is_wrong_is_said(app, raw):
    said = asked(app, raw, "look", key1="network.rank", values1="eight")
    assert 'value="eight"' in said and "is not a number" in said and "<details" in said and " open>" in said
    said = app.run.sweep.act(raw, {"act": "look", "fields": {"key1": "network.rank", "values1": ""}}, "ja")
    assert "値を入力してください" in said


@pytest.mark.parametrize(
    "event",
    [None, 7, {"act": "add"}, {"act": "look", "fields": 3}, {"act": "add", "fields": {"key1": ["x"]}}],
)
def test_whatever_a_page_sends_is_answered_and_adds_nothing(app, window, raw, event):
    assert "rw-sweep" in app.run.sweep.act(raw, event, "ja")
    assert window.queue.look().waiting == ()


def test_a_run_that_holds_the_queue_can_be_tried_again_first(app, window, raw):
    starting.start(window, app.form, raw, "en")
    starting.queue(window, app.form, {**raw, "network.rank": "3"}, "en")
    window.runner.current.status = "failed"
    end = time.monotonic() + 10
    while not window.queue.look().again:
        assert time.monotonic() < end
        time.sleep(0.01)
    card = app.run.queue
    assert "Run “frog” again first" in card.show("en")[card.parts["list"]]
    card.act({"act": "again"}, "en")
    while len(window.runner.runs) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert window.runner.current.config.network.rank == 16
    assert [run.name for run in window.queue.look().waiting] == ["frog-2"]
    assert "no longer" in card.act({"act": "again"}, "en")[card.parts["said"]]
