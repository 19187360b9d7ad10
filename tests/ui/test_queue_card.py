"""Start and the queue in the window: nothing twice, nothing put aside unasked, the same on every page."""

import time

import pytest

from tests.ui.fake import demo_raw
from ui.run import starting
from ui.run.queue import QueueCard
from ui.window import Window


@pytest.fixture
def raw(app):
    return {**demo_raw(app), "save.output_name": "frog"}


@pytest.fixture
def results(window):
    window.output.mkdir()
    (window.output / "frog.safetensors").write_bytes(b"the user's")
    return window.output / "frog.safetensors"


def pressed(app, act, raw, lang="en"):
    return starting.start(app._window, app.form, raw, lang, act)[0]


def until(is_so):
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def html(app, lang="en"):
    return app.run.queue.show(lang)[app.run.queue.parts["list"]]


def test_start_asks_when_results_of_the_name_are_there(app, window, raw, results):
    said = pressed(app, "", raw)
    assert "frog.safetensors" in said and "Start as frog-2" in said and "frog.old-1" in said
    assert window.runner.current is None
    assert "「" in pressed(app, "", raw, "ja") or "frog-2として開始" in pressed(app, "", raw, "ja")


def test_the_answer_gives_another_name_or_the_same(app, window, raw, results):
    assert "Started as frog-2" in pressed(app, "start-new", raw)
    assert window.runner.current.config.save.output_name == "frog-2"
    window.runner.current.status = "done"
    assert pressed(app, "start-same", raw) == ""
    assert window.runner.current.config.save.output_name == "frog"
    assert results.read_bytes() == b"the user's"


def test_without_results_start_starts(app, window, raw):
    assert pressed(app, "", raw) == ""
    assert window.runner.current.config.save.output_name == "frog"


def test_start_while_a_run_lives_offers_the_queue(app, window, raw):
    pressed(app, "", raw)
    said = pressed(app, "", raw)
    assert 'data-act="queue"' in said and len(window.runner.runs) == 1
    assert "frog-2" in pressed(app, "queue", raw)
    assert [run.name for run in window.queue.look().waiting] == ["frog-2"]


def test_the_queue_starts_the_next_run_with_no_page_open(app, window, raw):
    pressed(app, "", raw)
    starting.queue(window, app.form, {**raw, "network.rank": 3}, "en")
    window.runner.current.status = "done"
    until(lambda: len(window.runner.runs) == 2)
    assert window.runner.current.config.network.rank == 3
    assert window.runner.current.config.save.output_name == "frog-2"
    assert window.queue.look().waiting == ()


def test_the_card_shows_order_length_and_why_it_waits_in_both_languages(app, window, raw):
    starting.queue(window, app.form, raw, "en")
    starting.queue(window, app.form, {**raw, "train.max_train_steps": 1200}, "en")
    page = html(app)
    assert page.index("<b>frog</b>") < page.index("<b>frog-2</b>")
    assert "1,200 steps" in page and "Waiting for you to start the queue." in page
    assert "1,200ステップ" in html(app, "ja") and "2件待機中" in html(app, "ja")


def test_an_empty_queue_takes_no_room(app):
    assert html(app) == ""


def test_buttons_of_the_card_change_the_queue(app, window, raw):
    card = app.run.queue
    for steps in (10, 20):
        starting.queue(window, app.form, {**raw, "train.max_train_steps": steps}, "en")
    first, second = window.queue.look().waiting
    card.act({"act": "up", "on": second.id}, "en")
    assert window.queue.look().waiting == (second, first)
    card.act({"act": "keep", "on": "yes"}, "en")
    assert window.queue.look().keeps_going
    card.act({"act": "remove", "on": first.id}, "en")
    assert window.queue.look().waiting == (second,)
    card.act({"act": "back", "on": first.id}, "en")
    assert window.queue.look().waiting == (second, first)
    card.act({"act": "remove", "on": first.id}, "en")
    assert "no longer" in card.act({"act": "remove", "on": first.id}, "en")[card.parts["said"]]
    card.act({"act": "go"}, "en")
    until(lambda: len(window.runner.runs) == 1)


def test_a_waiting_run_goes_back_into_the_form(app, window, raw):
    starting.queue(window, app.form, {**raw, "network.rank": 5}, "en")
    (run,) = window.queue.look().waiting
    updates = app.run.queue.edit({"on": run.id}, "en")
    assert updates[app.form.components["network.rank"]]["value"] == "5"
    assert window.queue.look().waiting == ()
    assert "no longer" in app.run.queue.edit({"on": run.id}, "en")[app.run.queue.parts["said"]]


def test_the_queue_survives_a_restart_of_the_window(app, window, raw):
    starting.queue(window, app.form, raw, "en")
    window.queue.close()
    again = Window(window.paths, window.cache, runner=window.runner)
    card = QueueCard.__new__(QueueCard)
    card._window, card.parts = again, app.run.queue.parts
    page = card.show("en")[app.run.queue.parts["list"]]
    assert "<b>frog</b>" in page and "The program was restarted" in page
    again.queue.close()


@pytest.mark.parametrize("event", [None, "x", {}, {"act": "up", "on": 7}, {"act": ["go"], "on": None}])
def test_whatever_a_page_sends_does_no_harm(app, window, raw, event):
    starting.queue(window, app.form, raw, "en")
    app.run.queue.act(event, "en")
    app.run.queue.edit(event, "en")
    assert len(window.queue.look().waiting) == 1 and window.runner.current is None


def test_settings_that_do_not_pass_are_said_and_not_queued(app, window, raw):
    panel = app.run
    updates = panel._answer(panel.acts["queue"], {**raw, "model.base": ""}, "en", None)
    assert "base model" in updates[panel.parts["message"]]["value"]
    assert window.queue.look().waiting == ()
