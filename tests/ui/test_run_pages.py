"""What the run panel does in the page itself: reading off, smoothing, samples large and side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Message
from core.events import Saved, Warned
from ui.window import PROJECT

pytestmark = pytest.mark.browser


def test_values_are_read_off_the_curve_and_it_is_smoothed_without_the_server(stage, look):
    stage.show("running")
    page = look("en")
    page.caught_up()
    page.page.wait_for_selector("#run-chart polyline.smooth")
    drawn = "document.querySelector('#run-chart polyline.smooth').getAttribute('points')"
    before = page.page.evaluate(drawn)
    page.page.locator("#run-smoothing input").fill("0")
    means = page.page.evaluate("document.querySelector('#run-chart [data-means]').dataset.means")
    after = page.page.evaluate(drawn)
    assert after != before and len(after.split()) == len(means.split())
    box = page.page.locator("#run-chart svg").bounding_box()
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    read = page.page.locator("#run-chart .rw-read")
    read.wait_for()
    assert "step" in read.inner_text() and "150" in read.inner_text()


def test_samples_are_looked_at_by_the_arrow_keys_and_compared_under_a_slider(stage, look):
    stage.show("done")
    page = look("en")
    page.caught_up()
    page.page.locator("#run-samples [data-zoom]").first.click()
    page.page.locator(".rw-zoom .rw-below p:text-is('before')").first.wait_for()
    page.page.keyboard.press("ArrowRight")
    page.page.locator(".rw-zoom .rw-below p:text-is('step 100')").first.wait_for()
    page.page.keyboard.press("ArrowDown")
    page.page.locator(".rw-zoom .is-prompt:text-is('sls frog, blue background · seed 2')").wait_for()
    page.page.keyboard.press("Escape")
    page.page.locator("[data-compare]").click()
    page.page.locator(".rw-pair input").fill("20")
    cut = page.page.evaluate("document.querySelector('.rw-pair').style.getPropertyValue('--cut')")
    left, right = (page.page.locator(".rw-below select").nth(n).input_value() for n in (0, 1))
    assert (cut, left, right) == ("20%", "0", "3")


def test_a_click_on_any_part_of_the_run_changes_no_field(stage, look):
    stage.show("failed")
    page = look()
    page.caught_up()
    page.fill("make-identifier", "sls")
    page.page.locator("#run-samples [data-zoom]").first.wait_for()
    page.all_seen()
    before = page.fields()
    for name in reversed(
        page.page.evaluate("[...document.querySelectorAll('[data-live]:not(.rw-unseen)')].map((p) => p.id)")
    ):
        if page.page.locator(f"#{name}").is_visible():
            page.page.locator(f"#{name}").click(position={"x": 3, "y": 3})
            page.page.keyboard.press("Escape")  # where an image was shown large
    page.all_seen()
    assert before["make-identifier 0"] == "sls" and page.fields() == before


def test_a_page_that_loses_the_program_says_so_and_goes_on_when_it_is_back(stage, look):
    stage.show("running")
    page = look()
    page.caught_up()
    page.page.route("**/live?*", lambda route: route.abort())
    page.page.locator("#run-lost >> text=No connection to the program").wait_for()
    page.page.unroute("**/live?*")
    page.page.locator("#run-lost").wait_for(state="hidden")
    page.faults.clear()  # the browser's own words on what was kept from it


def started(stage):
    """A run in its first second: planned, an image of before drawn, no loss yet."""
    run = stage.show("starting")
    run.plan()
    run.log(Saved("sample", str(PROJECT / "demo" / "train" / "20_sls frog" / "sls_01.png"), 0))
    run.log(Warned(Message("W-DATA-UPSCALED", "2 images are scaled up.", "2枚の画像が拡大されます。")()))
    return run


def ended(stage, status, step):
    started(stage).end(status, step)


def held(stage, status):
    """A run that was resumed, has told one loss, and is in this state."""
    run = started(stage)
    run.step(7)
    run.status = status


MOMENTS = {
    "first second": started,
    "not started": lambda stage: ended(stage, "refused", 0),
    "failed in step 2": lambda stage: ended(stage, "failed", 2),
    "paused": lambda stage: held(stage, "paused"),
    "resumed": lambda stage: held(stage, "running"),
}


def test_log_samples_and_notices_are_seen_from_the_first_second_whatever_the_run_does(stage, look):
    page = look()
    missing = []
    for moment, act in MOMENTS.items():
        act(stage)
        page.caught_up()
        page.page.wait_for_selector("#run-samples img", state="attached")
        for part in ("#run-log li", "#run-log-acts .rw-copy", "#run-samples img", "#run-notices li"):
            if not page.page.locator(part).first.is_visible():
                missing.append((moment, part))
    assert missing == []


def test_the_whole_log_is_at_hand_below_the_run(stage, look):
    stage.show("failed")
    page = look()
    page.page.locator("#run-log li").first.wait_for()
    page.page.locator("#run-log-acts a").scroll_into_view_if_needed()
    with page.page.expect_download() as waiting:
        page.page.locator("#run-log-acts a").click()
    assert waiting.value.suggested_filename == "log.txt"
    assert "Memory ran out" in Path(waiting.value.path()).read_text("utf-8")
