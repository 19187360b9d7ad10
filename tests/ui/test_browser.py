"""The window in a real browser: from an empty folder to a trained LoRA, in two languages and browsers."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.ui.browser import ROOT, Watched, chromium, window

STEPS = 400
"""Enough that a slow machine loads a page or two in the meantime; a step takes 0.1 s or more."""

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def running():
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def browser(running):
    """The browser without a page; pages that stayed open would go on asking their windows."""
    yield running
    for context in running.contexts:
        context.close()


def make_folder(page: Watched, pictures: Path) -> None:
    """Type what the pictures show, see the plan, copy."""
    page.fill("make-source", str(pictures))
    page.page.locator("#make-offer button", has_text="sls").click()
    page.fill("make-class", "frog")
    page.page.wait_for_selector("#make-token >> text=is one token")
    page.page.wait_for_selector("#make-plan >> text=These 17 files will be copied")
    page.page.wait_for_selector("#make-plan >> text=20_sls frog")
    page.page.locator("#make-apply:enabled").click()
    page.page.wait_for_selector("#make-done >> text=17 files copied")


def set_up_short_run(page: Watched) -> None:
    """A few quick steps with samples, every step reported."""
    page.fill("opt-dataset-train-batch-size", "1")
    page.page.locator("#level label").nth(2).click()
    page.tab(2)
    page.fill("opt-train-max-train-steps", str(STEPS))
    page.fill("opt-sample-sample-every-n-steps", "100")
    page.fill("opt-sample-sample-prompts", "sls frog --s 2\nfrog --s 2")
    page.fill("opt-log-log-every-n-steps", "1")


def number_of(page: Watched) -> int:
    found = re.search(r"(\d+) / \d+", page.page.locator("#run-head").inner_text())
    return int(found[1]) if found else 0


def test_from_an_empty_folder_to_a_trained_lora(browser, tmp_path):
    pictures = tmp_path / "my pictures"
    shutil.copytree(ROOT / "demo" / "train" / "20_sls frog", pictures)
    workspace = tmp_path / "workspace"
    with window(workspace) as process:
        first = Watched.open(browser.new_context(locale="en-US"), process.url).ready()
        make_folder(first, pictures)
        assert first.page.locator("#opt-dataset-train-data-dir input").input_value().endswith("train")
        set_up_short_run(first)
        first.tab(0)
        first.page.locator("#preview-look").click()
        first.page.wait_for_selector("#preview-html >> text=192 × 64")
        assert first.page.locator("#preview-html figure img").count() == 58

        first.page.locator("#run-start").dblclick()
        first.past_step(2)
        assert len([*(workspace / "output" / "runs").iterdir()]) == 1
        before = number_of(first)
        first.page.reload()
        first.ready().past_step(before - 1)
        first.page.locator("#run-pause").click()
        first.status("paused")

        second = Watched.open(browser.new_context(locale="ja-JP"), process.url).ready()
        second.page.wait_for_selector("#run-head >> text=一時停止中")
        second.page.locator("#run-samples figure img").first.wait_for()
        second.page.locator("#run-go-on").click()
        first.status("running")
        first.past_step(number_of(first))
        second.page.locator("#run-stop").click()
        first.status("stopped")
        stopped = number_of(first)
        assert 0 < stopped < STEPS

        resume = first.page.locator("#run-resume")
        assert resume.inner_text() == f"Resume from step {stopped}"
        resume.click()
        first.past_step(stopped)
        first.status("done")
        first.page.wait_for_selector("#run-outcome >> text=sls_frog.safetensors")
        assert (workspace / "output" / "sls_frog.safetensors").stat().st_size > 10_000
        assert number_of(first) == STEPS
        first.page.wait_for_selector(f"#run-samples >> text=step {STEPS}")
        second.status("done")
        for page in (first, second):
            assert page.faults == [] and page.hosts == {process.url.split("//")[1]}
    assert sorted(path.name for path in pictures.iterdir()) == sorted(
        path.name for path in (ROOT / "demo" / "train" / "20_sls frog").iterdir()
    )
    assert not [line for line in process.lines if "Traceback" in line]


def test_a_run_is_stopped_with_its_state_when_the_program_is_ended(browser, tmp_path):
    workspace = tmp_path / "workspace"
    with window(workspace) as process:
        page = Watched.open(browser.new_context(), process.url).ready()
        set_up_short_run(page)
        page.fill("opt-train-max-train-steps", "4000")
        page.page.locator("#run-start").click()
        page.past_step(1)
    assert any("resumed" in line for line in process.lines)
    assert [*(workspace / "output").glob("sls_frog-step-*-state/manifest.json")]
    with window(workspace) as process:
        page = Watched.open(browser.new_context(), process.url).ready()
        page.page.wait_for_selector("#run-resume >> text=Resume from step")
        page.page.wait_for_selector("#run-head >> text=Your last run “sls_frog” stopped at step")
        page.tab(2)
        kept = page.page.locator("#opt-train-max-train-steps input")
        assert kept.input_value() == "4000"  # what was typed is there after a restart too


def test_it_asks_for_the_login_and_works_behind_it(browser, tmp_path):
    with window(tmp_path / "workspace", "--auth", "me:a good password") as process:
        page = Watched.open(browser.new_context(), process.url)
        page.page.locator("input[name=user]").fill("me")
        page.page.locator("input[name=password]").fill("a good password")
        page.page.locator("button").click()
        page.ready().page.wait_for_selector("#run-head >> text=Ready")
        page.page.locator("#run-check").click()
        page.page.wait_for_selector("#run-message >> text=All is well")
        assert page.faults == []


WIDTHS = [1440, 1024, 390]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with window(tmp_path_factory.mktemp("served")) as process:
        yield process


@pytest.mark.parametrize("width", WIDTHS)
def test_every_tab_fits_its_width_in_both_languages(browser, served, width):
    context = browser.new_context(locale="ja-JP", viewport={"width": width, "height": 900})
    page = Watched.open(context, served.url).ready()
    page.page.wait_for_selector("#run-start >> text=学習開始")
    page.page.locator("#level label").nth(2).click()
    for label, start in (("English", "Start training"), ("日本語", "学習開始")):
        page.page.locator("#lang label", has_text=label).click()
        page.page.wait_for_selector(f"#run-start >> text={start}")
        for number in range(5 if width > 600 else 3):  # on a phone the other tabs are in a menu
            page.tab(number)
            root = "document.documentElement"
            assert page.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") <= 0
    assert page.faults == []


def test_the_language_can_be_changed_and_is_remembered(browser, served):
    page = Watched.open(browser.new_context(locale="en-US"), served.url).ready()
    page.tab(2)
    page.page.wait_for_selector("#opt-train-learning-rate >> text=Learning rate")
    page.page.locator("#lang label", has_text="日本語").click()
    page.page.wait_for_selector("#opt-train-learning-rate >> text=学習率")
    page.page.wait_for_selector("#tabs [role=tab] >> text=データセット")
    page.tab(3)
    page.page.wait_for_selector("#opt-network-rank >> text=ランク")
    page.page.reload()
    page.ready().page.wait_for_selector("#tabs [role=tab] >> text=データセット")
    assert page.faults == []


def test_what_does_not_apply_is_hidden_and_levels_show_more(browser, served):
    page = Watched.open(browser.new_context(locale="en-US"), served.url).ready()
    levels = page.page.locator("#level label")
    levels.nth(0).click()
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
    assert page.faults == []


def test_a_model_is_picked_from_the_list_and_named_at_once(browser, served):
    page = Watched.open(browser.new_context(locale="en-US"), served.url).ready()
    page.tab(1)
    page.page.wait_for_selector("#identity-base >> text=Stable Diffusion 1.x")
    page.page.locator("#opt-model-base input").click()
    page.page.locator("#opt-model-base [role=option]", has_text="demo/judge.safetensors").click()
    page.page.wait_for_selector("#identity-base >> text=judge.safetensors")
    page.fill("opt-model-base", "demo/base.safetensors")
    page.page.wait_for_selector("#identity-base >> text=7.87 M")
    assert page.faults == []


def test_a_run_file_is_saved_and_opened_by_the_browser(browser, served, tmp_path):
    page = Watched.open(browser.new_context(locale="en-US", accept_downloads=True), served.url).ready()
    page.page.locator("#preset-more button").first.click()
    page.tab(3)
    page.fill("opt-network-rank", "24")
    with page.page.expect_download() as waiting:
        page.page.locator("#file-save").click()
    saved = tmp_path / "run.toml"
    waiting.value.save_as(saved)
    assert "rank = 24" in saved.read_text("utf-8")
    saved.write_text(saved.read_text("utf-8").replace("rank = 24", "rank = 48"), encoding="utf-8")
    with page.page.expect_file_chooser() as choosing:
        page.page.locator("#file-open").click()
    choosing.value.set_files(saved)
    page.page.wait_for_selector("#preset-said >> text=Settings opened")
    assert page.page.locator("#opt-network-rank input").input_value() == "48"
    page.page.locator("#file-reset").click()
    page.page.wait_for_selector("#preset-said >> text=settings are back")
    assert page.faults == []
