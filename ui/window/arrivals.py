"""Files that a page sends piece by piece: where they lie, how far each has come, and what is forgotten."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from core.data.intake.gather import safe_name

DAY = 24 * 3600.0
"""Seconds after which what was sent is deleted; what is copied into a dataset is a copy and stays."""
COMING = 120.0
"""Seconds after the last piece in which the next one is still awaited."""
_PART = "part"


@dataclass(frozen=True)
class Coming:
    """A file as its sender knows it. size: in bytes. changed: when it was changed last, as told."""

    name: str
    size: int
    changed: str

    @property
    def key(self) -> str:
        """The same for the same file, also on another page: so what broke off goes on where it did."""
        text = f"{self.name}\n{self.size}\n{self.changed}".encode("utf-8", "surrogatepass")
        return blake2b(text, digest_size=16).hexdigest()


class OutOfStep(Exception):
    """A piece begins elsewhere than where the file ends. offset: bytes that are here."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Arrivals:
    """The files below a folder: one folder for each, named by its key, so that a restart finds them again."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder, self._clock = folder, clock
        self.forget_old()
        self._lock = threading.Lock()
        self._last = float("-inf")

    @property
    def are_coming(self) -> bool:
        """Whether a piece came a short while ago, and more of its file or of the next one may follow."""
        return self._clock() - self._last < COMING

    def offset(self, coming: Coming) -> int:
        """How many bytes of a file are here."""
        if self.path(coming.key) is not None:
            return coming.size
        try:
            return (self.folder / coming.key / _PART).stat().st_size
        except OSError:
            return 0

    def append(self, coming: Coming, offset: int, piece: bytes) -> int:
        """Add a piece that begins at this offset; how many bytes are here then.

        Raises OutOfStep where the file ends elsewhere or would grow beyond its size, and OSError.
        """
        with self._lock:
            self._last = self._clock()
            here = self.offset(coming)
            if here == coming.size and coming.size and offset + len(piece) <= here:
                return here  # sent once more, since the answer was lost
            if offset != here or here + len(piece) > coming.size:
                raise OutOfStep(here)
            part = self.folder / coming.key / _PART
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # for this user only
            part.parent.mkdir(exist_ok=True)
            with part.open("ab") as file:
                file.write(piece)
            here += len(piece)
            if here == coming.size:
                os.replace(part, part.with_name(_whole_name(coming.name)))
            return here

    def path(self, key: str) -> Path | None:
        """The file of a key, once it is whole."""
        if len(key) != 32 or not key.isalnum() or not key.isascii():
            return None
        try:
            names = [path for path in (self.folder / key).iterdir() if path.name != _PART]
        except OSError:
            return None
        return names[0] if len(names) == 1 else None

    def paths(self, keys: Iterable[str]) -> list[Path]:
        """The files of these keys that are whole, each once."""
        return [path for key in dict.fromkeys(keys) if (path := self.path(key)) is not None]

    def forget_old(self, now: float | None = None) -> None:
        """Delete what came more than a day ago."""
        before = (time.time() if now is None else now) - DAY
        for folder in self.folder.glob("*"):
            with contextlib.suppress(OSError):
                if max(path.stat().st_mtime for path in (folder, *folder.iterdir())) < before:
                    shutil.rmtree(folder)


def _whole_name(name: str) -> str:
    """The name a file is kept under; never that of one on its way."""
    safe = safe_name(name)
    return f"_{safe}" if safe == _PART else safe
