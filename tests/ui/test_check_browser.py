"""What is wrong with settings and images is told before a run starts, in a browser."""

from __future__ import annotations

import re

import pytest

from tests.data.images import fill

pytestmark = pytest.mark.browser


def check(page):
    """What Check says of the settings as they are."""
    page.page.locator("#run-check:enabled").click()
    said = page.page.locator("#run-message")
    said.locator(".is-good, .rw-problems").first.wait_for()
    return said


def told(place, *words):
    """Whether one line of what is said there has all these words."""
    lines = place.locator(".rw-problems li").all_inner_texts()
    return any(all(word in line for word in words) for line in lines)


def test_a_rate_of_lora_kept_for_dreambooth_is_told_by_check_and_beside_the_field(at):
    page = at()
    page.tab(3)
    page.page.locator("#opt-network-method label:has([value=none])").click()
    # The rate that stays from LoRA, and the lowest of the usual ones.
    assert told(check(page), "train.learning_rate", "1.5e-3", "4e-7")
    page.tab(2)
    beside = page.page.locator("#schedule")
    beside.locator(".rw-problems", has_text="1.5e-3").wait_for()
    page.fill("opt-train-learning-rate", "1e-6")
    beside.locator(".rw-problems").wait_for(state="detached")


def test_a_rate_a_hundred_million_times_the_usual_is_told_by_check_before_it_fails(at):
    page = at()
    page.tab(2)
    page.fill("opt-train-learning-rate", "1e5")
    assert told(check(page), "train.learning_rate", "1e5", "1e-3")


def test_captions_with_another_identifier_than_their_folder_are_told_by_check_and_preview(at, tmp_path):
    folder = fill(tmp_path, {"8_lvl cat": 2}) / "8_lvl cat"
    for image in folder.glob("*.png"):
        image.with_suffix(".txt").write_text("sls cat, sitting", encoding="utf-8")
    page = at()
    page.fill("opt-dataset-train-data-dir", str(tmp_path))
    assert told(check(page), "lvl", "sls")
    page.page.locator("#preview-look:enabled").click()
    preview = page.page.locator("#preview-html")
    preview.locator("td", has_text="8_lvl cat").first.wait_for()
    assert told(preview, "lvl", "sls")


EXAMPLES = re.compile(r'\[".+?"\]|\bstep_rules=[\d.:,]+\d')


def shown_in_help(page, element):
    """The one value that the help of a field gives to be typed."""
    (example,) = EXAMPLES.findall(page.page.locator(f"#{element} .info-text").inner_text())
    return example


def test_arguments_are_taken_as_the_help_of_their_fields_shows_them(at, stage):
    stage.window.draft.keep({"optimizer.lr_scheduler": "piecewise_constant"})
    page = at()
    page.page.locator("#level label").nth(2).click()
    page.tab(2)
    for element in ("opt-optimizer-optimizer-args", "opt-optimizer-lr-scheduler-args"):
        page.fill(element, shown_in_help(page, element))
    assert check(page).locator(".is-bad").all_inner_texts() == []
    page.page.locator("#run-start").click()
    page.status("running")
    optimizer = stage.run.config.optimizer
    assert [*optimizer.optimizer_args] == ["weight_decay=0.01", "betas=0.9,0.999"]
    assert [*optimizer.lr_scheduler_args] == ["step_rules=1:100,0.5:200,0.1"]


def test_what_is_true_of_many_images_is_one_line_that_leads_to_the_preview(look, stage):
    folder = fill(stage.window.workspace / "train", {"20_sls frog": 12}, (192, 128))  # trained as 128x128
    stage.window.draft.keep({"dataset.train_data_dir": str(folder), "dataset.reg_data_dir": ""})
    page = look()
    page.tab(2)
    lines = check(page).locator("li", has_text=".png")
    assert lines.count() == 1
    assert "12 of 12 images: more than a quarter is cropped" in lines.inner_text()
    lines.get_by_role("button", name="What will be trained").click()
    page.page.wait_for_function("document.activeElement.id === 'preview-look'")
    page.page.keyboard.press("Enter")
    page.page.locator("#preview-fields figure").first.wait_for()


def test_sample_prompts_that_mean_something_else_or_nothing_are_named(look):
    page = look()
    page.page.locator("#level label").nth(2).click()
    page.tab(2)
    for prompts, said in (
        ("sls frog --w 100 --h 30", "drawn as 96×64"),
        ("sls frog --q 5", "there is no option --q"),
        ("nofile.txt", "nofile.txt"),
    ):
        page.fill("opt-sample-sample-prompts", prompts)
        line = check(page).locator("li", has_text="Sample prompts").filter(has_text=said)
        line.wait_for()
    page.fill("opt-sample-sample-prompts", "sls frog --q 5")
    page.page.locator("#prompt-rows [data-row-act=fields]").click()
    check(page).locator("li", has_text="--q").get_by_role("button", name="Sample prompts").click()
    page.page.wait_for_function("document.activeElement.matches('#prompt-rows [name=prompt]')")
