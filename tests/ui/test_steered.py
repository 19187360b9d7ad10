"""A real training as its page shows it while a user steers it: its step, its pause, stop and resume.

One program, one page and one training serve all tests; each brings the training to where it begins.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from core.formats.header import read_header
from tests.ui.browser import Watched, window

REPORT = 10
"""Steps from one loss to the next."""

SETTINGS = {
    "dataset.reg_data_dir": "",
    "dataset.train_batch_size": 1,
    "train.max_train_steps": 50_000,  # more than all tests together can take
    "sample.sample_prompts": "sls frog --s 2",
    "sample.sample_at_first": True,
    "sample.sample_every_n_steps": "",
    "log.log_every_n_steps": REPORT,
}

WATCH = """() => {
    const head = document.querySelector('#run-head');
    const look = () => {
        const [step] = head.innerText.match(/\\d[\\d,]*(?= \\/ )/) ?? [];
        const state = head.querySelector('.rw-status')?.className.match(/is-(\\w+)/)[1];
        if (step) window.seen.push([state, Number(step.replace(',', ''))]);
    };
    window.seen = [];
    window.watcher?.disconnect();
    window.watcher = new MutationObserver(look);
    window.watcher.observe(head, {childList: true, subtree: true});
}"""
"""Writes down every step that the head of the panel tells from now on, and in which state."""

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def page(chrome, tmp_path_factory):
    workspace = tmp_path_factory.mktemp("steered")
    (workspace / "window.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    with window(workspace) as process:
        page = Watched.open(chrome.new_context(locale="en-US", accept_downloads=True), process.url).ready()
        yield page
        assert page.faults == []
        page.page.context.close()
    assert not [line for line in process.lines if "Traceback" in line]


def goes_on(page: Watched) -> Watched:
    """The page, with its training under way."""
    if not page.page.locator("#run-head .is-running").count():
        page.page.locator("#run-go-on:visible, #run-resume:visible, #run-start:visible").first.click()
        page.status("running")
    return page


@pytest.fixture
def training(page):
    return goes_on(page)


@pytest.fixture
def stopped(page):
    """The page of a training that was stopped after some losses."""
    if not page.page.locator("#run-head .is-stopped").count():
        goes_on(page)
        page.page.wait_for_selector("#run-chart polyline")
        press(page, "stop")
        page.status("stopped")
    return page


def step_of(page: Watched) -> int:
    return int(re.search(r"([\d,]+) / ", page.page.locator("#run-head").inner_text())[1].replace(",", ""))


def press(page: Watched, name: str) -> None:
    page.page.locator(f"#run-{name}:enabled").click()


def model_of(step: int) -> str:
    return f"sls_frog-step{step:08}.safetensors"


def test_the_step_is_told_between_two_losses_too(training):
    training.page.evaluate(WATCH)
    training.page.wait_for_function(
        "(report) => new Set(window.seen.map(([, step]) => step).filter((step) => step % report)).size >= 3",
        arg=REPORT,
    )


def test_in_a_pause_samples_are_drawn_and_a_model_is_saved_at_once(training):
    press(training, "pause")
    training.status("paused")
    step = step_of(training)
    press(training, "sample")
    training.page.wait_for_selector(f"#run-samples figcaption >> text='step {step}'")
    press(training, "save")
    training.page.wait_for_selector(f"#run-log >> text={model_of(step)}")
    training.status("paused")
    assert step_of(training) == step


def test_stop_offers_the_model_of_the_step_it_stopped_at_and_none_that_was_saved_before(training):
    saved = training.page.locator("#run-log li", has_text=".safetensors")
    before = saved.count()
    press(training, "save")
    saved.nth(before).wait_for()
    training.past_step(step_of(training) + 1)
    training.page.wait_for_selector("#run-chart polyline")
    press(training, "stop")
    training.status("stopped")
    training.page.wait_for_selector("#run-outcome .rw-result")
    step = step_of(training)
    assert training.page.locator("#run-outcome .rw-result strong").inner_text() == model_of(step)
    with training.page.expect_download() as waiting:
        training.page.locator("#run-outcome .rw-download").click()
    assert waiting.value.suggested_filename == model_of(step)
    assert read_header(Path(waiting.value.path())).metadata["ss_steps"] == str(step)


def test_a_resumed_training_goes_on_at_its_step_with_its_curve_and_samples(stopped):
    step = step_of(stopped)
    stopped.page.evaluate(WATCH)
    press(stopped, "resume")
    stopped.page.wait_for_function("window.seen.some(([state]) => state !== 'stopped')")
    first = next(told for state, told in stopped.page.evaluate("window.seen") if state != "stopped")
    assert first >= step
    assert stopped.page.locator("#run-chart polyline").count() > 0
    assert stopped.page.locator("#run-samples figcaption >> text='before'").count() == 1
