"""Work that takes longer than a click: on a thread of its own, with its progress to be looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from core.control import RunControl, StopRun
from core.errors import Lang, UserError

Result = TypeVar("Result")
Report = Callable[[str, int, int], None]


class Job(Generic[Result]):
    """One piece of work at a time. The work gets a `report(stage, done, total)` to call.

    control: for work that can be stopped in between; a new one for each piece.
    done: says of the result what is to be said; None until there was work, and after a fault.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.progress: tuple[str, int, int] = ("", 0, 0)
        self.control = RunControl()
        self.was_stopped = False
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.done: Callable[[Lang], str] | None = None

    @property
    def is_busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self, work: Callable[[Report], Result], done: Callable[[Lang], str] | None = None) -> bool:
        """Begin; False when the last piece of work is not done yet."""
        with self._lock:
            if self.is_busy:
                return False
            self.progress, self.error = ("", 0, 0), None
            self.control, self.was_stopped = RunControl(), False
            self.done = done
            self._thread = threading.Thread(target=self._do, args=(work,), name=self._name, daemon=True)
            self._thread.start()
            return True

    def forget(self) -> None:
        """Nothing is said any more of the last piece of work: it was taken back."""
        if not self.is_busy:
            self.was_stopped, self.result, self.error, self.done = False, None, None, None

    def _do(self, work: Callable[[Report], Result]) -> None:
        def report(stage: str, done: int, total: int) -> None:
            self.progress = (stage, done, total)

        try:
            self.result = work(report)
        except StopRun:
            self.was_stopped = True
        except UserError as e:
            self.error = e.with_traceback(None)
        except Exception as e:  # handed to whoever waits for the result, who shows and logs it
            self.error, self.done = e, None

    def watch(self, every: float = 0.2) -> Iterator[tuple[str, int, int]]:
        """The progress until the work is done. Raises what the work raised."""
        while self.is_busy:
            yield self.progress
            time.sleep(every)
        if self.error is not None:
            raise self.error
