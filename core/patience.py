"""Waiting for threads that read files: a drive that never answers holds up neither a stop nor the end."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from core import files, messages
from core.errors import UserError
from core.events import Emit, StageProgress

Job = TypeVar("Job")
Result = TypeVar("Result")

POLL_SECONDS = 0.1
"""Between two checks whether to stop."""

SLOW_SECONDS = 5.0
"""A read that takes longer is reported: a file of a hundred megabytes from a slow drive takes about that."""

MOST_SECONDS = 60.0
"""After which a page gives up a read, see Patience; a run waits on."""

MOST_THREADS = 8


class Patience:
    """Of one who waits for files: whether to stop meanwhile, and whom to report what is waited for."""

    def __init__(
        self,
        check: Callable[[], None] | None = None,
        waiting: Callable[[Path | None], None] | None = None,
        most_seconds: float = math.inf,
    ) -> None:
        """check: called ten times a second, may raise to stop. waiting: gets the file or folder once a read
        has taken SLOW_SECONDS, and None when it has come after all. most_seconds: a read that takes longer
        is given up with a UserError; for those who have no button to stop."""
        self._check, self._waiting, self._most_seconds = check, waiting, most_seconds
        self._reported: Path | None = None

    def poll(self, threads: Sequence[threading.Thread]) -> None:
        """What there is to do every POLL_SECONDS while these threads work.

        Raises what `check` raises, and UserError for a read that takes too long.
        """
        if self._check is not None:
            self._check()
        working = [thread.ident for thread in threads]
        given_up = files.longest_read(working, self._most_seconds)
        if given_up is not None:
            raise UserError(messages.STALLED(path=given_up, seconds=self._most_seconds))
        self._report(files.longest_read(working, SLOW_SECONDS))

    def over(self) -> None:
        """What was waited for has come. Raises what `check` raises."""
        if self._check is not None:
            self._check()
        self._report(None)

    def _report(self, path: Path | None) -> None:
        if path != self._reported and self._waiting is not None:
            self._waiting(path)
        self._reported = path


def of_run(check: Callable[[], None] | None, emit: Emit) -> Patience:
    """That of a run, which reports in its events what it waits for. check: of its RunControl."""

    def waiting(path: Path | None) -> None:
        emit(StageProgress("wait", 0 if path else 1, 1, path=str(path or "")))

    return Patience(check, waiting)


def in_order(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    patience: Patience | None = None,
    name: str = "work",
) -> Generator[Result]:
    """work(job) of each, several at a time; the results in the order of the jobs. Raises what `work` raised.

    When it is left early, or `patience` raises, jobs that are not begun are dropped and those under way left
    behind: their threads end with the program at the latest, where a ThreadPoolExecutor would wait for them.
    """
    patience = Patience() if patience is None else patience
    futures: list[Future[Result]] = [Future() for _ in jobs]
    numbers = iter(range(len(jobs)))
    lock = threading.Lock()

    def next_number() -> int | None:
        with lock:
            return next(numbers, None)

    def serve() -> None:
        while (number := next_number()) is not None:
            if not futures[number].set_running_or_notify_cancel():
                continue
            try:
                futures[number].set_result(work(jobs[number]))
            except BaseException as error:  # raised again where the result is wanted
                futures[number].set_exception(error)

    count = min(MOST_THREADS, os.cpu_count() or 1, len(jobs))
    threads = [threading.Thread(target=serve, name=f"rareword-{name}", daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        for number in range(len(jobs)):
            while not wait((futures[number],), POLL_SECONDS).done:
                patience.poll(threads)
            patience.over()
            yield futures[number].result()
            futures[number] = Future()  # what was given is no longer held here
    finally:
        for future in futures:
            future.cancel()


def patiently(work: Callable[[], Result], patience: Patience | None = None, name: str = "work") -> Result:
    """work() on a thread of its own, waited for as in `in_order`."""
    with closing(in_order(lambda _: work(), [None], patience, name)) as results:
        return next(results)
