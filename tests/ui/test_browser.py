"""The window as a program of its own in a real browser: from an empty folder to a trained LoRA."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.ui.browser import ROOT, Watched, window

STEPS = 60
"""Enough that a run is still under way when its page is clicked; a step takes 0.05 s or more."""

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def number_of(page: Watched) -> int:
    found = re.search(r"(\d+) / \d+", page.page.locator("#run-head").inner_text())
    return int(found[1]) if found else 0


def make_folder(page: Watched, images: Path) -> None:
    """Type what the images show, see the plan, copy."""
    page.fill("make-source", str(images))
    page.fill("make-identifier", "sls")
    page.fill("make-class", "frog")
    page.page.locator("#make-apply:enabled").click()
    page.page.wait_for_selector("#make-done >> text=5 files copied")


def set_up_short_run(page: Watched) -> None:
    """A few quick steps with samples, every step reported."""
    page.fill("opt-dataset-reg-data-dir", "")
    page.fill("opt-dataset-train-batch-size", "1")
    page.page.locator("#level label").nth(2).click()
    page.tab(2)
    page.fill("opt-train-max-train-steps", str(STEPS))
    page.fill("opt-sample-sample-every-n-steps", str(STEPS))
    page.fill("opt-sample-sample-prompts", "sls frog --s 2")
    page.fill("opt-log-log-every-n-steps", "1")


def test_a_run_lives_through_reload_second_tab_language_end_of_the_program_and_closed_tabs(chrome, tmp_path):
    images, workspace = tmp_path / "my images", tmp_path / "workspace"
    images.mkdir()
    for path in sorted((ROOT / "demo" / "train" / "20_sls frog").glob("sls_0[1-3]*")):
        shutil.copy(path, images)
    before = sorted(path.name for path in images.iterdir())
    with window(workspace) as process:
        first = Watched.open(chrome.new_context(locale="en-US"), process.url).ready()
        make_folder(first, images)
        set_up_short_run(first)
        first.page.locator("#run-start").dblclick()
        first.page.locator("#run-message [data-act=start-anyway]").click()  # own images on the demo's model
        first.past_step(2)
        first.page.locator("#run-pause").click()
        first.status("paused")
        assert len([path for path in (workspace / "output" / "runs").iterdir() if path.is_dir()]) == 1
        first.page.reload()
        first.ready().status("paused")
        second = Watched.open(chrome.new_context(locale="ja-JP"), process.url).ready()
        second.page.wait_for_selector("#run-head >> text=一時停止中")
        second.page.locator("#run-samples figure img").first.wait_for()
        second.page.locator("#lang label", has_text="English").click()
        second.page.wait_for_selector("#run-head >> text=Paused")
        second.page.locator("#run-go-on").click()
        second.past_step(3)
        for page in (first, second):
            assert page.faults == [] and page.hosts == {process.url.split("//")[1]}
            page.page.context.close()
    assert any("resumed" in line for line in process.lines)
    assert [*(workspace / "output").glob("sls_frog-step-*-state/manifest.json")]
    with window(workspace) as process:
        page = Watched.open(chrome.new_context(locale="en-US"), process.url).ready()
        page.page.wait_for_selector("#run-head >> text=“sls_frog” can be resumed")
        page.page.wait_for_selector("#run-resume >> text=Resume from step")
        page.page.locator("#run-resume").click()
        page.past_step(3)
        context = page.page.context
        page.page.close()  # the rest of the run has no page at all
        page = Watched.open(context, process.url).ready()
        page.status("done")
        page.page.wait_for_selector("#run-outcome >> text=sls_frog.safetensors")
        assert number_of(page) == STEPS
        page.page.wait_for_selector(f"#run-samples >> text=step {STEPS}")
        page.tab(2)
        assert page.page.locator("#opt-train-max-train-steps input").input_value() == str(STEPS)
        assert page.faults == []
        context.close()
    assert (workspace / "output" / "sls_frog.safetensors").stat().st_size > 10_000
    assert sorted(path.name for path in images.iterdir()) == before
    assert not [line for line in process.lines if "Traceback" in line]
