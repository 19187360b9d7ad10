"""Whether a program still works at something: a lock that the system drops when the program ends.

A process number would not do: after a restart of the computer it may be another program's. The number and the
time stand in the lock file only for people to read.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

NAME = ".running"
"""File in a run folder, there and locked while the run is under way."""

_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
"""What systems say when another has the lock; anything else means that the disk knows no locks."""


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """A byte that nothing is written to: Windows lets nobody read what is locked."""

    def _ask(file: IO[bytes]) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _ask(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True)
class Holder:
    """Who has a lock. pid: process number. computer: name. since: seconds since 1970."""

    pid: int
    computer: str
    since: float


class Taken(Exception):
    """Another has the lock. holder: who, as far as that can be read."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__("the lock is taken")
        self.holder = holder


class Claim:
    """A lock held until `release`. is_certain: False on a disk without locks: others may have it too."""

    def __init__(self, path: Path, file: IO[bytes], is_certain: bool) -> None:
        self._path, self._file, self.is_certain = path, file, is_certain

    def release(self) -> None:
        """Give the lock back and take its file away. Raises nothing."""
        # Taken away while it is still locked, so that nobody finds a file that another has locked meanwhile.
        # Windows takes away no open file; there one that was opened by somebody else stays his.
        if sys.platform != "win32":
            self._remove()
        self._file.close()
        if sys.platform == "win32":
            self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def claim(path: Path) -> Claim:
    """Lock the file `path`, which is made if need be. Raises Taken, or OSError when it can't be made."""
    while True:
        file = _opened(path)
        try:
            is_certain = _lock(file)
        except Taken:
            holder = _holder(file)
            file.close()
            raise Taken(holder) from None
        if is_certain and not _is_at(file, path):
            file.close()  # its holder took it away between the two
            continue
        _sign(file)
        return Claim(path, file, is_certain)


@contextlib.contextmanager
def held(folder: Path, name: str = NAME) -> Iterator[bool]:
    """Hold the folder as long as the context lasts. Yields False when another program holds it."""
    try:
        mine: Claim | None = claim(folder / name)
    except Taken:
        yield False
        return
    except OSError:
        mine = None  # where no lock can be made, nobody else has one either
    try:
        yield True
    finally:
        if mine is not None:
            mine.release()


def is_held(folder: Path) -> bool:
    """Whether any program, this one too, works on the run in the folder now."""
    try:
        # For writing, since locks of some network drives ask for that; never made anew.
        with (folder / NAME).open("r+b") as file:
            _lock(file)
    except Taken:
        return True
    except OSError:
        return False
    return False


def _opened(path: Path) -> IO[bytes]:
    """Without a buffer, which a full disk would refuse once more when the file is closed. Follows no link."""
    while True:
        with contextlib.suppress(FileExistsError):
            return path.open("x+b", buffering=0)
        try:
            return open(path, "r+b", buffering=0, opener=_without_links)
        except PermissionError:
            # Another user's, left by a killed run: it can be locked all the same.
            return open(path, "rb", buffering=0, opener=_without_links)
        except FileNotFoundError:
            continue


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def _lock(file: IO[bytes]) -> bool:
    """False on a disk that knows no locks, such as some network drives. Raises Taken."""
    try:
        _ask(file)
    except OSError as e:
        if e.errno in _TAKEN:
            raise Taken(None) from e
        return False
    return True


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _sign(file: IO[bytes]) -> None:
    """Write down who has it; a full disk or a file of another user changes nothing about the lock."""
    holder = {"pid": os.getpid(), "computer": platform.node(), "since": time.time()}
    with contextlib.suppress(OSError):
        file.seek(0)
        file.truncate()
        file.write(json.dumps(holder).encode("utf-8"))


def _holder(file: IO[bytes]) -> Holder | None:
    try:
        file.seek(0)
        holder = json.loads(file.read(10_000))
        return Holder(int(holder["pid"]), str(holder["computer"]), float(holder["since"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
