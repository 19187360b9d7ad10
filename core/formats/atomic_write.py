"""Writing so that the old file, or the complete new one, is there at every moment, also after a power cut."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from core.catalog import Words
from core.counting import size_text
from core.errors import Problem, ResourceFault, UserError
from core.formats import messages, partial_files

RETRY_SECONDS = (0.05, 0.2, 0.5, 1.0, 2.0)
"""Waits while another program (a WebUI, a virus scanner) keeps the target open on Windows."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_file(
    path: Path, write: Callable[[BinaryIO], object], size: int = 0, *, is_new: bool = False
) -> Path:
    """Let `write` fill a file beside `path`, then rename it; returns where it lies.

    size: bytes it will have, for the message when the disk is full. is_new: nothing is replaced. The mode
    follows the umask. When the old file may not be replaced, or can't be because another program holds it
    (Windows), the new one gets a number in its name.
    Raises ResourceFault when the disk is full or can't be written.
    """
    with explained(path, size):
        return replace_file(path, write, is_new=is_new)


def replace_file(path: Path, write: Callable[[BinaryIO], object], *, is_new: bool = False) -> Path:
    """As write_file, but raises the OSError itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with partial_files.beside(path) as part:
        try:
            with part.open("wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            place = _place_new(part, path) if is_new else _replace(part, path)
            _sync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)
    return place


def refuse_existing(path: Path) -> None:
    """For what a user names as a new file or folder: nothing that is there is ever written over.

    Raises UserError (E-OUT-EXISTS), also where no folder can be made for it.
    """
    refuse_below_file(path)
    if not os.path.lexists(path):
        return
    kind = Words("folder", "フォルダー") if path.is_dir() else Words("file", "ファイル")
    raise UserError(messages.EXISTS(path=path, kind=kind))


def refuse_below_file(path: Path) -> None:
    """Raises UserError (E-OUT-EXISTS) where a folder on the way to the path is a file."""
    above = next((folder for folder in path.absolute().parents if os.path.lexists(folder)), None)
    if above is not None and not above.is_dir():
        raise UserError(messages.BELOW_FILE(path=path, above=above))


def write_folder(path: Path, write: Callable[[Path], object], size: int = 0, replaces: str = "") -> Path:
    """Let `write` fill a folder beside `path`, then rename it; returns where it lies.

    replaces: name of a file that an older folder of the same kind has; such a one is replaced, any other is
    left alone and the new folder gets a number in its name.
    """
    with explained(path, size), partial_files.beside(path) as part:
        try:
            part.mkdir(parents=True)
            write(part)
            for file in part.rglob("*"):
                if file.is_file():
                    with file.open("rb+") as handle:
                        os.fsync(handle.fileno())
            return _replace_folder(part, path, replaces)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def remove(path: Path) -> None:
    """Delete a file or folder; of a folder first the name, so that half of one is never taken for one.

    Raises OSError when it can't be, and then it is as it was.
    """
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    with partial_files.beside(path, "gone") as gone:
        path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


@contextlib.contextmanager
def explained(path: Path, size: int = 0) -> Iterator[None]:
    """Turns an OSError of writing `path` into a ResourceFault with a plain sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise ResourceFault(_disk_full(path, size)) from error
        reason = error.strerror or str(error)
        raise ResourceFault(messages.UNWRITABLE(path=path, reason=reason)) from error


def _disk_full(path: Path, size: int) -> Problem:
    folder = next((place for place in path.parents if place.exists()), Path.cwd())
    free = shutil.disk_usage(folder).free
    if free > size and _takes_no_more_files(folder):
        return messages.NO_INODES(path=path)
    text = size_text(size)
    need = Words(f" of {text}", f"（{text}）") if size else ""
    return messages.DISK_FULL(path=path, size=need, free=size_text(free))


def _takes_no_more_files(folder: Path) -> bool:
    """Some file systems have room for a fixed number of files; others say 0 of 0."""
    if sys.platform == "win32":
        return False
    found = os.statvfs(folder)
    return found.f_files > 0 and found.f_favail == 0


def _replace(part: Path, path: Path) -> Path:
    for seconds in RETRY_SECONDS:
        try:
            return part.replace(path)
        except PermissionError:
            if not path.exists():
                raise
            time.sleep(seconds)
    other = _free_name(path)
    return part.replace(other)


def _place_new(part: Path, path: Path) -> Path:
    """Give it a name that nothing has, also when another process does so at the same moment."""
    while True:
        place = _free_name(path) if os.path.lexists(path) else path
        try:
            os.link(part, place)  # which fails where something is; a renaming would write over it
        except FileExistsError:
            continue
        except OSError:  # a drive without hard links
            return _replace(part, place)
        return place


def _replace_folder(part: Path, path: Path, replaces: str) -> Path:
    if path.exists() and not (replaces and (path / replaces).is_file()):
        return part.rename(_free_name(path))
    if not path.exists():
        part.rename(path)
        _sync_folder(path.parent)
        return path
    # A crash between the two renamings leaves the old folder under its hidden name: parts.sweep puts it back.
    with partial_files.beside(path, "old") as old:
        try:
            path.rename(old)
        except PermissionError:
            return part.rename(_free_name(path))
        part.rename(path)
        _sync_folder(path.parent)
        shutil.rmtree(old, ignore_errors=True)
    return path


def _free_name(path: Path) -> Path:
    numbered = (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in range(2, 10_000))
    return next(place for place in numbered if not place.exists())


def _sync_folder(folder: Path) -> None:
    """So that the renaming itself survives a power cut; Windows has no such thing."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
