"""The signals that ask this program to end: one list for console and window."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

NAMES = ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP")
"""Ctrl-C; a system or service that ends it; Ctrl-Break or a closed console on Windows; a closed terminal."""

_PRESSED = ("SIGINT", "SIGTERM", "SIGBREAK")
"""Those that a user sends twice out of impatience. A terminal that closes may send SIGHUP several times."""

_SAME = 0.3
"""Seconds in which a signal that comes again is the same one: a launcher passes on what the terminal sent."""

_AGAIN = 5.0
"""Seconds in which a second one means: at once."""


class Asked:
    """How often the program was asked to end, told by `asking`; one that comes twice at once counts once."""

    def __init__(self) -> None:
        self.times, self._last = 0, float("-inf")

    def __call__(self) -> None:
        now = time.monotonic()
        self.times += now - self._last >= _SAME
        self._last = now


@contextlib.contextmanager
def asking(end: Callable[[], None], leave: Callable[[], None]) -> Iterator[None]:
    """Call `end` for the first signal and those after it, `leave` when a user sends one again in 5 seconds.

    Only on the main thread. What a parent chose to ignore, as nohup does with SIGHUP, stays ignored.
    Afterwards the signals do what they did before.
    """
    last: dict[int, float] = {}

    def asked(number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        before = last.setdefault(number, now)
        is_pressed = signal.Signals(number).name in _PRESSED
        if is_pressed and _SAME <= now - before < _AGAIN:
            leave()
        if now - before >= _SAME:
            last[number] = now
        end()

    kept = {}
    for name in NAMES:
        number = getattr(signal, name, None)
        if number is not None and not (name == "SIGHUP" and signal.getsignal(number) == signal.SIG_IGN):
            kept[number] = signal.signal(number, asked)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
