"""The Tools tab as it is opened: its lists anew, and work that goes on, also for a page that came later."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from core.errors import Lang
from ui.parts.job import Job
from ui.parts.job_progress import shown
from ui.parts.localized import QUICK
from ui.tools.files import Tools
from ui.tools.regularize import REG, TRAIN, RegularizeCard
from ui.tools.resize import ResizeCard
from ui.tools.results import ResultsCard
from ui.tools.runs import RunsCard
from ui.window import Window
from ui.window.error_page import guarded, streamed

Data = Mapping[Any, Any]
Update = dict[Any, Any]

EVERY = 0.3
"""Seconds between two looks."""

_GO_ON = """() => { setTimeout(() => {
  if (document.querySelector('#convert-result .rw-bar, #resize-result .rw-bar, #regularize-result .rw-bar'))
    document.getElementById('tools-follow').click();
}, 300); }"""


class UnderWay:
    """Everything of the tab that may have changed meanwhile, in one answer: each costs a browser 0.3 s.

    Only where work goes on the page asks to be told of it to its end.
    """

    def __init__(
        self,
        window: Window,
        past: RunsCard,
        results: ResultsCard,
        tools: Tools,
        resize: ResizeCard,
        made: RegularizeCard,
    ) -> None:
        self._window, self._past, self._listed, self._made = window, past, results, made
        self._results = {
            "convert": tools.parts["result"],
            "resize": resize.parts["result"],
            "regularize": made.parts["result"],
        }
        self._follow = gr.Button(elem_id="tools-follow")

    def connect(self, lang: Any, tab: Any, inputs: set[Any], fields: Mapping[str, Any]) -> None:
        """Bind the handlers. tab: the tab of the cards. inputs, fields: of the form."""
        past, reg = self._past, fields[REG]
        told = [*self._results.values(), reg]
        tab.select(
            guarded(lambda data: self.opened(data, data[fields[TRAIN]], data[reg], data[lang]), self._window),
            {lang, *past.kept, *inputs},
            [*past.shown, self._listed.parts["list"], self._made.parts["hint"], *told],
            **QUICK,
        ).then(None, None, None, js=_GO_ON, api_visibility="private")
        self._follow.click(
            streamed(lambda data: self.follow(data[reg], data[lang]), self._window),
            {lang, reg},
            told,
            api_visibility="private",
            trigger_mode="once",
            show_progress="hidden",
            concurrency_id="under_way",
            concurrency_limit=8,
        )

    def opened(self, data: Data, train: Any, reg: Any, lang: Lang) -> Update:
        """The lists, the guide's number of pictures, and how far the work of each card is."""
        return {
            **self._past.looked(data, lang),
            self._listed.parts["list"]: self._listed.show(lang),
            self._made.parts["hint"]: self._made.hint(train, lang),
            **{self._results[name]: shown(job, lang) for name, job in self._jobs().items()},
            **self._made.chosen(reg),
        }

    def _jobs(self) -> Mapping[str, Job[Any]]:
        return {name: getattr(self._window, name) for name in self._results}

    def follow(self, reg: Any, lang: Lang) -> Iterator[Update]:
        """What each card says, as often as it says something new, until no work goes on."""
        jobs = self._jobs()
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
