"""Changes of files, written down before they are made, so that they can be undone, also after a restart."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import EllipsisType
from typing import Any, Protocol

from core.errors import Message, Problem, UserError

MOST_CHANGES = 200
"""As many are kept; older ones can't be undone any more."""
MOST_BYTES = 64_000_000
"""Size of a history above which its older half is dropped."""

UNWRITABLE = Message(
    "E-UNDO-WRITE",
    "nothing was changed: the record for undo could not be written to {path}: {reason}.",
    "元に戻すための記録を {path} に書き込めないため、変更しませんでした（{reason}）。",
)

BLOCKED = Message(
    "E-UNDO-BLOCKED",
    "nothing was undone: `{name}` was moved or deleted since, or another file is in its place. Put it back "
    "where it was, or move the other file away from {path}, then undo again.",
    "何も元に戻していません。「{name}」がその後移動または削除されているか、{path} に別のファイルがあります。"
    "元の場所に戻すか、別のファイルを移動してから、もう一度元に戻してください。",
)

GONE = Message(
    "E-UNDO-GONE",
    "{count:# file|# files} could not be brought back, such as `{name}`: the trash was emptied, or that was "
    "moved or deleted since. This step is off the list of what can be undone; earlier ones still can be.",
    "「{name}」など{count}個のファイルは元に戻せません。ごみ箱が空にされたか、その後移動・削除されています。"
    "この操作は元に戻す一覧から外しました。それより前の操作は元に戻せます。",
)

State = bytes | None
"""What a file is: its content, or what stands for it, such as a digest; None where there is no file."""

Settings = Mapping[str, tuple[str, str]]
"""Options -> their values before and after, as text."""


@dataclass(frozen=True)
class FileChange:
    """A file before and after a change."""

    path: Path
    old: State
    new: State


@dataclass
class Change:
    """One change of many files.

    about: what it was about, such as the name of an image. at: seconds since 1970. files: where they lie now.
    settings: options that it has set, each before and after.
    """

    number: int
    kind: str
    about: str
    at: float
    files: list[FileChange]
    settings: Settings = field(default_factory=dict)
    is_undone: bool = False

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that the files lie in."""
        return tuple(dict.fromkeys(one.path.parent for one in self.files))


@dataclass(frozen=True)
class Outcome:
    """What was done. change: the change it was about, None when there was none.

    done: files that were changed. same: files that were as they should be. problems: one for each file that
    was left alone.
    """

    change: Change | None
    done: tuple[Path, ...] = ()
    same: tuple[Path, ...] = ()
    problems: tuple[Problem, ...] = ()


class Files(Protocol):
    """How the files of a history are read and written; `now` and `put` raise UserError when they can't."""

    def now(self, change: FileChange) -> State:
        """What the file is now."""

    def put(self, change: FileChange, state: State) -> None:
        """Make the file be that."""

    def changed(self, change: FileChange) -> Problem:
        """The problem of a file that is not as it was left."""


class History:
    """The changes of one kind of files, a file of JSON lines in the order they were made."""

    def __init__(
        self, path: Path, files: Files, is_lost: Callable[[FileChange], bool] = lambda _: False
    ) -> None:
        """is_lost: whether a file that is not as it was left lies nowhere any more, and can't come back."""
        self._path, self._files, self._is_lost = path, files, is_lost
        self._lock = threading.RLock()
        self._read_at: tuple[int, int] | None = None
        self._changes: list[Change] = []

    def changes(self, most: int = MOST_CHANGES) -> list[Change]:
        """The latest changes that can be undone, the newest first."""
        with self._lock:
            self._read()
            return [change for change in self._changes[::-1] if change.files and not change.is_undone][:most]

    @property
    def last(self) -> Change | None:
        """The change that `undo` would take back."""
        return next(iter(self.changes(1)), None)

    def apply(self, kind: str, about: str, changes: Sequence[FileChange]) -> Outcome:
        """Make a change. A file that is not as the change supposes is left alone, which is a problem."""
        with self._lock:
            each = {change.path: change for change in changes if change.old != change.new}
            problems: list[Problem] = []
            possible = []
            for change in each.values():
                now = self._now(change, problems)
                if now == change.old:
                    possible.append(change)
                elif now is not ...:
                    problems.append(self._files.changed(change))
            if not possible:
                return Outcome(None, problems=tuple(problems))
            # Written before the first file is: whatever happens then, the old state is not lost.
            number = self.begin(kind, about, possible)
            done = [change.path for change in possible if self._put(change, change.new, problems)]
            return Outcome(self.find(number), tuple(done), problems=tuple(problems))

    def find(self, number: int) -> Change | None:
        """The change of this number, None when it was undone or never made."""
        return next((change for change in self.changes() if change.number == number), None)

    def begin(
        self, kind: str, about: str, changes: Iterable[FileChange] = (), settings: Settings | None = None
    ) -> int:
        """Write a change down and give its number; the caller makes it. Raises UserError."""
        with self._lock:
            self._read()
            number = max((change.number for change in self._changes), default=0) + 1
            self._append(_to_json(Change(number, kind, about, time.time(), [*changes], settings or {})))
            return number

    def extend(self, number: int, change: FileChange) -> None:
        """Write one more file of a change down, without waiting for the disk. Raises OSError."""
        with self._lock:
            self._write({"more": number, "files": [_row(change)]}, is_safe=False)

    def join(self, number: int | None, kind: str, about: str, change: FileChange, key: str = "") -> Outcome:
        """Make a change of one file and write it down as one more of this change; of a new one where that is
        undone, or where something else was changed since.

        key: names what changes of a kind are made alike (`Change.settings`). A file that is not as the change
        supposes is left alone, which is a problem. Raises UserError when it can't be written down.
        """
        with self._lock:
            problems: list[Problem] = []
            now = self._now(change, problems)
            if now != change.old:
                changed = [] if now is ... else [self._files.changed(change)]
                return Outcome(None, problems=(*problems, *changed))
            last = self.last
            if last is None or last.number != number:
                number = self.begin(kind, about, [change], {"key": ("", key)})
            else:
                try:
                    self._extend_known(last, change)
                except OSError as error:
                    raise UserError(UNWRITABLE(path=self._path, reason=error.strerror)) from error
            done = (change.path,) if self._put(change, change.new, problems) else ()
            return Outcome(self.last, done, problems=tuple(problems))

    def _extend_known(self, last: Change, change: FileChange) -> None:
        """As `extend`, for a change that was just read; no reading again where nobody else has written."""
        known = self._read_at
        written = self._write({"more": last.number, "files": [_row(change)]}, is_safe=False)
        state = self._path.stat()
        if known is not None and state.st_size == known[1] + written:
            last.files.append(change)
            self._read_at = (state.st_mtime_ns, state.st_size)

    def moved(self, source: Path, target: Path) -> None:
        """Note that the files of a folder lie in another one now. Raises UserError."""
        with self._lock:
            self._append({"moved": [str(source), str(target)]})

    def mark_undone(self, number: int) -> None:
        """Note that a change is undone. Raises UserError."""
        with self._lock:
            self._append({"undo": number, "at": time.time()})

    def undo(self, number: int | None = None, is_whole: bool = False) -> Outcome:
        """Take a change back, by default the latest. A file that somebody changed since is left alone.

        is_whole: where a file can't be taken back, all stay as they are, and the change can be undone later.
        Files that are gone for good hinder no others: they are one problem, said once.
        """
        with self._lock:
            change = self.last if number is None else self.find(number)
            if change is None:
                return Outcome(None)
            problems: list[Problem] = []
            done, same, failed = list[FileChange](), list[Path](), False
            states = [(one, self._now(one, problems)) for one in change.files]
            gone = list[FileChange]()
            if is_whole:
                other = [one for one, now in states if _is_changed(one, now)]
                gone = [one for one in other if self._is_lost(one)]
                problems += [BLOCKED(path=one.path) for one in other if one not in gone]
                if problems:
                    return Outcome(None, problems=tuple(problems))
                states = [(one, now) for one, now in states if one not in gone]
            for one, now in states:
                if now == one.old:
                    same.append(one.path)
                elif now == one.new and self._put(one, one.old, problems):
                    done.append(one)
                elif now == one.new:
                    failed = True
                elif now is not ...:
                    problems.append(self._files.changed(one))
            if failed and is_whole:
                for one in done:
                    self._put(one, one.new, problems)
                return Outcome(None, problems=tuple(problems))
            self.mark_undone(change.number)
            if gone:
                problems.append(GONE(path=gone[0].path, count=len(gone)))
            return Outcome(change, tuple(one.path for one in done), tuple(same), tuple(problems))

    def forget_gone(self) -> None:
        """Take the changes off the list of which no file can come back any more. Raises UserError."""
        with self._lock:
            for change in self.changes(2 * MOST_CHANGES):
                if all(self._is_gone(one) for one in change.files):
                    self.mark_undone(change.number)

    def _is_gone(self, change: FileChange) -> bool:
        return _is_changed(change, self._now(change, [])) and self._is_lost(change)

    def _now(self, change: FileChange, problems: list[Problem]) -> State | EllipsisType:
        """What a file is; ... where it may not be changed, with the reason among the problems."""
        try:
            return self._files.now(change)
        except UserError as e:
            problems += e.problems
            return ...

    def _put(self, change: FileChange, state: State, problems: list[Problem]) -> bool:
        try:
            self._files.put(change, state)
        except UserError as e:
            problems += e.problems
            return False
        return True

    # The file of the history.

    def _read(self) -> None:
        """Read the history when it is not as it was last read; another window may write to it too."""
        try:
            state = self._path.stat()
            if self._read_at != (state.st_mtime_ns, state.st_size):
                self._changes = _changes_in(self._path)
                self._read_at = (state.st_mtime_ns, state.st_size)
        except OSError:
            self._read_at, self._changes = None, []

    def _append(self, record: dict[str, Any]) -> None:
        """Write a line and wait until the disk has it. Raises UserError when it can't be written."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._write(record, is_safe=True)
            self._shorten()
        except OSError as error:
            raise UserError(UNWRITABLE(path=self._path, reason=error.strerror)) from error

    def _write(self, record: dict[str, Any], is_safe: bool) -> int:
        """Append a line; how many bytes it is. Raises OSError."""
        line = json.dumps(record, ensure_ascii=True).encode("ascii") + b"\n"
        with self._path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # the end of a line that a crash cut off
                    file.write(b"\n")
            file.write(line)
            file.flush()
            if is_safe:
                os.fsync(file.fileno())
        return len(line)

    def _shorten(self) -> None:
        """Drop the older half once the history is too large, or twice as long as it is asked to be."""
        self._read()
        is_long = len(self._changes) > 2 * MOST_CHANGES
        if not self._changes or (self._path.stat().st_size <= MOST_BYTES and not is_long):
            return
        beside = self._path.with_suffix(".part")
        with beside.open("w", encoding="ascii") as file:
            for change in self._changes[-min(MOST_CHANGES, max(1, len(self._changes) // 2)) :]:
                undone = [{"undo": change.number}] if change.is_undone else []
                file.writelines(f"{json.dumps(record)}\n" for record in (_to_json(change), *undone))
        with contextlib.suppress(PermissionError):  # open elsewhere (Windows): shortened next time
            os.replace(beside, self._path)


def _is_changed(change: FileChange, now: State | EllipsisType) -> bool:
    return now is not ... and now not in (change.old, change.new)


def _changes_in(path: Path) -> list[Change]:
    """The changes of a history; a line that a crash cut off, or somebody else wrote, is left out."""
    changes: dict[int, Change] = {}
    for line in path.read_bytes().splitlines():
        try:
            _replay(json.loads(line), changes)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
    return list(changes.values())


def _replay(record: Mapping[str, Any], changes: dict[int, Change]) -> None:
    """Do to the changes what a line says."""
    files = [_file_change(row) for row in record.get("files", ())]
    if "number" in record:
        settings = {str(key): (str(old), str(new)) for key, (old, new) in record.get("settings", {}).items()}
        words = str(record["kind"]), str(record["about"])
        change = Change(int(record["number"]), *words, float(record["at"]), files, settings)
        changes[change.number] = change
    elif "more" in record:
        changes[record["more"]].files += files
    elif "moved" in record:
        source, target = map(Path, record["moved"])
        for change in changes.values():
            change.files = [
                replace(one, path=target / one.path.name) if one.path.parent == source else one
                for one in change.files
            ]
    elif "undo" in record:
        changes[record["undo"]].is_undone = True


def _to_json(change: Change) -> dict[str, Any]:
    record = {"number": change.number, "kind": change.kind, "about": change.about, "at": change.at}
    return record | {"files": [_row(one) for one in change.files], "settings": change.settings}


def _row(change: FileChange) -> dict[str, str | None]:
    states = (change.old, change.new)
    old, new = (None if s is None else base64.b64encode(s).decode("ascii") for s in states)
    return {"path": str(change.path), "old": old, "new": new}


def _file_change(row: Any) -> FileChange:
    old, new = (None if text is None else base64.b64decode(text) for text in (row["old"], row["new"]))
    return FileChange(Path(row["path"]), old, new)
