"""How fast the page answers what people do again and again, and what a thousand such acts leave in memory.

    python -m bench.interactions [--acts 1000] [--write]

gui.py runs as a process of its own; its resident memory is read after 100 acts, a few times between, and at
the end. An act: a value typed, a tab, a search, a level, a check; every fiftieth changes the language. What
is typed is counted from the last key to the answer that is seen, the field not left: with the rest in which
the page waits for more keys. The exit code is 1 when the memory at the end is over that after the hundredth
act by more than 10 percent, or when the median of what is typed is above half a second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

from tests.ui.browser import ROOT, Watched, chromium, window

RESULTS = ROOT / "bench" / "results" / "interactions.json"
MOST_GROWTH = 0.10
MOST_TYPED = 0.5
"""Seconds, median."""
SETTLED = 100
"""Acts after which everything that is loaded once is there."""

READ = (SETTLED, 250, 500, 750)
"""Acts after which the memory is read, besides the last."""

_LABEL = "#opt-train-max-train-steps label span"


class Acts:
    """What is done on a page, each act timed until its answer is seen."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self.seconds: dict[str, list[float]] = {}

    def do(self, number: int) -> None:
        """The act of a number, counted from 0. Each gives when it had been asked for."""
        acts: list[tuple[str, Callable[[int], float]]] = [
            ("typed", self._type),
            ("tab", self._tab),
            ("search", self._search),
            ("level", self._level),
            ("check", self._check),
        ]
        name, act = ("language", self._language) if number % 50 == 49 else acts[number % len(acts)]
        start = act(number)
        self.seconds.setdefault(name, []).append(time.monotonic() - start)

    def _type(self, number: int) -> float:
        """Another number of steps; answered when the schedule's last tick is that number."""
        self._page.locator("#tab-training-button").click()
        steps = str(301 + number)
        field = self._page.locator("#opt-train-max-train-steps input")
        field.fill(steps[:-1])
        start = time.monotonic()
        field.press(steps[-1])
        self._page.wait_for_function(
            "(steps) => document.querySelector('#schedule')?.textContent.replaceAll(',', '').includes(steps)",
            arg=steps,
        )
        return start

    def _tab(self, number: int) -> float:
        start = time.monotonic()
        name = ("dataset", "model", "training", "lora", "tools")[number // 5 % 5]
        self._page.locator(f"#tab-{name}-button").click()
        self._page.locator(f"#tab-{name}").wait_for()
        return start

    def _search(self, number: int) -> float:
        start = time.monotonic()
        word = ("noise", "bucket", "rank", "seed")[number // 5 % 4]
        self._page.locator("#find input, #find textarea").first.fill(word)
        self._page.locator(f"#found code:has-text('{word}')").first.wait_for()
        self._page.locator("#find input, #find textarea").first.fill("")
        return start

    def _level(self, number: int) -> float:
        start = time.monotonic()
        level = ("basic", "advanced", "expert")[number // 5 % 3]
        self._page.locator(f"#level label:has(input[value={level}])").click()
        self._page.wait_for_function("(level) => document.body.dataset.level === level", arg=level)
        return start

    def _check(self, number: int) -> float:
        start = time.monotonic()
        self._page.locator("#run-check:enabled").click()
        self._page.locator("#run-message :is(p, li):not(.rw-over):visible").first.wait_for()
        return start

    def _language(self, number: int) -> float:
        start = time.monotonic()
        lang = ("ja", "en")[number // 50 % 2]
        label = self._page.locator(_LABEL).first.text_content()
        self._page.locator(f"#lang label:has(input[value={lang}])").click()
        self._page.wait_for_function(
            "([at, label]) => document.querySelector(at)?.textContent !== label", arg=[_LABEL, label]
        )
        return start


def measured(acts: int) -> dict[str, Any]:
    """The acts on one page of a new window: seconds of each kind, memory of the server in MB."""
    with (
        tempfile.TemporaryDirectory() as folder,
        window(Path(folder), "--lang", "en") as process,
        sync_playwright() as started,
    ):
        browser = started.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = Watched.open(browser.new_context(locale="en-US"), process.url).ready()
        page.tab(2)
        done, server = Acts(page.page), psutil.Process(process.popen.pid)
        memory = {"start": server.memory_info().rss}
        for number in range(acts):
            done.do(number)
            if number + 1 in (*READ, acts):
                memory[str(number + 1)] = server.memory_info().rss
        browser.close()
    seconds = {
        name: {"median": round(median(each), 2), "most": round(max(each), 2), "times": len(each)}
        for name, each in done.seconds.items()
    }
    growth = memory[str(acts)] / memory[str(min(SETTLED, acts))] - 1
    sizes = {name: round(size / 1e6) for name, size in memory.items()}
    return {"acts": acts, "seconds": seconds, "memory_mb": sizes, "growth": round(growth, 3)}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures what the page answers, and what that leaves.")
    parser.add_argument("--acts", type=int, default=1000, help="how many")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    chosen = parser.parse_args()
    found = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        **measured(chosen.acts),
    }
    text = json.dumps(found, indent=1)
    print(text)
    if chosen.write:
        RESULTS.write_text(text + "\n", encoding="utf-8")
    is_slow = found["seconds"]["typed"]["median"] > MOST_TYPED
    return 1 if is_slow or found["growth"] > MOST_GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
