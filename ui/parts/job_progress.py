"""A tool's work on its thread, told on the page while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from core.errors import Lang, UserError
from ui.parts.job import Job, Report
from ui.parts.markup import bar, note, problems
from ui.text import say

_GOING = {"convert": "convert.busy", "fetch_model": "job.fetching"}
"""What is said of a stage; of any other the images are counted."""

_STOPPED = {"convert": "convert.stopped"}
"""What is said of work that was stopped in this stage, where what is done is not kept."""


def told(
    job: Job[Any], work: Callable[[Report], Any], done: Callable[[Lang], str], lang: Lang
) -> Iterator[str]:
    """Start the work and show how far it is, then what `done` says of its result, or why there is none."""
    if not job.start(work, done):
        yield note(say("job.busy", lang), "warn")
        return
    yield bar(None)
    try:
        for _ in job.watch():
            yield shown(job, lang)
    except UserError:
        pass  # shown says it
    yield shown(job, lang)


def shown(job: Job[Any], lang: Lang) -> str:
    """How far the work is, or how the last one ended; "" when there was none, and after a fault."""
    if job.is_busy:
        stage, at, total = job.progress
        words = say(_GOING.get(stage, "job.going"), lang, done=at, total=total)
        if job.control.is_stopping:
            words = say("job.stopping", lang)
        return (note(words) if total > 1 or job.control.is_stopping else "") + bar(
            at / total if total else None
        )
    if isinstance(job.error, UserError):
        return problems(job.error.problems, lang)
    if job.was_stopped:
        return note(say(_STOPPED.get(job.progress[0], "job.stopped"), lang))
    return job.done(lang) if job.done else ""
