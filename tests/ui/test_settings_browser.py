"""Presets, imports and the settings of the last time, in a browser: what fills the form, the run takes."""

from __future__ import annotations

import pytest

from tests.ui.stage import Shown

pytestmark = pytest.mark.browser


def all_is_well(page: Shown) -> None:
    """Check has nothing against the settings."""
    page.page.locator("#run-check").click()
    page.page.locator("#run-message").get_by_text("No problems").wait_for()


def value(page: Shown, element: str) -> str:
    return page.page.locator(f"#{element} input, #{element} textarea").first.input_value()


def test_a_preset_of_ones_own_is_applied_after_another_was(look):
    page = look()
    page.tab(3)
    page.fill("opt-network-rank", "24")
    page.files()
    page.fill("preset-name", "my cats")
    page.page.locator("#preset-name button").click()
    page.page.locator("#preset-said").get_by_text("my cats").wait_for()
    page.reload()
    page.apply_preset("SD 1.5 LoRA: character")
    page.tab(3)
    assert value(page, "opt-network-rank") != "24"
    page.look_at_preset("my cats")
    page.page.locator("#preset-note").get_by_text("would change").wait_for()
    page.page.locator("#preset-apply").click()
    page.page.locator("#preset-told").get_by_text("Preset applied: my cats").wait_for()
    page.holds("opt-network-rank", "24")


def test_an_optimizer_that_is_not_possible_is_not_imported_but_named_and_the_page_goes_on_working(look):
    page = look()
    page.files()
    size = "--resolution=128 --enable_bucket --min_bucket_reso=64"
    page.fill("import-text", f"accelerate launch train_network.py {size} --optimizer_type=CAME")
    page.page.locator("#import-take button").click()
    page.page.locator("#preset-said").get_by_text("optimizer_type").first.wait_for()
    said = page.page.locator("#preset-said li", has_text="CAME").inner_text()
    page.shut()
    all_is_well(page)
    assert "AdamW8bit" in said and "AdamW stays" in said
    page.reload()
    all_is_well(page)


def test_a_page_opens_with_settings_of_the_last_time_that_are_not_possible(look, stage):
    stage.window.draft.keep({"optimizer.optimizer_type": "CAME", "network.rank": "24"})
    page = look()
    all_is_well(page)
    page.page.locator("#kept").get_by_text("CAME").wait_for()
    page.tab(3)
    page.holds("opt-network-rank", "24")


def test_a_preset_leaves_sample_images_and_seed_as_they_are(look):
    page = look()
    page.page.locator("#level label").nth(2).click()
    page.tab(2)
    page.fill("opt-train-seed", "7")
    page.fill("opt-sample-sample-every-n-steps", "25")
    at_first = page.page.locator("#opt-sample-sample-at-first input[type=checkbox]")
    assert at_first.is_checked()
    page.apply_preset("SD 1.5 LoRA: character")
    assert value(page, "opt-train-max-train-steps") != "300"
    page.holds("opt-sample-sample-every-n-steps", "25")
    assert at_first.is_checked()
    page.holds("opt-train-seed", "7")
