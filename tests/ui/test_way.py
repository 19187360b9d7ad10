"""The way from images in a folder to a training: what the tabs say, what comes next, what Start asks."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

import pytest

from tests.ui.fake import demo_raw
from tests.ui.session import Session
from ui.run.next_step import invitation_html
from ui.run.starting import queue, start
from ui.run.status_html import head_html
from ui.run.tab_states import states
from ui.window import PROJECT
from ui.window.run_state import RunView

MOST_ACTS = 6


@pytest.fixture
def own_model(window):
    """A base model of the user's own, in the workspace's folder for them."""
    path = window.workspace / "models" / "own.safetensors"
    path.parent.mkdir()
    shutil.copy(PROJECT / "demo" / "base.safetensors", path)
    return path


@pytest.fixture
def own_images(window, frogs):
    """The user's own images, chosen on the page; nothing else is."""
    folder = frogs.parent / "train" / "10_sls frog"
    shutil.copytree(frogs, folder)
    window.draft.keep({"dataset.train_data_dir": str(folder.parent), "dataset.reg_data_dir": ""})
    return folder.parent


def text(window, tab, lang="en"):
    return states(window, lang)[tab].text


def test_tabs_say_whether_images_and_model_are_the_demos_or_ones_own(window, own_images, own_model):
    assert (text(window, "dataset"), text(window, "model")) == ("3 images", "demo")
    window.draft.keep({"dataset.train_data_dir": "demo/train", "model.base": str(own_model)})
    assert (text(window, "dataset"), text(window, "model")) == ("demo", "SD1")
    window.draft.keep({"dataset.train_data_dir": "", "model.base": str(own_model.with_name("gone.ckpt"))})
    assert (text(window, "dataset", "ja"), text(window, "model", "ja")) == ("未選択", "見つかりません")


def test_tabs_of_settings_count_their_faults(window):
    assert (text(window, "training"), text(window, "lora")) == ("checked", "checked")
    window.draft.keep({"train.learning_rate": "fast", "train.max_train_steps": "0", "network.rank": "0"})
    assert (text(window, "training"), text(window, "lora")) == ("2 faults", "1 fault")
    window.draft.keep({"network.method": "none"})
    assert text(window, "lora") == "not used"


def test_what_is_missing_is_said_after_a_run_too(window, own_images):
    done = RunView(status="done")
    assert "choose your own base model" in head_html(done, "en", 0.0, window)
    window.draft.keep({"dataset.train_data_dir": "demo/train"})
    assert "choose" not in head_html(done, "en", 0.0, window)


def test_start_asks_before_it_trains_ones_own_images_on_the_demos_model(app, window, own_images):
    raw = {**demo_raw(app), **window.draft.values}
    said, _ = start(window, app.form, raw, "en")
    assert "only the demo's" not in said and "still the demo" in said and 'data-goto="opt-model-base"' in said
    assert window.runner.current is None
    start(window, app.form, raw, "en", "start-anyway")
    assert window.runner.current is not None


def test_start_asks_before_it_trains_ones_own_model_with_the_demos_settings(app, window, own_model):
    window.draft.keep({"model.base": str(own_model)})
    said, _ = start(window, app.form, {**demo_raw(app), **window.draft.values}, "ja")
    assert "デモ用の小さなモデル向け" in said and 'data-goto="preset-choice"' in said


def test_start_asks_about_results_of_the_name_after_that(app, window, own_images):
    window.output.mkdir()
    raw = {**demo_raw(app), **window.draft.values}
    (window.output / "sls_frog.safetensors").write_bytes(b"a result")
    said, _ = start(window, app.form, raw, "en", "start-anyway")
    assert "already has results" in said and window.runner.current is None


def test_a_model_in_the_workspace_is_offered_and_taken_with_a_preset_and_undone(
    app, window, own_images, own_model
):
    assert "Use own.safetensors" in invitation_html(window, "en")
    page, field = Session(app), app.form.components
    use = {"act": "use", "on": window.paths.short(str(own_model))}
    said = page.do(app.bar.parts["menu"], "submit", use)[app.bar.parts["told"]]
    assert "SD 1.5 LoRA" in said and page.shown[field["model.base"]] == use["on"]
    assert page.shown[field["dataset.resolution"]] == "512"
    assert "choose a preset" not in invitation_html(window, "en")
    page.do(app.bar.parts["told"], "submit", {"act": "undo"})
    assert page.shown[field["model.base"]] == "demo/base.safetensors"
    assert page.shown[field["dataset.resolution"]] == "128"


@pytest.mark.parametrize("sent", ["", "http://x/y", "\0", 5, ["x"]])
def test_what_is_no_model_is_not_taken(app, window, sent):
    Session(app).do(app.bar.parts["menu"], "submit", {"act": "use", "on": sent})
    assert window.settings["model.base"].endswith("base.safetensors") or window.draft.values["model.base"]


@dataclass
class Newcomer:
    """Acts on a page: a click, something typed or chosen, is one each."""

    page: Any
    acts: int = 0

    def click(self, selector: str) -> None:
        self.page.page.locator(selector).first.click()
        self.acts += 1

    def type(self, element: str, words: str) -> None:
        self.page.fill(element, words)
        self.acts += 1


@pytest.mark.browser
def test_from_images_in_a_folder_to_a_training_it_takes_six_acts(at, stage, frogs):
    models = stage.window.workspace / "models"
    models.mkdir()
    shutil.copy(PROJECT / "demo" / "base.safetensors", models / "own.safetensors")
    user = Newcomer(at())
    page = user.page.page
    user.type("make-source", str(frogs))
    user.click("#make-offer button >> text=sls")
    user.type("make-class", "frog")
    user.click("#make-apply:enabled")
    page.locator("#run-head [data-use]").wait_for()
    user.click("#run-head [data-use]")
    page.locator("#preset-told .rw-done").wait_for()
    page.locator("#tab-model-button[data-tab-state=SD1]").wait_for(state="attached")
    user.click("#run-start:enabled")
    user.page.status("running")
    run = stage.run.config
    assert run.model.base.endswith("own.safetensors") and run.dataset.resolution == (512, 512)
    assert run.dataset.train_data_dir.endswith("datasets/train") and not run.dataset.reg_data_dir
    print(f"{user.acts} acts from images in a folder to training")
    assert user.acts <= MOST_ACTS


def test_the_queue_asks_what_start_asks(app, window, own_images):
    raw = {**demo_raw(app), **window.draft.values}
    said, _ = queue(window, app.form, raw, "en")
    assert "still the demo" in said and 'data-act="queue-anyway"' in said and "Add anyway" in said
    assert window.queue.look().waiting == ()
    queue(window, app.form, raw, "en", "queue-anyway")
    assert len(window.queue.look().waiting) == 1


def test_a_run_for_which_the_disk_has_no_room_is_asked_about_before_it_waits(app, window, monkeypatch):
    monkeypatch.setattr("core.forecast.disk.free_in", lambda config: 2**20)
    said, _ = queue(window, app.form, demo_raw(app), "en")
    assert "1.0 MiB" in said and window.queue.look().waiting == ()
    queue(window, app.form, demo_raw(app), "en", "queue-anyway")
    assert len(window.queue.look().waiting) == 1
