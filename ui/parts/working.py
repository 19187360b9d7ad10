"""A tool's work on its thread, told on the page while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from core.errors import Lang, UserError
from ui.parts.job import Job, Report
from ui.parts.markup import bar, note, problems
from ui.text import say


def told(job: Job[Any], work: Callable[[Report], Any], done: Callable[[], str], lang: Lang) -> Iterator[str]:
    """Start the work and show how far it is, then what `done` says of its result, or why there is none."""
    if not job.start(work):
        yield note(say("job.busy", lang), "warn")
        return
    yield bar(None)
    try:
        for _, at, total in job.watch():
            yield (note(say("job.going", lang, done=at, total=total)) if total > 1 else "") + bar(
                at / total if total else None
            )
    except UserError as e:
        yield problems(e.problems, lang)
        return
    yield note(say("job.stopped", lang)) if job.was_stopped else done()
