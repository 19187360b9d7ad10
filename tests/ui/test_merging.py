"""Two windows on the same settings: each keeps what was changed in it, and shows the other's changes."""

from __future__ import annotations

import pytest

from tests.ui.session import Session
from ui.run.polling import answer

STEPS, SEED = "train.max_train_steps", "train.seed"


def typed(page, key, value, name="p"):
    """Type into a field of one page; the server is told which field it was."""
    page.put(page.app.form.components[key], value)
    field = page.app.form.components[key].elem_id
    page.do(page.app.merging.typed, "click", {"page": name, "fields": [field]})


def behind(page, *fields):
    """Ask for what other pages have changed. fields: what is being typed just now."""
    page.do(page.app.merging.typed, "submit", {"page": "p", "fields": list(fields)})


def test_a_field_typed_in_one_window_leaves_what_another_has_typed_elsewhere(app, window):
    first, second = Session(app), Session(app)
    typed(first, STEPS, "111", "first")
    typed(second, SEED, "7", "second")
    assert (window.draft.values[STEPS], window.draft.values[SEED]) == ("111", "7")
    behind(second)
    assert second.shown[app.form.components[STEPS]] == "111"


def test_what_is_being_typed_is_left_alone(app):
    first, second, steps = Session(app), Session(app), app.form.components[STEPS]
    typed(first, STEPS, "111")
    second.put(steps, "22")
    behind(second, steps.elem_id)
    assert second.shown[steps] == "22"


def test_a_page_hears_of_changes_by_others_and_not_of_its_own(window):
    window.draft.keep({STEPS: "5"}, page="first")
    heard = window.draft.written_by_others("second")
    assert heard > 0 and window.draft.written_by_others("first") == 0
    window.draft.keep({STEPS: "6"}, page="second")
    assert window.draft.written_by_others("second") == heard < window.draft.written_by_others("first")


def test_a_page_hears_which_of_its_tellings_was_taken(app, window):
    page, told = Session(app), app.merging.typed
    page.put(app.form.components[STEPS], "111")
    page.do(told, "click", {"page": "first", "fields": ["opt-train-max-train-steps"], "number": 3})
    assert window.draft.values[STEPS] == "111"
    assert answer(window, "en", {"page": "first"})["taken"] == 3
    assert answer(window, "en", {"page": "second"})["taken"] == 0
    for number in (2, "9", True, None):
        page.do(told, "click", {"page": "first", "fields": [], "number": number})
    assert answer(window, "en", {"page": "first"})["taken"] == 3


@pytest.mark.parametrize("sent", [5, "x", [], {"fields": 5}, {"fields": [["x"], "opt-none"], "page": {}}])
def test_whatever_a_page_says_of_its_fields_is_answered(app, sent):
    page = Session(app)
    page.do(app.merging.typed, "click", sent)
    page.do(app.merging.typed, "submit", sent)


@pytest.mark.browser
def test_two_windows_take_over_what_the_other_has_changed(look, stage):
    first, second = look(), look()
    for page in (first, second):
        page.tab(2)
    first.fill("opt-train-max-train-steps", "111")
    second.holds("opt-train-max-train-steps", "111")
    # Gradio leaves out what it is told while it waits for an answer: it is told of again by itself.
    second.page.evaluate(
        "addEventListener('rw-typed', (event) => event.stopPropagation(), {capture: true, once: true})"
    )
    second.fill("opt-train-learning-rate", "2e-4")
    first.holds("opt-train-learning-rate", "2e-4")
    kept = stage.window.draft.values
    assert (kept[STEPS], kept["train.learning_rate"]) == ("111", "2e-4")


def test_what_the_model_files_are_is_said_again_only_for_what_concerns_them(app):
    page, base = Session(app), app.model["base"]

    def said(key):
        field = app.form.components[key].elem_id
        return page.answers(app.merging.typed, "click", {"page": "p", "fields": [field]})[base]

    assert said(STEPS) == {"__type__": "update"}
    assert said("dataset.resolution") == page.shown[base] != ""
