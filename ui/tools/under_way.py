"""Work of the tools that goes on, or has ended, shown to a page that was opened after it began."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import Lang
from ui.parts.job import Job
from ui.parts.working import shown
from ui.tools.files import Tools
from ui.tools.regularize import RegularizeCard
from ui.tools.resize import ResizeCard
from ui.window import Window
from ui.window.faults import streamed

Update = dict[Any, Any]

EVERY = 0.3
"""Seconds between two looks."""


class UnderWay:
    """The results of the cards with work of their own, followed from the opening of their tab on."""

    def __init__(self, window: Window, tools: Tools, resize: ResizeCard, made: RegularizeCard) -> None:
        self._window, self._made = window, made
        self._results = {
            "convert": tools.parts["result"],
            "resize": resize.parts["result"],
            "regularize": made.parts["result"],
        }

    def connect(self, lang: Any, tab: Any, reg: Any) -> None:
        """Bind the handler. tab: the tab of the cards. reg: the form's field of regularization pictures."""
        tab.select(
            streamed(lambda data: self.follow(data[reg], data[lang]), self._window),
            {lang, reg},
            [*self._results.values(), reg],
            api_visibility="private",
            trigger_mode="once",
            show_progress="hidden",
            concurrency_id="under_way",
            concurrency_limit=8,
        )

    def follow(self, reg: Any, lang: Lang) -> Iterator[Update]:
        """What each card says, as often as it says something new, until no work goes on."""
        jobs: Mapping[str, Job[Any]] = {name: getattr(self._window, name) for name in self._results}
        said = dict.fromkeys(jobs, "")
        while True:
            is_busy = any(job.is_busy for job in jobs.values())
            now = {name: shown(job, lang) for name, job in jobs.items()}
            fresh = {self._results[name]: html for name, html in now.items() if html != said[name]}
            if not is_busy:
                fresh |= self._made.chosen(reg)
            if fresh:
                yield fresh
            if not is_busy:
                return
            said = now
            time.sleep(EVERY)
