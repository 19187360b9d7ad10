"""How soon the page can be used, cold and warm, what it weighs, and how it stands a long loss curve.

    python -m bench.window [--write]

Usable: a click on a tab has been answered. Chromium and server share the machine, as at home.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import sync_playwright

from tests.ui.browser import ROOT, chromium
from tests.ui.fake import FakeRun
from tests.ui.stage import Look, Shown, Stage, staged
from tests.ui.states import begun, step_of

RESULTS = ROOT / "bench" / "results" / "window.json"
LONG_RUN = 20_000
WATCHED = 10
"""Seconds that a page with a long curve is watched for, while steps go on."""

_LONG_TASKS = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((task) => task.duration)))
    .observe({type: 'longtask'});
}"""


def opening(look: Look) -> dict[str, float]:
    """Seconds until the page is ready, and until a click was answered.

    By the browser's own clock, from going to the address; `whole` also has the opening of the browser's tab.
    """
    start = time.monotonic()
    page = look.opened()
    page.ready()
    ready = page.page.evaluate("performance.now()") / 1000
    page.tab(2)
    page.page.wait_for_selector("#opt-train-learning-rate input")
    usable = page.page.evaluate("performance.now()") / 1000
    return {"ready": ready, "usable": usable, "whole": time.monotonic() - start}


def weight(browser: Any, stage: Stage) -> dict[str, int]:
    """Bytes as sent and requests of a first visit, components of the page, elements in the document."""
    look = Look(browser, stage)
    page = look()
    sizes = page.page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.transferSize)")
    found = {
        "bytes": int(sum(sizes)),
        "requests": len(sizes),
        "components": page.page.evaluate("window.gradio_config.components.length"),
        "elements": page.page.evaluate("document.querySelectorAll('*').length"),
    }
    look.contexts["en"].close()
    return found


def long_curve(look: Look, stage: Stage) -> dict[str, float]:
    """A page that shows 20,000 steps while more come in: long tasks of its thread, and a click's answer."""
    run: FakeRun = begun(stage.window, 1)
    for step in range(2, LONG_RUN):
        run.log(step_of(run, step, 2 * LONG_RUN))
    page: Shown = look()
    page.caught_up()
    for tab in (1, 2, 3):  # a tab's first opening is a cost of its own
        page.tab(tab)
        page.page.wait_for_timeout(2000)
    page.page.evaluate(_LONG_TASKS)
    until, step, answers = time.monotonic() + WATCHED, LONG_RUN, []
    while time.monotonic() < until:
        run.log(step_of(run, step, 2 * LONG_RUN))
        step += 1
        start = time.monotonic()
        tab = 1 + step % 3
        page.tab(tab)
        page.page.wait_for_selector(f"#tabs [role=tab]:nth-of-type({tab + 1})[aria-selected=true]")
        answers.append(time.monotonic() - start)
        page.page.wait_for_timeout(300)
    tasks = page.page.evaluate("window.longTasks")
    return {
        "steps": LONG_RUN,
        "longest_task_ms": round(max(tasks, default=0)),
        "share_of_time_in_long_tasks": round(sum(tasks) / 1000 / WATCHED, 3),
        "click_seconds_median": round(median(answers), 3),
        "click_seconds_most": round(max(answers), 3),
    }


def measured(times: int) -> dict[str, Any]:
    """Everything, with medians of `times` openings."""
    with tempfile.TemporaryDirectory() as folder, staged(Path(folder)) as stage, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        cold, warm = [], []
        for _ in range(times):
            look = Look(browser, stage)
            cold.append(opening(look))
            warm.append(opening(look))
            look.contexts["en"].close()
        found = {
            name: {key: round(median(one[key] for one in runs), 2) for key in ("ready", "usable", "whole")}
            for name, runs in (("cold_seconds", cold), ("warm_seconds", warm))
        }
        found["page"] = weight(browser, stage)
        found["long_curve"] = long_curve(Look(browser, stage), stage)
        browser.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures how soon the page can be used.")
    parser.add_argument("--times", type=int, default=5, help="openings, cold and warm each")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    chosen = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    found = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load_before": load,
        **measured(chosen.times),
    }
    text = json.dumps(found, indent=1)
    print(text)
    if chosen.write:
        RESULTS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
