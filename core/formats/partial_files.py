"""What is half-written beside its place: hidden names that tell whose it is, and what becomes of it later.

A part is called `.<name>.<computer>-<process>-<n>.part`; an older folder that makes room for a new one ends
in .old, one that is being deleted in .gone. Only what bears such a name, was made on this computer and is of
no living process is ever removed.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil  # accelerate brings it

_NAME = re.compile(r"\.(?P<name>.+)\.(?P<host>[0-9a-f]{6})-(?P<pid>[0-9]+)-[0-9]+\.(?P<kind>part|old|gone)")
_LONGEST = 255
"""Bytes of a file name on most systems."""

_numbers = itertools.count(1)
_ours: set[Path] = set()
"""Those that this process works on now."""


@contextlib.contextmanager
def beside(path: Path, kind: str = "part") -> Iterator[Path]:
    """A name beside `path` that nobody else has, kept from `sweep` as long as the block lasts."""
    part = _free_name(path, kind)
    _ours.add(part)
    try:
        yield part
    finally:
        _ours.discard(part)


def _free_name(path: Path, kind: str) -> Path:
    while True:
        owner = f"{_host()}-{os.getpid()}-{next(_numbers)}.{kind}"
        name = path.name
        if len(os.fsencode(name)) + len(owner) + 2 > _LONGEST:
            name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
        part = path.with_name(f".{name}.{owner}")
        if not os.path.lexists(part):  # a process of the same number may have left one
            return part


def sweep(folder: Path, is_meant: Callable[[str], bool] = lambda name: True) -> None:
    """Clear up what processes of this computer that are gone left half-written in a folder.

    is_meant: says of the name that a part was to get whether it is looked at. An older folder that had made
    room for a new one, which then never came, gets its name back.
    """
    try:
        with os.scandir(folder) as entries:
            found = [(Path(e.path), match) for e in entries if (match := _NAME.fullmatch(e.name))]
    except OSError:
        return
    for path, match in found:
        if is_meant(match["name"]) and _is_left_behind(path, match):
            _clear(path, match)


def _is_left_behind(path: Path, match: re.Match[str]) -> bool:
    if match["host"] != _host() or path in _ours:
        return False
    pid = int(match["pid"])
    return pid == os.getpid() or not psutil.pid_exists(pid)


def _clear(path: Path, match: re.Match[str]) -> None:
    place = path.with_name(match["name"])
    with contextlib.suppress(OSError):  # it can stay for the next time
        if match["kind"] == "old" and not place.exists():
            path.rename(place)
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@functools.cache
def _host() -> str:
    """Six digits that tell this computer from others which write to the same drive."""
    with contextlib.suppress(OSError):
        return _digits(platform.node() + Path("/etc/machine-id").read_text("ascii", errors="replace"))
    return _digits(platform.node())


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:6]
