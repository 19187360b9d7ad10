"""Work on its thread, followed on the page while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from core.errors import Lang, Problem, UserError
from core.events import STAGES, StageProgress
from core.sinks import progress
from ui.parts.job import Job, Report
from ui.parts.markup import bar, note, problems
from ui.text import say

Labelled = Callable[[Problem, Lang], Problem]


def followed(
    job: Job[Any],
    work: Callable[[Report], Any],
    done: Callable[[Lang], str],
    lang: Lang,
    *,
    is_kept: bool = True,
    labelled: Labelled | None = None,
) -> Iterator[str]:
    """Start the work and show its progress, then what `done` says of its result, or why there is none.

    is_kept: whether what is done when the work is stopped is kept. labelled: as for `progress_html`.
    """
    if not job.start(work, done):
        yield note(say("job.busy", lang), "warn")
        return
    yield bar(None)
    try:
        for _ in job.watch():
            yield progress_html(job, lang)
    except UserError:
        pass  # shown below
    yield progress_html(job, lang, is_kept=is_kept, labelled=labelled)


def progress_html(
    job: Job[Any], lang: Lang, *, is_kept: bool = True, labelled: Labelled | None = None
) -> str:
    """The progress of the work, or how the last one ended; "" when there was none, and after a fault.

    labelled: gives a problem with the label of a field in the place of the option's name.
    """
    if job.is_busy:
        stage, done, total = job.progress
        text = stage_text(StageProgress(stage, done, total), lang) if total > 1 else ""
        text = say("job.stopping", lang) if job.control.is_stopping else text
        return note(text) + bar(done / total if total else None)
    if isinstance(job.error, UserError):
        found = job.error.problems
        return problems([labelled(problem, lang) for problem in found] if labelled else found, lang)
    if job.was_stopped:
        return note(say("job.stopped" if is_kept else "job.discarded", lang))
    return job.done(lang) if job.done else ""


def stage_text(event: StageProgress, lang: Lang) -> str:
    """What is being done, such as "Encoding images 3/12"."""
    name = STAGES[event.stage].of(lang) if event.stage in STAGES else say("stage.prepare", lang)
    return f"{name} {progress(event, lang)}" if event.total > 1 else name
