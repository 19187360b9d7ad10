"""What was copied, on disk, so that it can be undone after a reload and after a restart."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.data.intake import messages
from core.data.intake.copy import Copied, CopyPlan, apply_copy
from core.errors import UserError

MOST_BATCHES = 20
"""Older ones are forgotten; their copies stay."""

_log = logging.getLogger(__name__)


@dataclass
class Batch:
    """Copies that were made by one click. before, after: settings that the click has changed."""

    id: str
    seconds: float
    before: Mapping[str, str]
    after: Mapping[str, str]
    files: list[Copied] = field(default_factory=list)

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(copied.path.parent for copied in self.files))


@dataclass(frozen=True)
class Undone:
    """What undoing did. changed: copies that are other bytes now, and were kept."""

    batch: Batch
    removed: int
    changed: tuple[Path, ...]
    missing: int


class Journal:
    """A file with a line for each copy, written as the copies are made.

    So a program that is ended in the midst of them still knows what it has made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    @property
    def last(self) -> Batch | None:
        """The copies made last that were not undone."""
        with self._lock:
            batches = self._read()
        return batches[-1] if batches else None

    def copy(self, plan: CopyPlan, before: Mapping[str, str], after: Mapping[str, str]) -> Batch:
        """Carry out a plan and remember it. Raises UserError, nothing left behind, when a copy fails."""
        with self._lock:
            kept = self._read()[-(MOST_BATCHES - 1) :]
            batch = Batch(uuid.uuid4().hex, time.time(), dict(before), dict(after))
            try:
                self._write([*kept, batch])
                with self._path.open("a", encoding="utf-8") as file:
                    apply_copy(plan, self._writer(file.write, file.flush, batch))
            except UserError:
                self._write(kept)
                raise
            except OSError as error:
                raise UserError(
                    messages.HISTORY_UNWRITABLE(path=self._path, reason=error.strerror)
                ) from error
        return batch

    @staticmethod
    def _writer(
        write: Callable[[str], object], flush: Callable[[], None], batch: Batch
    ) -> Callable[[Copied], None]:
        def made(copied: Copied) -> None:
            batch.files.append(copied)
            write(_line(batch, copied))
            flush()

        return made

    def undo(self, batch_id: str) -> Undone | None:
        """Remove the copies of a batch that are still byte for byte what was copied; None: no such batch."""
        with self._lock:
            batches = self._read()
            batch = next((one for one in batches if one.id == batch_id), None)
            if batch is None:
                return None
            removed, missing = 0, 0
            changed: list[Path] = []
            for copied in batch.files:
                found = _digest(copied.path)
                if found is None:
                    missing += 1
                elif found == copied.digest and _is_removed(copied.path):
                    removed += 1
                else:
                    changed.append(copied.path)
            _remove_empty(batch.folders)
            self._write([one for one in batches if one.id != batch_id])
        return Undone(batch, removed, tuple(changed), missing)

    def moved(self, source: Path, target: Path) -> None:
        """A folder of copies got another name."""
        with self._lock:
            batches = self._read()
            if not any(source in batch.folders for batch in batches):
                return
            for batch in batches:
                batch.files = [
                    Copied(target / copied.path.name, copied.digest)
                    if copied.path.parent == source
                    else copied
                    for copied in batch.files
                ]
            self._write(batches)

    def _read(self) -> list[Batch]:
        """The batches that have copies, the oldest first; lines that can't be read are passed over."""
        batches: dict[str, Batch] = {}
        try:
            lines = self._path.read_text("utf-8").splitlines()
        except (OSError, ValueError):
            return []
        for line in lines:
            try:
                found: dict[str, Any] = json.loads(line)
                if "path" in found:
                    batches[found["batch"]].files.append(Copied(Path(found["path"]), str(found["digest"])))
                else:
                    batches[found["batch"]] = Batch(
                        found["batch"], float(found["seconds"]), found["before"], found["after"]
                    )
            except (ValueError, KeyError, TypeError, RecursionError):
                _log.warning("a line of %s can't be read: %.80s", self._path, line)
        return [batch for batch in batches.values() if batch.files]

    def _write(self, batches: list[Batch]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".tmp")
        with beside.open("w", encoding="utf-8") as file:
            for batch in batches:
                file.write(_head(batch))
                file.writelines(_line(batch, copied) for copied in batch.files)
        os.replace(beside, self._path)


def _head(batch: Batch) -> str:
    told = {"batch": batch.id, "seconds": batch.seconds, "before": batch.before, "after": batch.after}
    return json.dumps(told, ensure_ascii=False) + "\n"


def _line(batch: Batch, copied: Copied) -> str:
    told = {"batch": batch.id, "path": str(copied.path), "digest": copied.digest}
    return json.dumps(told, ensure_ascii=False) + "\n"


def _is_removed(path: Path) -> bool:
    """Remove a file; False when the system does not let us, as while Windows shows it."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        # One that is not empty, or looked at just now, stays.
        with contextlib.suppress(OSError):
            folder.rmdir()


def _digest(path: Path) -> str | None:
    """Of the file's bytes; None when there is no file, "" for what is no plain file or can't be read."""
    if not os.path.lexists(path):
        return None
    if path.is_symlink() or not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError:
        return ""
