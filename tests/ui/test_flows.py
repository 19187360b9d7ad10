"""What people do in the window, done in a browser in both languages; runs are only pretended."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.ui.browser import WAIT, Watched
from tests.ui.stage import Look, staged
from ui.serve.guard import Login

pytestmark = pytest.mark.browser


def value(page: Watched, element: str) -> str:
    return page.page.locator(f"#{element} input, #{element} textarea").first.input_value()


def sees(page: Watched, element: str, text: str) -> None:
    """Wait until an element holds a text."""
    page.page.wait_for_selector(f"#{element} >> text={text}")


def press(page: Watched, element: str) -> None:
    page.page.locator(f"#{element}:enabled").click()


def comes_true(is_so: Callable[[], bool]) -> None:
    """Wait until what a click asked for has reached the run."""
    until = time.monotonic() + WAIT / 1000
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def choose(page: Watched, element: str, text: str) -> None:
    """Take an entry of a list by its words."""
    page.page.locator(f"#{element} input").click()
    page.page.locator("[role=option]", has_text=text).first.click()


@pytest.mark.parametrize(
    ("lang", "plan", "done", "undone"),
    [
        ("en", "These 4 files will be copied", "4 files copied", "4 copies removed"),
        ("ja", "次の4個のファイルを", "4個のファイルを", "コピーした4個のファイルを削除しました"),
    ],
)
def test_folders_are_planned_made_and_undone(look, stage, frogs, lang, plan, done, undone):
    before = {path.name: path.read_bytes() for path in frogs.iterdir()}
    page = look(lang)
    page.fill("make-source", str(frogs))
    page.page.locator("#make-offer button", has_text="sls").click()
    page.fill("make-class", "frog")
    sees(page, "make-plan", plan)
    sees(page, "make-plan", "20_sls frog")
    press(page, "make-apply")
    sees(page, "make-done", done)
    made = stage.window.workspace / "datasets" / "train" / "20_sls frog"
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before
    assert value(page, "opt-dataset-train-data-dir").endswith("train")
    press(page, "make-undo")
    sees(page, "make-done", undone)
    assert not made.exists()
    assert {path.name: path.read_bytes() for path in frogs.iterdir()} == before


def test_the_preview_shows_buckets_and_crops_and_is_there_after_a_reload(look):
    page = look("ja")
    press(page, "preview-look")
    sees(page, "preview-html", "192 × 64")
    assert page.page.locator("#preview-fields figure img").count() == 58
    page.page.reload()
    sees(page.ready(), "preview-html", "192 × 64")


def test_a_model_is_picked_from_the_list_and_named_at_once(look):
    page = look("en")
    page.tab(1)
    sees(page, "identity-base", "Stable Diffusion 1.x")
    choose(page, "opt-model-base", "demo/judge.safetensors")
    sees(page, "identity-base", "judge.safetensors")
    page.fill("opt-model-base", "demo/base.safetensors")
    sees(page, "identity-base", "7.87 M")


@pytest.mark.parametrize(
    ("lang", "words", "name"), [("en", "prior loss", "prior_loss"), ("ja", "学習率", "learning_rate")]
)
def test_an_option_is_found_by_its_words_and_gone_to(look, lang, words, name):
    page = look(lang)
    page.fill("find", words)
    page.page.locator("#found button", has_text=name).first.click()
    page.page.wait_for_function("document.activeElement.closest('.opt') !== null")
    assert name.replace("_", "-") in page.page.evaluate("document.activeElement.closest('.opt').id")


def test_what_does_not_apply_is_hidden_and_levels_show_more(look):
    page = look("en")
    levels = page.page.locator("#level label")
    page.tab(3)
    rank, dropout = page.page.locator("#opt-network-rank"), page.page.locator("#opt-network-dropout")
    rank.wait_for()
    dropout.wait_for(state="hidden")
    levels.nth(1).click()
    dropout.wait_for()
    page.page.locator("#opt-network-method label").nth(1).click()
    rank.wait_for(state="hidden")
    page.page.locator("#opt-network-method label").nth(0).click()
    rank.wait_for()


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_preset_is_compared_applied_saved_renamed_and_deleted(look, stage, lang):
    page = look(lang)
    folder = stage.window.workspace / "presets"
    choose(page, "preset-choice", "SD 1.5 LoRA: character" if lang == "en" else "SD1.5 LoRA：キャラクター")
    page.page.locator("#preset-note .rw-diff summary").click()
    sees(page, "preset-note td", "300")  # the demo's number of steps, which would change
    press(page, "preset-apply")
    page.tab(2)
    assert value(page, "opt-train-max-train-steps") != "300"
    page.page.locator("#preset-more button").first.click()
    page.fill("preset-name", "my frogs")
    press(page, "preset-save")
    sees(page, "preset-said", "my frogs")
    assert [path.name for path in folder.iterdir()] == ["my frogs.toml"]
    choose(page, "preset-choice", "my frogs")
    page.fill("preset-name", "our frogs")
    press(page, "preset-rename")
    sees(page, "preset-said", "our frogs")
    assert [path.name for path in folder.iterdir()] == ["our frogs.toml"]
    choose(page, "preset-choice", "our frogs")
    press(page, "preset-delete")
    sees(page, "preset-delete", "our frogs")
    press(page, "preset-delete")
    page.page.wait_for_function("!document.querySelector('#preset-choice input').value.includes('our')")
    assert [*folder.iterdir()] == []


def test_another_trainers_command_is_pasted(look):
    page = look("ja")
    page.page.locator("#preset-more button").first.click()
    page.fill("import-text", "accelerate launch train_network.py --network_dim=24 --learning_rate=2e-4")
    press(page, "import-take")
    page.page.wait_for_selector("#preset-said .rw-problems, #preset-said .rw-note")
    page.tab(3)
    assert value(page, "opt-network-rank") == "24"


def test_a_run_file_is_saved_opened_and_the_settings_put_back(look, tmp_path):
    page = look("en")
    page.page.locator("#preset-more button").first.click()
    page.tab(3)
    page.fill("opt-network-rank", "24")
    with page.page.expect_download() as waiting:
        press(page, "file-save")
    saved = tmp_path / "run.toml"
    waiting.value.save_as(saved)
    assert "rank = 24" in saved.read_text("utf-8")
    saved.write_text(saved.read_text("utf-8").replace("rank = 24", "rank = 48"), encoding="utf-8")
    with page.page.expect_file_chooser() as choosing:
        press(page, "file-open")
    choosing.value.set_files(saved)
    sees(page, "preset-said", "Settings opened")
    assert value(page, "opt-network-rank") == "48"
    press(page, "file-reset")
    sees(page, "preset-said", "settings are back")
    assert value(page, "opt-network-rank") == "16"


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_run_is_started_steered_stopped_and_resumed_from_two_tabs(look, stage, lang):
    first, second = look(lang), look(lang)
    for page in (first, second):
        page.page.evaluate("[1, 2].forEach(() => document.querySelector('#run-start').click())")
    for page in (first, second):
        page.status("running")
    assert len(stage.window.runner.runs) == 1
    run = stage.run
    run.plan()
    run.step(7)
    for page in (first, second):
        page.past_step(6)
    press(first, "run-save")
    press(second, "run-pause")
    comes_true(lambda: run.control.is_paused and run.control.take_save_now())
    run.status = "paused"
    first.status("paused")
    press(first, "run-go-on")
    comes_true(lambda: not run.control.is_paused)
    run.status = "running"
    second.status("running")
    press(second, "run-stop")
    comes_true(lambda: run.control.is_stopping)
    state = stage.window.workspace / "state"
    state.mkdir()
    (state / "state.json").write_text('{"step": 7}', encoding="utf-8")
    run.end("stopped", 7, state)
    first.status("stopped")
    first.page.reload()
    first.ready()
    press(first, "run-resume")
    second.status("running")
    assert stage.run.config.save.resume == str(state)


def test_pictures_are_resized_and_a_model_is_looked_into_on_the_tools_tab(look, stage, frogs):
    page = look("en")
    page.tab(4)
    page.fill("resize-source", str(frogs))
    page.fill("resize-size", "64")
    page.fill("resize-name", "small")
    press(page, "resize-start")
    page.page.wait_for_selector("#resize-result .is-good")
    assert len([*(stage.window.workspace / "resized" / "small").glob("*.png")]) == 3


def test_it_asks_for_the_login_and_works_behind_it(chrome, tmp_path):
    with staged(tmp_path, Login("me", "a good password")) as guarded:
        look = Look(chrome, guarded)
        page = look.opened("en")
        page.page.locator("input[name=user]").fill("me")
        page.page.locator("input[name=password]").fill("a good password")
        page.page.locator("button").click()
        sees(page.ready(), "run-head", "Ready")
        press(page, "run-check")
        sees(page, "run-message", "All is well")
        look.close()


def test_the_language_can_be_changed_and_is_remembered(look):
    page = look("en")
    page.tab(2)
    sees(page, "opt-train-learning-rate", "Learning rate")
    page.language("ja")
    sees(page, "opt-train-learning-rate", "学習率")
    page.tab(3)
    sees(page, "opt-network-rank", "ランク")
    page.page.reload()
    page.ready().page.wait_for_selector("#tabs [role=tab] >> text=データセット")
