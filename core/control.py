"""The one way into a running training: stop, pause, save now, sample now."""

from __future__ import annotations

import threading


class StopRun(Exception):
    """Raised inside the run when a person asked it to stop; `save` says whether to keep a state first."""

    def __init__(self, save: bool) -> None:
        super().__init__("stopped on request")
        self.save = save


class RunControl:
    """Wishes of a person, set from any thread and looked at by the run between two steps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = threading.Event()
        self._running.set()
        self._stop: bool | None = None
        self._save_now = False
        self._sample_now = False

    def stop(self, save: bool = True) -> None:
        """End before the next step; with `save` the training state is kept."""
        with self._lock:
            self._stop = save
        self._running.set()

    def pause(self) -> None:
        """Wait before the next step, everything staying in memory."""
        self._running.clear()

    def resume(self) -> None:
        """Go on after a pause."""
        self._running.set()

    def save_now(self) -> None:
        """Write the model once, after the current step."""
        with self._lock:
            self._save_now = True

    def sample_now(self) -> None:
        """Draw the sample pictures once, after the current step."""
        with self._lock:
            self._sample_now = True

    @property
    def is_paused(self) -> bool:
        return not self._running.is_set()

    @property
    def is_stopping(self) -> bool:
        with self._lock:
            return self._stop is not None

    def check(self) -> None:
        """Called by the run wherever it can stop: waits while paused. Raises StopRun."""
        self._running.wait()
        with self._lock:
            if self._stop is not None:
                raise StopRun(self._stop)

    def take_save_now(self) -> bool:
        """Whether "save now" was asked for since the last call."""
        with self._lock:
            asked, self._save_now = self._save_now, False
        return asked

    def take_sample_now(self) -> bool:
        """Whether "sample now" was asked for since the last call."""
        with self._lock:
            asked, self._sample_now = self._sample_now, False
        return asked
