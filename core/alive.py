"""Whether a program still works in a folder: a lock that the system drops when the program ends.

A process number would not do: after a restart of the computer it may be another program's.
"""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

NAME = ".running"
"""File in a run folder, there and locked while the run is under way."""

_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
"""What systems say when another has the lock; anything else means that the disk knows no locks."""


if sys.platform == "win32":
    import msvcrt

    def _ask(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _ask(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lock(file: IO[bytes]) -> bool:
    """False when another has it. On a disk without locks, such as some network drives, it is nobody's."""
    try:
        _ask(file)
    except OSError as e:
        return e.errno not in _TAKEN
    return True


@contextlib.contextmanager
def held(folder: Path, name: str = NAME) -> Iterator[bool]:
    """Hold the folder as long as the context lasts. Yields False when another program holds it."""
    path = folder / name
    file: IO[bytes] | None = None
    with contextlib.suppress(OSError):
        file = path.open("ab")  # "wb" would empty it, which Windows forbids while it is locked
    is_mine = file is None or _lock(file)
    try:
        yield is_mine
    finally:
        if file is not None:
            file.close()
        if is_mine:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def is_held(folder: Path) -> bool:
    """Whether any program, this one too, works on the run in the folder now."""
    try:
        # For writing, since locks of some network drives ask for that; never made anew.
        with (folder / NAME).open("r+b") as file:
            return not _lock(file)
    except OSError:
        return False
