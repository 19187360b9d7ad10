"""Tools in the queue: the work that is under way, how far it is, and what came of those before."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from core import ending, messages
from core.catalog import Words
from core.control import RunControl, StopRun
from core.errors import EXIT_DONE, EXIT_STOPPED, LANGS, Problem, UserError
from core.queue_entries import Finished, Waiting
from core.tools.tool import Outcome, Progress

Result = TypeVar("Result")

MOST_FINISHED = 20
"""Works that are over and still shown, the latest."""

MOST_LINES = 10
"""Of what a tool says of its work, such as of each module: its own card has the rest."""

_STATUS = {EXIT_DONE: "done", EXIT_STOPPED: "stopped"}

_log = logging.getLogger(__name__)


class ToolTask:
    """Work seen from outside, as a run is. Safe from any thread."""

    def __init__(self, control: Callable[[], RunControl]) -> None:
        """control: what asks the work to stop."""
        self._control = control
        self._over = threading.Event()
        self._end = ""
        self.progress: tuple[str, int, int] = ("", 0, 0)
        self.lines: tuple[Words, ...] = ()
        self.problems: tuple[Words, ...] = ()

    @property
    def status(self) -> str:
        """running or stopping; then how it ended: done, stopped, failed."""
        if self.is_over:
            return self._end
        return "stopping" if self._control().is_stopping else "running"

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def stop(self) -> None:
        """After what is at hand."""
        if not self.is_over:
            self._control().stop(save=False)

    def around(
        self, work: Callable[[Progress], Result], outcome: Callable[[Result], Outcome]
    ) -> Callable[[Progress], Result]:
        """The work with its progress and end told here too. outcome: what of its result is kept.

        What it raises is StopRun or a UserError, also for a fault of the program.
        """

        def begin(report: Progress) -> Result:
            def told(stage: str, done: int, total: int) -> None:
                self.progress = (stage, done, total)
                report(stage, done, total)

            try:
                result = work(told)
                came = outcome(result)
            except StopRun:
                self._ended("stopped")
                raise
            except BaseException as error:
                fault = _fault(error)
            else:
                self._ended(_STATUS.get(came.exit_code, "failed"), came.lines, came.problems)
                return result
            # Raised here, so that it does not hold on to what the work had in memory.
            self._ended("failed", problems=fault.problems)
            raise fault

        return begin

    def _ended(self, status: str, lines: Sequence[Words] = (), problems: Sequence[Problem] = ()) -> None:
        self.lines, self._end = tuple(lines), status
        # Without the names of options, which pages do not show.
        bare = [replace(problem, key="") for problem in problems]
        self.problems = tuple(Words(*(problem.text(lang) for lang in LANGS)) for problem in bare)
        self._over.set()


def _fault(error: BaseException) -> UserError:
    """What is said of an error."""
    known: UserError | None = ending.as_user_error(error)
    if known is not None:
        return known
    _log.error("the work of a tool failed", exc_info=error)
    return UserError(messages.TOOL_FAULT(fault=f"{type(error).__name__}: {error}"))


Begin = Callable[[str, Mapping[str, Any]], ToolTask]
"""Begins the work of a tool, by its name and its settings. Raises NotNow where it must wait, UserError."""


def no_tools(name: str, values: Mapping[str, Any]) -> ToolTask:
    """Where runs alone can be begun."""
    raise UserError(messages.TOOL_UNKNOWN(tool=name))


class Begun(NamedTuple):
    """Work that was begun. before: the run that was begun last before it, None for none."""

    entry: Waiting
    task: ToolTask
    before: Any


class QueuedTools:
    """What the queue knows of its tools, under the lock of the queue.

    begun: the work that was begun last. is_open: its end was not taken yet. finished: the latest first.
    """

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self.begun: Begun | None = None
        self.is_open = False
        self.finished: tuple[Finished, ...] = ()

    @property
    def is_at_work(self) -> bool:
        return self.begun is not None and not self.begun.task.is_over

    def last(self, run: Any) -> Any:
        """What was begun last: the work of a tool, or else this run, the last one of the runner."""
        return self.begun.task if self.begun is not None and run is self.begun.before else run

    def begin_work(self, entry: Waiting, before: Any) -> None:
        """Begin the work of a tool. Raises NotNow where it must wait, UserError."""
        values = _values(entry.text)
        if values is None:
            raise UserError(messages.TOOL_UNKNOWN(tool=entry.tool))
        self.begun, self.is_open = Begun(entry, self._begin(entry.tool, values), before), True

    def take_end(self, now: float) -> bool:
        """Write down what came of the work that was begun; whether it had ended since the last call."""
        if self.begun is None or not self.is_open or not self.begun.task.is_over:
            return False
        task = self.begun.task
        lines, problems = task.lines[:MOST_LINES], task.problems[:MOST_LINES]
        ended = Finished(self.begun.entry, task.status, now, lines, problems)
        self.finished, self.is_open = (ended, *self.finished)[:MOST_FINISHED], False
        return True

    def stop(self) -> None:
        """Ask the tool to stop that is at work."""
        if self.begun is not None:
            self.begun.task.stop()


def followed(waiting: Sequence[Waiting], run: Waiting, name: str) -> list[Waiting]:
    """What waits, once a run of it is begun under another name: tools that work on its model work on that.

    Of another model, which has come under the name meanwhile, nobody could have known when they were added.
    """
    ends = {f"{run.name}.safetensors": f"{name}.safetensors", run.name: name}
    paths = {str(Path(run.folder) / old): str(Path(run.folder) / new) for old, new in ends.items()}

    def renamed(value: Any) -> Any:
        if isinstance(value, list):
            return [renamed(one) for one in value]
        return paths.get(value, value) if isinstance(value, str) else value

    found = []
    for entry in waiting:
        values = _values(entry.text) if entry.tool else None
        new = None if values is None else {key: renamed(value) for key, value in values.items()}
        if new == values:
            found.append(entry)
            continue
        about = entry.name.replace(f"{run.name}.safetensors", f"{name}.safetensors")
        found.append(replace(entry, text=as_text(new), name=about))
    return found


def as_text(values: Any) -> str:
    """The settings of a tool as they are kept."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def _values(text: str) -> dict[str, Any] | None:
    """Settings that were kept; None for a text that holds none."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None
