"""Tools that waited in the queue are begun as their cards do it: by the same checks, with the same work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from core import messages as core_messages
from core.catalog import Words
from core.console import language
from core.errors import EXIT_BUG, EXIT_DONE, EXIT_STOPPED, Lang, UserError
from core.events import RunEnded
from core.queue_tools import ToolTask
from core.runner import NotNow, give_memory_back
from core.tools.table import TOOLS
from core.tools.tool import Outcome
from core.webhook import WebHook
from ui.parts.job import Job, Report
from ui.text import WORDS
from ui.window import messages
from ui.window.gpu import Gpu

_CODES = {"done": EXIT_DONE, "stopped": EXIT_STOPPED}


class Prepared(NamedTuple):
    """What a card does. done: says of the result what is to be said there. outcome: what the queue keeps."""

    work: Callable[[Report], Any]
    done: Callable[[Lang], str]
    outcome: Callable[[Any], Outcome]


Prepare = Callable[[Mapping[str, Any]], Prepared]
"""The work of a tool with these settings, whose paths are checked anew. Raises UserError."""


class Queued:
    """prepare: by the name of the tool, as its card does; a card puts itself in."""

    def __init__(
        self,
        jobs: Callable[[], Mapping[str, Job[Any]]],
        gpu: Callable[[], Gpu],
        webhook: Callable[[], str],
    ) -> None:
        """jobs: the work of each tool. webhook: gives the address that hears of each end, "" for none."""
        self._jobs, self._gpu, self._webhook = jobs, gpu, webhook
        self.prepare: dict[str, Prepare] = {}

    def begin(self, name: str, values: Mapping[str, Any]) -> ToolTask:
        """Begin the work of a tool, which its card shows too.

        Raises NotNow while a training or other work has the GPU or the same tool is at work, UserError.
        """
        prepare = self.prepare.get(name)
        if prepare is None:
            raise UserError(core_messages.TOOL_UNKNOWN(tool=name))
        job, tool = self._jobs()[name], TOOLS[name]
        if tool.on_gpu and (hindrance := self._gpu().hindrance(name)) is not None:
            raise NotNow(hindrance)
        prepared = prepare(values)
        task = ToolTask(lambda: job.control)

        def alone(report: Report) -> Any:
            try:
                return prepared.work(report)
            finally:
                if tool.on_gpu:
                    give_memory_back()  # the next in the queue may be a training

        work = task.around(alone, prepared.outcome)

        def told(report: Report) -> Any:
            try:
                return work(report)
            finally:
                self._send(tool.words, task)

        if not job.start(told, prepared.done):
            raise NotNow(messages.GPU_BUSY(work=tool.words))
        return task

    def _send(self, words: Words, task: ToolTask) -> None:
        """Send word of the end to where that of a run's is sent."""
        if not (url := self._webhook()):
            return
        said = (*task.lines, *task.problems) or (WORDS["job.stopped"],)
        en, ja, zh = (" ".join(one.of(lang) for one in said) for lang in ("en", "ja", "zh"))
        code = _CODES.get(task.status, EXIT_BUG)
        lang = language(None)
        hook = WebHook(url, words.of(lang), lang)
        hook(RunEnded(task.status, code, 0, en, ja, zh=zh))
        hook.close()
