"""Whether the program that made a run folder still works in it: a lock that the system drops when it ends.

A process number would not do: after a restart of the computer it may be another program's.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

NAME = ".running"
"""File in a run folder, there and locked while the run is under way."""


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder as long as the context lasts. Where the disk knows no locks, nothing is held."""
    path = folder / NAME
    file: IO[bytes] | None = None
    try:
        file = path.open("wb")
        _lock(file)
    except OSError:
        pass  # a network drive without locks; the run itself needs none
    try:
        yield
    finally:
        if file is not None:
            file.close()
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def is_held(folder: Path) -> bool:
    """Whether any program, this one too, works in the folder now."""
    try:
        # For writing, since locks of some network drives ask for that; never made anew.
        with (folder / NAME).open("r+b") as file:
            try:
                _lock(file)
            except OSError:
                return True
    except OSError:
        return False
    return False
