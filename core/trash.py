"""A folder for deleted files: how much lies in it, and its end, at a user's word alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Message, UserError
from core.reading import reason

OF_IMAGES = "trash"
"""Folder of a workspace that deleted images go to, one folder for each act."""
OF_RUNS = ".trash"
"""Folder among the runs of an output folder for runs and models taken out of the list."""

NOT_EMPTIED = Message(
    "E-TRASH-LEFT",
    "`{path}` could not be deleted: {reason}. What else lay in the trash is gone.",
    "「{path}」を削除できませんでした（{reason}）。ごみ箱のほかのファイルは削除しました。",
)


@dataclass(frozen=True)
class Held:
    """What lies in folders. files: how many, links among them. bytes: of all files."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: Held) -> Held:
        return Held(self.files + other.files, self.bytes + other.bytes)


def held(folder: Path) -> Held:
    """The files in a folder and below; none where it can't be read. Links are counted and not followed."""
    sizes = [entry.stat(follow_symlinks=False).st_size for entry in _files(folder)]
    return Held(len(sizes), sum(sizes))


def empty(folder: Path) -> None:
    """Delete for good what lies in a folder; where a link leads to is left alone.

    Raises UserError after everything else is deleted, naming the first file that could not be.
    """
    left: list[tuple[str, OSError]] = []

    def keep_on(_: Any, path: str, fault: Any) -> None:
        left.append((path, fault[1]))

    try:
        entries = [*os.scandir(folder)]
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(NOT_EMPTIED(path=folder, reason=reason(error))) from error
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, onerror=keep_on)
            continue
        try:
            os.unlink(entry.path)
        except OSError as error:
            left.append((entry.path, error))
    if left:
        path, fault = left[0]
        raise UserError(NOT_EMPTIED(path=path, reason=reason(fault)))


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        entries = [*os.scandir(folder)]
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        else:
            yield entry
