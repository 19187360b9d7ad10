"""The one way into a running training: stop, pause, save now, sample now."""

from __future__ import annotations

import threading
from dataclasses import dataclass


class StopRun(Exception):
    """Raised inside the run when a person asked it to stop; `save` says whether to keep a state first."""

    def __init__(self, save: bool) -> None:
        super().__init__("stopped on request")
        self.save = save


@dataclass(frozen=True)
class SampleWish:
    """Pictures to draw once. lines: prompts as in sample_prompts, None for those of the run.

    is_kept: whether the run's own samples are drawn of these from now on.
    """

    lines: tuple[str, ...] | None = None
    is_kept: bool = False


class RunControl:
    """Wishes of a person, set from any thread and looked at by the run between two steps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = threading.Event()
        self._running.set()
        self._waiting = threading.Event()
        self._stop: bool | None = None
        self._save_now = False
        self._sample_now: SampleWish | None = None
        self._kept_lines: tuple[str, ...] | None = None

    def stop(self, save: bool = True) -> None:
        """End before the next step; with `save` the training state is kept."""
        with self._lock:
            self._stop = save
        self._running.set()

    def pause(self) -> None:
        """Wait before the next step; between two steps the GPU's memory is given back meanwhile."""
        self._running.clear()

    def resume(self) -> None:
        """Go on after a pause."""
        self._running.set()

    def save_now(self) -> None:
        """Write the model once, after the current step."""
        with self._lock:
            self._save_now = True

    def sample_now(self, prompts: tuple[str, ...] | None = None, is_kept: bool = False) -> None:
        """Draw sample pictures once, after the current step; of these prompts, or of the run's own.

        is_kept: draw these from now on whenever samples are due.
        """
        with self._lock:
            self._sample_now = SampleWish(prompts, is_kept)
            if prompts is not None and is_kept:
                self._kept_lines = prompts

    @property
    def is_paused(self) -> bool:
        return not self._running.is_set()

    @property
    def is_waiting(self) -> bool:
        """Whether the run has come to where it waits; a pause that was asked for takes hold after a step."""
        return self._waiting.is_set()

    @property
    def is_stopping(self) -> bool:
        with self._lock:
            return self._stop is not None

    @property
    def kept_prompts(self) -> tuple[str, ...] | None:
        """The prompts that were given in place of the run's own; None while there are none."""
        with self._lock:
            return self._kept_lines

    def check(self) -> None:
        """Called by the run wherever it can stop: waits while paused. Raises StopRun."""
        if self.is_paused:
            self._waiting.set()
            self._running.wait()
            self._waiting.clear()
        self.check_stop()

    def check_stop(self) -> None:
        """Called where a pause must not take hold. Raises StopRun."""
        with self._lock:
            if self._stop is not None:
                raise StopRun(self._stop)

    def take_save_now(self) -> bool:
        """Whether "save now" was asked for since the last call."""
        with self._lock:
            asked, self._save_now = self._save_now, False
        return asked

    def take_sample_now(self) -> SampleWish | None:
        """What "sample now" asked for since the last call, None for nothing."""
        with self._lock:
            asked, self._sample_now = self._sample_now, None
        return asked
