"""What was said stays as long as it is true: of settings that have changed it is marked, of a run it goes."""

from __future__ import annotations

import json
import re

import pytest

from core.data.images.messages import CORRUPT
from core.events import Saved
from tests.ui.fake import demo_raw
from tests.ui.stage import LANGUAGES
from ui.parts.markup import problems
from ui.run.polling import answer


def press(app, name, raw=None):
    """What the panel says to a button."""
    panel = app.run
    subject = "settings" if name in ("start", "check", "queue") else "run"
    raw = {} if subject == "run" else raw or demo_raw(app)
    updates = panel._answer(panel.acts[name], raw, "en", None, subject)
    return updates[panel.parts["message"]]["value"]


def is_over(app, html):
    """Whether a page finds, at its next question, that this is over."""
    subject, word = re.search(r'data-dated="(\w+) (\w+)"', html).groups()
    return answer(app._window, "en", {})["dated"][subject] != word


def test_what_was_checked_is_over_when_a_setting_changes_and_true_again_when_it_is_put_back(app, window):
    said = press(app, "check")
    assert "No problems" in said and not is_over(app, said)
    window.draft.keep({"dataset.resolution": "64"})
    assert is_over(app, said)
    window.draft.keep({"dataset.resolution": demo_raw(app)["dataset.resolution"]})
    assert not is_over(app, said)


def test_the_question_about_earlier_results_is_over_when_the_name_changes(app, window):
    window.output.mkdir(parents=True, exist_ok=True)
    (window.output / "sls_frog.safetensors").write_bytes(b"a result")
    said = press(app, "start")
    assert "already has results" in said and not is_over(app, said)
    window.draft.keep({"save.output_name": "another"})
    assert is_over(app, said)


def test_that_it_will_be_saved_is_said_until_it_is_saved(app, window):
    press(app, "start")
    said = press(app, "save")
    assert "Saving after" in said and not is_over(app, said)
    window.runner.current.log(Saved("model", str(window.output / "x.safetensors"), 3))
    assert is_over(app, said)


def test_that_a_run_waits_is_said_until_the_queue_changes(app, window):
    said = press(app, "queue")
    assert "Added to the queue" in said and not is_over(app, said)
    window.queue.remove(window.queue.look().waiting[0].id)
    assert is_over(app, said)


def test_preview_and_captions_are_out_of_date_when_their_settings_change(app, window):
    raw = demo_raw(app)
    *_, shown = app.preview.look(raw, "en")
    preview = shown[app.preview.parts["html"]]
    data = {component: raw[key] for key, component in app.form.components.items()}
    captions = app.captions.open(data, "en")[app.captions.parts["summary"]]
    window.draft.keep({"train.learning_rate": "3e-4"})
    assert not is_over(app, preview) and not is_over(app, captions)
    window.draft.keep({"dataset.resolution": "64"})
    assert is_over(app, preview) and not is_over(app, captions)
    assert is_over(app, app.preview.show(raw, "ja")[app.preview.parts["html"]])
    window.draft.keep({"dataset.train_data_dir": "elsewhere"})
    assert is_over(app, captions)
    assert is_over(app, app.captions.show("ja")[app.captions.parts["summary"]])


def test_a_run_that_was_refused_leaves_what_could_be_resumed_before_it(app, window, tmp_path):
    state = tmp_path / "step-00000010-state"
    state.mkdir()
    (state / "state.json").write_text('{"step": 10}', encoding="utf-8")
    press(app, "start")
    window.runner.current.end("stopped", 10, state)
    resume = app.run.parts["resume"]
    assert app.run.show("en")[resume]["visible"]
    press(app, "start")
    window.runner.current.end("refused", 0)
    assert app.run.show("en")[resume]["value"] == "Resume from step 10"
    press(app, "resume")
    assert window.runner.current.config.save.resume == str(state)
    window.runner.current.end("done", 20)
    assert not app.run.show("en")[resume]["visible"]
    press(app, "start")
    window.runner.current.end("refused", 0)
    assert not app.run.show("en")[resume]["visible"]


@pytest.mark.browser
def test_what_is_wrong_is_gone_to_by_a_click_and_its_field_is_marked_until_it_is_changed(look):
    page = look()
    page.tab(2)
    page.fill("opt-train-learning-rate", "fast")
    page.tab(0)
    page.page.locator("#run-check").click()
    page.page.locator("#run-message").get_by_text("Learning rate").click()
    field = page.page.locator("#opt-train-learning-rate input, #opt-train-learning-rate textarea")
    page.page.wait_for_function("document.activeElement.closest('#opt-train-learning-rate')")
    assert field.get_attribute("aria-invalid") == "true"
    said = page.page.locator(f"#{field.get_attribute('aria-errormessage')}")
    assert said.get_attribute("data-wrong") == "opt-train-learning-rate"
    field.press_sequentially("1")
    assert field.get_attribute("aria-invalid") is None
    page.page.locator("#run-check").click()
    page.page.wait_for_selector("#opt-train-learning-rate [aria-invalid=true]")


@pytest.mark.browser
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_message_whose_settings_have_changed_is_marked_on_the_page(look, lang):
    page = look(lang)
    page.page.locator("#run-check").click()
    page.page.locator("#run-message .is-good").wait_for()
    said = {"en": "The settings have changed since", "ja": "設定が変更されています"}
    marked = page.page.locator("#run-message").get_by_text(said[lang])
    assert marked.is_hidden()
    page.fill("opt-dataset-train-batch-size", "2")
    marked.wait_for()
    page.fill("opt-dataset-train-batch-size", "4")
    marked.wait_for(state="hidden")


@pytest.mark.browser
def test_what_was_shown_of_the_images_before_an_import_is_marked_on_the_page(look):
    page = look()
    page.page.locator("#captions-open").click()
    page.page.locator("textarea[data-caption-field]").first.wait_for()
    page.page.locator("#preview-look").click()
    page.page.locator("#preview-fields figure").first.wait_for()
    cards = [page.page.locator(f"#card-{name}") for name in ("preview", "captions")]
    marks = [card.get_by_text("Out of date").first for card in cards]
    assert all(mark.is_hidden() for mark in marks)
    page.files()
    page.fill("import-text", json.dumps({"LoRA_type": "Standard", "train_data_dir": "/photos/cats"}))
    page.page.locator("#import-take button").click()
    for mark in marks:
        mark.wait_for()


@pytest.mark.browser
def test_the_question_about_earlier_results_is_marked_on_the_page_when_the_name_changes(look, stage):
    stage.window.output.mkdir(parents=True)
    (stage.window.output / "sls_frog.safetensors").write_bytes(b"a result")
    page = look()
    page.page.locator("#run-start").click()
    page.page.locator("#run-message").get_by_text("already has results").first.wait_for()
    page.tab(2)
    page.fill("opt-save-output-name", "another")
    page.page.locator("#run-message").get_by_text("The settings have changed since").wait_for()


@pytest.mark.browser
def test_a_run_that_was_refused_leaves_the_resume_button_of_the_run_before(look, stage):
    state = stage.window.workspace / "step-00000010-state"
    state.mkdir()
    (state / "state.json").write_text('{"step": 10}', encoding="utf-8")
    page = look()
    page.page.locator("#run-start").click()
    page.status("running")
    stage.run.end("stopped", 10, state)
    page.status("stopped")
    page.page.locator("#run-resume").get_by_text("step 10").wait_for()
    page.page.locator("#run-start").click()
    page.status("running")
    stage.run.end("refused", 0)
    page.status("refused")
    page.page.locator("#run-resume").get_by_text("step 10").wait_for()


def test_the_same_about_many_files_is_told_of_three_and_opened_for_the_rest():
    found = [CORRUPT(path=f"/x/{n}.png", reason="cut") for n in range(9)]
    told, _, rest = problems(found, "en").partition("<details>")
    assert [f"/x/{n}.png" in told for n in range(4)] == [True, True, True, False]
    assert "and 6 more" in rest and all(f"/x/{n}.png" in rest for n in range(3, 9))
