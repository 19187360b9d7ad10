"""Files and folders that are moved or put in each other's place: never deleted, never written over."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from pathlib import Path

from core.data.curate import messages
from core.data.names import EXCLUDED
from core.data.undo import FileChange, State
from core.errors import Problem, UserError
from core.reading import reason

WRITTEN = ".part"
"""How new files are called until they are at their place."""

_AT, _ASIDE = b"at:", b"aside:"


def moved(source: Path, target: Path) -> FileChange:
    """A file or folder from one place to another."""
    return FileChange(source, _AT + os.fsencode(source), _AT + os.fsencode(target))


def swapped(path: Path, new: Path, aside: Path) -> FileChange:
    """The file `new` at the place of `path`, whose own is put aside."""
    return FileChange(path, _ASIDE + os.fsencode(new), _ASIDE + os.fsencode(aside))


class Moves:
    """Files of a `core.data.undo.History`.

    A state is a place: where the file of a move lies, or which of the two files of a swap lies aside.
    """

    def now(self, change: FileChange) -> State:
        """The one of both places that is taken while the other is free; None in any other case.

        A swapped file that was deleted is as it was left: the one aside can be put back. A new file that was
        deleted is as before it was written.
        """
        places = [state for state in (change.old, change.new) if state and os.path.lexists(_place(state))]
        if not places and not _is_swap(change) and _place(change.old or b"").suffix == WRITTEN:
            return change.old
        if len(places) != 1:
            return None
        is_gone = places[0] == change.new and not os.path.lexists(change.path)
        return None if _is_swap(change) and not (is_gone or os.path.isfile(change.path)) else places[0]

    def put(self, change: FileChange, state: State) -> None:
        """Move the file, or change the two. Raises UserError with everything where it was."""
        other = change.new if state == change.old else change.old
        assert state is not None and other is not None, change
        source, target = _place(other), _place(state)
        try:
            if not _is_swap(change):
                move(source, target)
                return
            if os.path.lexists(change.path):
                move(change.path, target)
            try:
                # A deleted file, whose original was put back and is to go aside again, is not there.
                if state == change.old or os.path.lexists(source):
                    move(source, change.path)
            except OSError:
                if os.path.lexists(target):
                    move(target, change.path)
                raise
        except OSError as error:
            raise UserError(messages.NOT_MOVED(path=change.path, reason=reason(error))) from error

    def changed(self, change: FileChange) -> Problem:
        """For a file that is gone, or whose other place is taken."""
        return messages.NOT_AS_IT_WAS(path=change.path)


def is_lost(change: FileChange) -> bool:
    """Whether neither place holds the file, though the drive it belongs to is there."""
    old, new = _place(change.old or b""), _place(change.new or b"")
    home = change.path.parent if _is_swap(change) else old.parent
    home = home.parent if home.name == EXCLUDED else home  # which goes when it is empty
    return home.is_dir() and not os.path.lexists(old) and not os.path.lexists(new)


def place_after(change: FileChange) -> Path:
    """Where the file or folder of a move lies after it."""
    return _place(change.new or b"")


def move(source: Path, target: Path) -> None:
    """Move a file or folder, a file to another drive too. Raises OSError, also where the target exists."""
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV or source.is_dir():
            raise
        _carry(source, target)
    if source.parent.name == EXCLUDED:
        # One that is not empty, or looked at just now, stays.
        with contextlib.suppress(OSError):
            source.parent.rmdir()


def _carry(source: Path, target: Path) -> None:
    """To another drive: under a name of its own until it is whole, and only then gone here."""
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        shutil.copy2(source, part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.rename(part, target)
    finally:
        part.unlink(missing_ok=True)
    source.unlink()


def _is_swap(change: FileChange) -> bool:
    return bool(change.old) and (change.old or b"").startswith(_ASIDE)


def _place(state: bytes) -> Path:
    return Path(os.fsdecode(state.partition(b":")[2]))
