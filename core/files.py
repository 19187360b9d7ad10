"""Bytes of people's files: no more than a limit, nothing but regular files, and always known what is read."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from core.catalog import Words

_KINDS = MappingProxyType(
    {
        stat.S_IFIFO: Words("it is a pipe, not a file", "ファイルではなく名前付きパイプです"),
        stat.S_IFCHR: Words("it is a device, not a file", "ファイルではなくデバイスです"),
        stat.S_IFBLK: Words("it is a device, not a file", "ファイルではなくデバイスです"),
        stat.S_IFSOCK: Words("it is a socket, not a file", "ファイルではなくソケットです"),
        stat.S_IFDIR: Words("it is a folder, not a file", "ファイルではなくフォルダーです"),
    }
)
_CHUNK = 1 << 20
_OTHER = Words("it is not a regular file", "通常のファイルではありません")


class NotRead(OSError):
    """A file that is not read for what it is. words: the reason, as in "it can't be read: {words}"."""

    def __init__(self, number: int, words: Words, path: Path) -> None:
        super().__init__(number, words.en, str(path))
        self.words = words


class NoFile(NotRead):
    """A pipe, device, socket or folder; it was not opened, since that alone may never come back."""


class TooLarge(NotRead):
    """More bytes than are read of such a file. size: in bytes, as the file system says."""

    def __init__(self, path: Path, size: int, limit: int) -> None:
        en, ja = f"it has {size:,} bytes; the limit is {limit:,}", f"{size:,}バイトあります（上限{limit:,}）"
        super().__init__(errno.EFBIG, Words(en, ja), path)
        self.size = size


def read(path: Path, limit: int) -> bytes:
    """All bytes of a file. limit: in bytes; a file that is larger, or grows meanwhile, is not read whole.

    Raises OSError: NoFile for pipes, devices, sockets and folders, without opening them; TooLarge.
    """
    with being_read(path):
        _check(os.stat(path), path, limit)
        return _whole(path, limit)


def _whole(path: Path, limit: int) -> bytes:
    # A pipe that has taken the file's place since would be waited for.
    with open(path, "rb", opener=_without_waiting) as file:
        state = os.fstat(file.fileno())
        _check(state, path, limit)
        # As much as there is at once; only a file that grows, or hides its size, comes in pieces.
        chunks, total, wanted = list[bytes](), 0, state.st_size + 1
        while chunk := file.read(min(wanted, limit + 1 - total)):
            chunks.append(chunk)
            total, wanted = total + len(chunk), _CHUNK
            if total > limit:
                raise TooLarge(path, total, limit)
    return b"".join(chunks)


def _check(state: os.stat_result, path: Path, limit: int) -> None:
    kind = stat.S_IFMT(state.st_mode)
    if kind != stat.S_IFREG:
        raise NoFile(errno.EISDIR if kind == stat.S_IFDIR else errno.EINVAL, _KINDS.get(kind, _OTHER), path)
    if state.st_size > limit:
        raise TooLarge(path, state.st_size, limit)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


_now: dict[int, tuple[Path, float]] = {}
"""Thread -> what it is reading, and since when by time.monotonic(); for those who wait for it."""


@contextmanager
def being_read(path: Path) -> Iterator[None]:
    """While this thread reads a file or looks into a folder, which a drive may never answer."""
    thread, before = threading.get_ident(), _now.get(threading.get_ident())
    _now[thread] = (path, time.monotonic())
    try:
        yield
    finally:
        if before is None:
            del _now[thread]
        else:
            _now[thread] = before


def longest_read(threads: Iterable[int | None], seconds: float) -> Path | None:
    """What these threads have been reading for longer than that, the longest of all; None for nothing."""
    reads = [read for thread in threads if thread is not None and (read := _now.get(thread)) is not None]
    if not reads:
        return None
    path, since = min(reads, key=lambda read: read[1])
    return path if time.monotonic() - since >= seconds else None


def write_private(path: Path, text: str) -> None:
    """A file that this user alone can read, in place of one that is there. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # its rights may be wider
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
