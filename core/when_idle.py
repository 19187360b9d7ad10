"""What is done once no run is under way and nothing waits: the program stops, or a command is run.

The command is given where the program is started, as a list of arguments for no shell; a page can only switch
this on and off.
"""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.queue import RunQueue

SECONDS = 60.0
"""Between the end of the last run and what is done then."""

POLL_SECONDS = 0.5

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class View:
    """How it stands. command: () for the end of the program. left: seconds of the countdown; None: none.

    The program ends once they are over: pages are told 0 then.
    """

    is_on: bool
    command: tuple[str, ...]
    left: float | None


class WhenIdle:
    """Watches runs and queue on a thread of its own while it is switched on. Safe from any thread.

    is_over: set when the program is to end. command: None where there is nothing that could be switched on.
    """

    def __init__(
        self,
        queue: Callable[[], RunQueue],
        is_at_work: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """is_at_work: whether anything else is being done that must not be cut off."""
        self._queue, self._is_at_work, self._clock = queue, is_at_work, clock
        self._lock = threading.RLock()
        self._is_on = False
        self._thread: threading.Thread | None = None
        self._since: float | None = None
        self._answered: Any = None
        self._started: subprocess.Popen[bytes] | None = None
        self.command: tuple[str, ...] | None = None
        self.is_over = threading.Event()

    def look(self) -> View | None:
        """How it stands; None where there is nothing to switch on."""
        with self._lock:
            if self.command is None:
                return None
            left = None if self._since is None else max(0.0, SECONDS - (self._clock() - self._since))
            left = 0.0 if self.is_over.is_set() else left
            return View(self._is_on, self.command, left)

    def set_on(self, is_on: bool) -> None:
        """Switch it on or off. What ended before does not count."""
        with self._lock:
            self._is_on = is_on and self.command is not None
            self._since = None
            current = self._queue().last
            self._answered = current if current is not None and current.is_over else None
            if self._is_on and self._thread is None:
                self._thread = threading.Thread(target=self._work, name="rareword-idle", daemon=True)
                self._thread.start()

    def keep_running(self) -> None:
        """End the countdown; the next one comes after another run."""
        with self._lock:
            self._since, self._answered = None, self._queue().last

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._is_on:
                    self._thread = None
                    return
            try:
                if self.turn():
                    self._act()
            except Exception:  # what goes wrong here must not end the watch
                _log.exception("what is to be done when all runs are over failed")
            time.sleep(POLL_SECONDS)

    def turn(self) -> bool:
        """One look at what goes on; whether it is time."""
        with self._lock:
            current = self._queue().last
            is_idle = (
                current is not None
                and current.is_over
                and current is not self._answered
                and current.status != "stopped"  # by a person, who is there
                and not self._queue().look().waiting
                and not self._is_at_work()
            )
            if not self._is_on or not is_idle:
                self._since = None
                return False
            if self._since is None:
                self._since = self._clock()
            if self._clock() - self._since < SECONDS:
                return False
            self._since, self._answered = None, current
            return True

    def _act(self) -> None:
        if self.command:
            self._started = run_command(self.command)
        else:
            self.is_over.set()


def run_command(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a program and do not wait for it. Raises OSError when there is no such program."""
    _log.info("all runs are over: %s is started", command[0])
    return subprocess.Popen([*command], stdin=subprocess.DEVNULL, start_new_session=True)
