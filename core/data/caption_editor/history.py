"""Every change of captions written down before it is made, so that it can be undone, also after a restart."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.caption_editor import files, messages
from core.errors import Problem, UserError

MOST_CHANGES = 200
"""As many are kept; older ones can't be undone any more."""
MOST_BYTES = 64_000_000
"""Size of the journal above which its older half is let go."""


@dataclass(frozen=True)
class FileChange:
    """A caption file before and after a change; None where there is no file."""

    path: Path
    old: bytes | None
    new: bytes | None


@dataclass(frozen=True)
class Change:
    """A change as its history is shown. kind: "edit", or a name of caption_edits.EDITS. files: how many.

    about: what it was about, such as the name of the one picture. at: seconds since 1970.
    """

    number: int
    kind: str
    about: str
    at: float
    files: int
    is_undone: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was done. change: the change it was about, None when there was none to undo or redo.

    done: files as they should be now. problems: one for each file that was left alone.
    """

    change: Change | None
    done: tuple[Path, ...] = ()
    problems: tuple[Problem, ...] = ()


class Journal:
    """The changes of one workspace, one JSON line each, in the order they were made.

    allow: raises UserError for a file that may not be written; asked before every single file.
    """

    def __init__(self, path: Path, allow: Callable[[Path], object]) -> None:
        self._path, self._allow = path, allow
        self._lock = threading.RLock()
        self._seen: tuple[int, int] | None = None
        self._changes: list[Change] = []
        self._starts: dict[int, int] = {}

    def history(self, most: int = 20) -> list[Change]:
        """The latest changes, the newest first; undone ones stand there as long as they can be redone."""
        with self._lock:
            self._look()
            return self._changes[::-1][:most]

    def to_undo(self) -> Change | None:
        """The change that `undo` would take back."""
        return next((change for change in self.history(MOST_CHANGES) if not change.is_undone), None)

    def to_redo(self) -> Change | None:
        """The change that `redo` would make again."""
        undone = [change for change in self.history(MOST_CHANGES) if change.is_undone]
        return undone[-1] if undone else None

    def apply(self, kind: str, about: str, changes: Sequence[FileChange]) -> Outcome:
        """Make a change. A file that is not as the change supposes is left alone and told of."""
        with self._lock:
            self._look()
            problems: list[Problem] = []
            possible = [c for c in _of_each_file(changes) if self._is_as(c, c.old, problems)]
            if not possible:
                return Outcome(None, (), tuple(problems))
            number = max((change.number for change in self._changes), default=0) + 1
            record = {"number": number, "kind": kind, "about": about, "at": time.time()}
            # Written before the first file is: whatever happens then, the old bytes are not lost.
            self._append(record | {"files": [_to_json(change) for change in possible]})
            done = [change.path for change in possible if self._put(change.path, change.new, problems)]
            self._look()
            made = next(change for change in self._changes if change.number == number)
            return Outcome(made, tuple(done), tuple(problems))

    def undo(self) -> Outcome:
        """Take the latest change back. A file that somebody changed since is left alone and told of."""
        with self._lock:
            return self._turn(self.to_undo(), "undo")

    def redo(self) -> Outcome:
        """Make the change again that was undone last."""
        with self._lock:
            return self._turn(self.to_redo(), "redo")

    def _turn(self, change: Change | None, which: str) -> Outcome:
        if change is None:
            return Outcome(None)
        problems: list[Problem] = []
        done = []
        for one in self._files_of(change):
            wanted, expected = (one.old, one.new) if which == "undo" else (one.new, one.old)
            is_fit = self._is_as(one, expected, problems, wanted)
            if is_fit and self._put(one.path, wanted, problems):
                done.append(one.path)
        self._append({which: change.number, "at": time.time()})
        return Outcome(change, tuple(done), tuple(problems))

    def _is_as(
        self, change: FileChange, expected: bytes | None, problems: list[Problem], wanted: object = ...
    ) -> bool:
        """Whether the file may be written and holds what is expected, or what is wanted already."""
        try:
            self._allow(change.path)
            files.resolved(change.path)
            found = files.read(change.path)
        except UserError as e:
            problems += e.problems
            return False
        if found != expected and found != wanted:
            problems.append(messages.CHANGED_ELSEWHERE(path=change.path))
            return False
        return True

    @staticmethod
    def _put(path: Path, data: bytes | None, problems: list[Problem]) -> bool:
        try:
            files.put(path, data)
        except UserError as e:
            problems += e.problems
            return False
        return True

    # The file of the journal.

    def _look(self) -> None:
        """Read the journal when it is not as it was last seen; another window may write to it too."""
        try:
            state = self._path.stat()
            if self._seen == (state.st_mtime_ns, state.st_size):
                return
            self._changes, self._starts = _read(self._path)
        except OSError:
            self._seen, self._changes, self._starts = None, [], {}
            return
        self._seen = (state.st_mtime_ns, state.st_size)

    def _files_of(self, change: Change) -> Iterator[FileChange]:
        with self._path.open("rb") as file:
            file.seek(self._starts[change.number])
            record = json.loads(file.readline())
        for row in record["files"]:
            yield FileChange(Path(row["path"]), _bytes(row["old"]), _bytes(row["new"]))

    def _append(self, record: Mapping[str, Any]) -> None:
        """Write a line and wait until the disk has it. Raises UserError when it can't be written."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab+") as file:
                if file.tell():
                    file.seek(-1, os.SEEK_END)
                    if file.read(1) != b"\n":  # the end of a line that a crash cut off
                        file.write(b"\n")
                file.write(json.dumps(record, ensure_ascii=True).encode("ascii") + b"\n")
                file.flush()
                os.fsync(file.fileno())
            self._shorten()
        except OSError as error:
            raise UserError(messages.HISTORY_UNWRITABLE(path=self._path, reason=error.strerror)) from error
        self._look()

    def _shorten(self) -> None:
        """Let the older half go once the journal is too large, or twice as long as it is asked to be."""
        self._look()
        is_long = len(self._changes) > 2 * MOST_CHANGES
        if self._path.stat().st_size <= MOST_BYTES and not is_long:
            return
        keep = min(MOST_CHANGES, max(1, len(self._changes) // 2))
        start = self._starts[self._changes[-keep].number]
        beside = self._path.with_suffix(".part")
        with self._path.open("rb") as source, beside.open("wb") as target:
            source.seek(start)
            target.write(source.read())
        with contextlib.suppress(PermissionError):  # open elsewhere (Windows): shortened next time
            os.replace(beside, self._path)
        self._look()


def _read(path: Path) -> tuple[list[Change], dict[int, int]]:
    """The changes with where their lines begin. A new change ends what could be redone."""
    changes: dict[int, Change] = {}
    starts: dict[int, int] = {}
    at = 0
    for line in path.read_bytes().splitlines(keepends=True):
        start, at = at, at + len(line)
        record = _parsed(line)
        if "files" in record:
            changes = {number: change for number, change in changes.items() if not change.is_undone}
            number = int(record["number"])
            changes[number] = Change(
                number, str(record["kind"]), str(record["about"]), float(record["at"]), len(record["files"])
            )
            starts[number] = start
        for which in ("undo", "redo"):
            told = changes.get(record.get(which, -1))
            if told is not None:
                changes[told.number] = Change(
                    told.number, told.kind, told.about, told.at, told.files, is_undone=which == "undo"
                )
    return list(changes.values()), starts


def _parsed(line: bytes) -> dict[str, Any]:
    """The record of a line; {} for one that a crash cut off or somebody else wrote."""
    try:
        record = json.loads(line)
        if "files" in record:
            for row in record["files"]:
                _ = row["path"], _bytes(row["old"]), _bytes(row["new"])
            _ = int(record["number"]), record["kind"], record["about"], float(record["at"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _of_each_file(changes: Sequence[FileChange]) -> list[FileChange]:
    """One change of each file that changes it: two pictures may share a caption."""
    each = {change.path: change for change in changes}
    return [change for change in each.values() if change.old != change.new]


def _to_json(change: FileChange) -> dict[str, str | None]:
    return {"path": str(change.path), "old": _text(change.old), "new": _text(change.new)}


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode("ascii")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
