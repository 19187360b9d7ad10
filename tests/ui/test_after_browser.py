"""What follows a run, done in a browser: further steps, runs with other values, a rate that is sought."""

from __future__ import annotations

import pytest

from core.tools.lr_range import Point
from core.tools.tool import Outcome, Tool
from tests.ui.test_flows import comes_true, sees, value

pytestmark = pytest.mark.browser

LOSSES = (10, 10, 10, 10, 9, 7, 4, 2, 0, 2, 4, 9, 9)
POINTS = tuple(Point(10.0 ** (n - 8), loss) for n, loss in enumerate(LOSSES))


def test_a_run_is_varied_its_rate_is_sought_and_it_is_trained_on(at, stage, monkeypatch):
    stage.show("done")
    page = at()
    page.caught_up()
    swept = page.page.locator("#run-sweep")
    swept.locator("summary").click()
    swept.locator("[name=values1]").fill("1e-4, 2e-4")
    swept.locator("[name=values1]").press("Enter")
    sees(page, "run-sweep", "sls_frog-lr2e-4")
    swept.locator("button", has_text=at.words("Add 2 runs", "2件をキューに追加")).click()
    sees(page, "queue-list", "sls_frog-lr1e-4")
    assert len(stage.window.queue.look().waiting) == 2

    monkeypatch.setattr(Tool, "start", lambda self, settings, work: Outcome((), points=POINTS))
    page.tab(2)
    # It is open where somebody has typed into it before.
    if not page.page.locator("#lr-finder details").evaluate("part => part.open"):
        page.page.locator("#lr-finder summary").click()
    page.page.locator("#lr-finder button.is-main").click()
    page.page.locator("#lr-finder button[data-act=use]").click()
    sees(page, "lr-finder", at.words("The learning rate is 0.001 now", "学習率を0.001にしました"))
    comes_true(lambda: value(page, "opt-train-learning-rate") == "0.001")

    further = page.page.locator("#run-more")
    further.locator("input").fill("50")
    further.locator("input").press("Enter")
    comes_true(lambda: len(stage.window.runner.runs) == 2)
    assert stage.run.config.train.max_train_steps == 350
    page.caught_up()

    stage.window.when_idle.command = ()
    page.page.locator("#run-idle-box input").check()
    comes_true(lambda: stage.window.when_idle.look().is_on)
    stage.window.when_idle.set_on(False)
    stage.window.when_idle.command = None
