"""One window to a workspace: a second start leads to the one that is open, instead of writing beside it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from core.runs import lock

LOCK = "window.lock"
ADDRESS = "window.url"
"""File with the open window's address, for the next start."""

PATIENCE = 60.0
"""Seconds to wait for the address of a window that is just opening, or for the end of one that closes."""


@contextlib.contextmanager
def claimed(workspace: Path, patience: float = PATIENCE) -> Iterator[str | None]:
    """Be the workspace's one window as long as the context lasts.

    Yields None when this is the one; else the address of the other, "" where it did not become known in time.
    """
    deadline = time.monotonic() + patience
    address = workspace / ADDRESS
    while True:
        with lock.held(workspace, LOCK) as is_mine:
            if is_mine:
                address.unlink(missing_ok=True)  # of a window that had no time to clear up
                try:
                    yield None
                finally:
                    address.unlink(missing_ok=True)
                return
        other = _read(address)
        if other or time.monotonic() > deadline:
            yield other
            return
        time.sleep(0.2)


def publish(workspace: Path, url: str) -> None:
    """Let the next start know where this window is. Without it that start still keeps away."""
    with contextlib.suppress(OSError):
        (workspace / ADDRESS).write_text(url, encoding="utf-8")


def withdraw(workspace: Path) -> None:
    """This window is about to close: the next start is to wait for that, not to lead here."""
    with contextlib.suppress(OSError):
        (workspace / ADDRESS).unlink(missing_ok=True)


def answers(url: str) -> bool:
    """Whether anybody listens there: not so when the workspace is used from another computer."""
    there = urlsplit(url)
    try:
        with socket.create_connection((there.hostname or "", there.port or 0), timeout=2):
            return True
    except (OSError, ValueError):
        return False


def _read(address: Path) -> str:
    try:
        return address.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
