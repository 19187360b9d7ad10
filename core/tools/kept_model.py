"""The model that images were generated with last, kept in memory for a while. No torch."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.control import RunControl

IDLE = 300.0
"""Seconds without use after which the memory is given back."""


class Kept:
    """Holds one model, for one user at a time. Safe from any thread."""

    def __init__(self, idle: float = IDLE) -> None:
        self._idle = idle
        self._in_use = threading.Lock()
        self._key: object = None
        self._model: Any = None
        self._jobs: list[RunControl] = []
        self._timer: threading.Timer | None = None

    @contextmanager
    def job(self, control: RunControl) -> Iterator[None]:
        """Work that uses the model again and again. control: stops it, also between two uses."""
        self._jobs.append(control)
        try:
            yield
        finally:
            self._jobs.remove(control)

    @contextmanager
    def using(self, key: object, load: Callable[[], Any], control: RunControl) -> Iterator[Any]:
        """The model of this key, loaded unless it is the one in memory. control: stops its use.

        Raises StopRun when that was asked for while another use was waited for.
        """
        with self.job(control), self._in_use:
            control.check_stop()
            if self._timer is not None:
                self._timer.cancel()
            try:
                if self._model is None or self._key != key:
                    self._drop()
                    self._model, self._key = load(), key
                yield self._model
            finally:
                self._timer = threading.Timer(self._idle, self._expire)
                self._timer.daemon = True
                self._timer.start()

    @contextmanager
    def alone(self, load: Callable[[], Any], control: RunControl) -> Iterator[Any]:
        """Another model that needs the memory for itself: nothing is kept beside it, and it is not kept.

        It has a `close`. control: stops its use. Raises StopRun when that was asked for meanwhile.
        """
        with self.job(control), self._in_use:
            control.check_stop()
            if self._timer is not None:
                self._timer.cancel()
            self._drop()
            self._model = load()
            try:
                yield self._model
            finally:
                self._model.close()
                self._drop()

    def free(self) -> None:
        """Give the memory back, once what the model is used for has stopped: a training needs it."""
        for control in [*self._jobs]:
            control.stop(save=False)
        with self._in_use:
            self._drop()

    def _expire(self) -> None:
        if self._in_use.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._in_use.release()

    def _drop(self) -> None:
        if self._model is None:
            return
        self._model = self._key = None
        gc.collect()
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()


KEPT = Kept()
"""Of this process: its memory is what a training needs."""
