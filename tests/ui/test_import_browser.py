"""Settings of other trainers opened as files in a browser: what they bring, empty and leave alone."""

from __future__ import annotations

import json

import pytest

from tests.config.test_import_other_programs import ONETRAINER

pytestmark = pytest.mark.browser

REG, PROMPTS, LOGS = "opt-dataset-reg-data-dir", "opt-sample-sample-prompts", "opt-log-logging-dir"


def kohya(**settings):
    return {"LoRA_type": "Standard", "network_dim": 8, **settings}


def open_json(page, folder, name, settings):
    """Choose a file of these settings in the browser's window for it."""
    file = folder / f"{name}.json"
    file.write_text(json.dumps(settings), encoding="utf-8")
    page.files()
    with page.page.expect_file_chooser() as choosing:
        page.page.locator("#file-open").click()
    choosing.value.set_files(file)


def value(page, element):
    return page.page.locator(f"#{element} textarea, #{element} input").first.input_value()


def settings(page):
    """What stands in the field of every option that has been shown."""
    return {name: there for name, there in page.fields().items() if name.startswith("opt-")}


def test_an_empty_folder_in_a_json_empties_the_field_of_the_regularization_images(at, stage, tmp_path):
    page = at()
    page.holds(REG, "demo/reg")
    open_json(page, tmp_path, "cats", kohya(train_data_dir=str(tmp_path), reg_data_dir=""))
    page.holds("opt-dataset-train-data-dir", str(tmp_path))
    page.holds(REG, "")
    assert not stage.window.draft.values["dataset.reg_data_dir"]


def test_prompts_and_log_folder_of_one_json_do_not_stay_for_the_next(at, tmp_path):
    page = at()
    page.page.locator("#level label").nth(2).click()
    page.tab(2)
    prompts, logs = value(page, PROMPTS), value(page, LOGS)
    assert prompts.startswith("sls frog")
    open_json(page, tmp_path, "cats", kohya(sample_prompts="a cat", logging_dir=str(tmp_path / "cats")))
    page.holds(PROMPTS, "a cat")
    page.holds(LOGS, str(tmp_path / "cats"))
    open_json(page, tmp_path, "dogs", kohya(max_train_steps=77))
    page.holds("opt-train-max-train-steps", "77")
    page.holds(PROMPTS, prompts)
    page.holds(LOGS, logs)


def test_a_preset_applied_before_is_no_longer_named_once_a_json_is_opened(at, stage, tmp_path):
    mine = stage.window.workspace / "presets" / "my cats.toml"
    mine.parent.mkdir()
    mine.write_text("format = 1\n[network]\nrank = 24\n", encoding="utf-8")
    page = at()
    page.apply_preset("my cats")
    applied = page.page.locator("#preset-choice", has_text="my cats")
    applied.wait_for()
    open_json(page, tmp_path, "dogs", kohya())
    page.page.locator("#preset-said .is-good", has_text="dogs.json").wait_for()
    applied.wait_for(state="detached")
    page.page.locator("#preset-choice", has_text=at.words("Choose a preset", "プリセットを選ぶ")).wait_for()


def test_a_json_of_onetrainer_is_taken_with_its_images_and_what_is_left_out_is_named(at, stage, tmp_path):
    page = at()
    page.tab(3)
    before = settings(page)
    (tmp_path / "frog").mkdir()
    concepts = [{**ONETRAINER["concepts"][0], "path": str(tmp_path / "frog")}]
    open_json(page, tmp_path, "onetrainer", {**ONETRAINER, "concepts": concepts})
    page.holds("opt-network-rank", "8")
    said = page.page.locator("#preset-said")
    taken = at.words("1 image folder was taken", "1個の画像フォルダーを取り込みました")
    for words in ("OneTrainer", taken, "perturbation_noise_weight = 0.1"):
        said.get_by_text(words).first.wait_for()
    named = stage.window.draft.values["dataset.dataset_config"]
    assert "keep_tokens = 2" in (stage.window.workspace / named).read_text("utf-8")
    said.locator("[data-act=undo]").click()
    page.page.locator("#preset-told .rw-done").wait_for()
    assert settings(page) == before
