"""The one way into a running training: stop, pause, save now, sample now."""

from __future__ import annotations

import threading
from dataclasses import dataclass


class StopRun(Exception):
    """Raised inside the run when a user asked it to stop; `save` says whether to keep a state first."""

    def __init__(self, save: bool) -> None:
        super().__init__("stopped on request")
        self.save = save


@dataclass(frozen=True)
class SampleRequest:
    """Images to draw once. lines: prompts as in sample_prompts, None for those of the run.

    is_kept: whether the run's own samples are drawn of these from now on.
    """

    lines: tuple[str, ...] | None = None
    is_kept: bool = False


class RunControl:
    """User requests, set from any thread and polled by the run between two steps.

    is_paused: a pause was requested. is_waiting: the run has come to where it waits, which it does after a
    step. sample_lines: prompts given in place of the run's own; None while there are none.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.is_paused = self.is_waiting = False
        self.sample_lines: tuple[str, ...] | None = None
        self._stop: bool | None = None
        self._save_now = False
        self._sample_now: SampleRequest | None = None

    def stop(self, save: bool = True) -> None:
        """End before the next step; with `save` the training state is kept, and a model beside it.

        Without it a save that waits for room on the disk is given up too.
        """
        with self._changed:
            self._stop, self.is_paused = save, False
            self._changed.notify_all()

    def pause(self) -> None:
        """Wait before the next step; between two steps the GPU's memory is given back meanwhile."""
        with self._changed:
            self.is_paused = True

    def resume(self) -> None:
        """Go on after a pause."""
        with self._changed:
            self.is_paused = False
            self._changed.notify_all()

    def save_now(self) -> None:
        """Write the model once: after the current step, in a pause at once."""
        with self._changed:
            self._save_now = True
            self._changed.notify_all()

    def sample_now(self, prompts: tuple[str, ...] | None = None, is_kept: bool = False) -> None:
        """Draw sample images once, after the current step, in a pause at once; of these prompts or the run's.

        is_kept: draw these from now on whenever samples are due.
        """
        with self._changed:
            self._sample_now = SampleRequest(prompts, is_kept)
            if prompts is not None and is_kept:
                self.sample_lines = prompts
            self._changed.notify_all()

    @property
    def is_stopping(self) -> bool:
        return self._stop is not None

    @property
    def gives_up(self) -> bool:
        """Whether the run shall end without a save."""
        return self._stop is False

    def check(self) -> None:
        """Called by the run wherever it can stop: waits while paused. Raises StopRun."""
        with self._changed:
            self.is_waiting = self.is_paused
            self._changed.wait_for(lambda: not self.is_paused)
            self.is_waiting = False
        self.check_stop()

    def wait(self) -> bool:
        """Wait while paused, or until something is requested that can be done meanwhile; whether it goes on.

        Raises StopRun.
        """
        with self._changed:
            self.is_waiting = self.is_paused
            self._changed.wait_for(
                lambda: not self.is_paused or self._save_now or self._sample_now is not None
            )
            self.is_waiting = self.is_paused
        self.check_stop()
        return not self.is_waiting

    def check_stop(self) -> None:
        """Called where a pause must not take hold. Raises StopRun."""
        with self._changed:
            if self._stop is not None:
                raise StopRun(self._stop)

    def take_save_now(self) -> bool:
        """Whether "save now" was asked for since the last call."""
        with self._changed:
            asked, self._save_now = self._save_now, False
        return asked

    def take_sample_now(self) -> SampleRequest | None:
        """What "sample now" asked for since the last call, None for nothing."""
        with self._changed:
            asked, self._sample_now = self._sample_now, None
        return asked
