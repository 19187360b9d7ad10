"""Work that fills the memory of the GPU: what may begin beside what, by one rule for the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from core.catalog import Words
from core.errors import Problem, UserError
from core.tools.table import TOOLS
from ui.parts.job import Job, Report
from ui.text import WORDS
from ui.window import messages

TRAIN, TRY = "train", "try"
"""A training, and images to try a result with. The others are called by the names of their tools."""

Result = TypeVar("Result")


class Gpu:
    """What is at work on the GPU. Safe from any thread.

    is_training: whether a run lives. jobs: the work of each tool, of which some need the GPU. tries: the work
    that generates images to try a result with.
    """

    def __init__(
        self, is_training: Callable[[], bool], jobs: Mapping[str, Job[Any]], tries: Job[Any]
    ) -> None:
        self._is_training = is_training
        self._jobs = {name: job for name, job in jobs.items() if TOOLS[name].on_gpu} | {TRY: tries}

    def hindrance(self, wanted: str) -> Problem | None:
        """Why this can't begin now: nothing may beside another of its kind, and each only once.

        A training does not wait for images to try a result with: they are stopped when it begins.
        """
        if wanted != TRAIN and self._is_training():
            return messages.RUN_BUSY()
        waits_for = [name for name in self._jobs if name != wanted and (wanted, name) != (TRAIN, TRY)]
        busy = next((name for name in waits_for if self._jobs[name].is_busy), None)
        return None if busy is None else messages.GPU_BUSY(work=_called(busy))

    def refuse(self, wanted: str) -> None:
        """Raises UserError when this can't begin now."""
        if (problem := self.hindrance(wanted)) is not None:
            raise UserError(problem)

    def alone(self, wanted: str, work: Callable[[Report], Result]) -> Callable[[Report], Result]:
        """The work, which is refused where something else has begun since its button was pressed."""

        def begin(report: Report) -> Result:
            self.refuse(wanted)
            return work(report)

        return begin


def _called(name: str) -> Words:
    return WORDS["tools.try"] if name == TRY else TOOLS[name].words
