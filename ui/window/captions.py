"""The captions that are open to be edited, and the history of their changes; the same for every page."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.config.schema.dataset import DatasetConfig
from core.data.caption_editor import session as sessions
from core.data.caption_editor.edits import Edit
from core.data.caption_editor.files import CaptionFiles, typed
from core.data.caption_editor.session import CaptionSession, Entry
from core.data.undo import FileChange, History, Outcome
from core.errors import Problem, UserError

_MOST_PLANS = 8


@dataclass(frozen=True)
class Plan:
    """A change of many captions that was shown and waits to be applied. total: captions looked at."""

    edit: Edit
    rows: tuple[tuple[Entry, FileChange], ...]
    total: int


@dataclass(frozen=True)
class Saved:
    """How saving one caption went. status: saved, same, conflict, gone or refused."""

    status: str
    entry: Entry | None = None
    problems: tuple[Problem, ...] = ()


class CaptionEditor:
    """What is open now. allow: raises UserError for a file or folder that may not be written.

    word, seconds: how the settings stood when it was opened (ui.window.dated), and when that was.
    changes: how often captions were changed from here; what was read of them before is out of date.
    """

    def __init__(self, workspace: Path, allow: Callable[[Path], object]) -> None:
        self._allow = allow
        self._lock = threading.RLock()
        self._plans: dict[str, Plan] = {}
        self.history = History(workspace / "captions" / "journal.jsonl", CaptionFiles(allow))
        self.session: CaptionSession | None = None
        self.word, self.seconds = "", 0.0
        self.limit = 75
        self.changes = 0

    def open(self, config: DatasetConfig, limit: int, see: Callable[[Path], object]) -> CaptionSession:
        """Read every caption of these folders. limit: tokens above which one is too long."""
        session = sessions.open_session(config, self._allow, see)
        with self._lock:
            self.session, self.limit, self.seconds = session, limit, time.time()
        return session

    def save(self, key: str, text: str, base: str) -> Saved:
        """Write one caption. base: `digest` of the file as the page knows it; no other is overwritten."""
        with self._lock:
            entry = self.session.entries.get(key) if self.session else None
            if entry is None or self.session is None:
                return Saved("gone")
            self.session = sessions.reloaded(self.session, [entry.path])
            entry = self.session.entries[key]
            if not entry.is_open:
                reason = entry.problem or entry.folder.locked
                return Saved("refused", entry, (reason,) if reason else ())
            text = typed(text)
            if digest(entry.data) != base and entry.text != text:
                return Saved("conflict", entry)
            try:
                outcome = self._apply("edit", entry.image.name, [sessions.changed(entry, text)])
            except UserError as e:
                return Saved("refused", entry, e.problems)
            status = "saved" if outcome.done else "refused" if outcome.problems else "same"
            return Saved(status, self.session.entries[key], outcome.problems)

    def plan(self, entries: Sequence[Entry], edit: Edit) -> tuple[str, Plan]:
        """What an edit would change, with a name to apply just that by."""
        with self._lock:
            session = self.session or CaptionSession()
            # As the files are now, not as they were when the page was drawn.
            self.session = session = sessions.reloaded(session, [entry.path for entry in entries])
            fresh = [session.entries[entry.key] for entry in entries]
            plan = Plan(edit, tuple(sessions.planned(fresh, edit)), len(fresh))
            name = secrets.token_hex(8)
            self._plans[name] = plan
            for old in list(self._plans)[:-_MOST_PLANS]:
                del self._plans[old]
            return name, plan

    def apply(self, name: str) -> Outcome | None:
        """Carry out a plan that was shown, once; None when there is no such plan any more."""
        with self._lock:
            plan = self._plans.pop(name, None)
            if plan is None:
                return None
            about = " → ".join(part for part in (plan.edit.find.strip(), plan.edit.text.strip()) if part)
            return self._apply(plan.edit.kind, about, [change for _, change in plan.rows])

    def undo(self) -> Outcome:
        """Take the latest change back."""
        return self._turn(self.history.undo)

    def look_again(self) -> None:
        """Read what is open anew, after something else has written captions."""
        with self._lock:
            if self.session is not None:
                paths = [entry.path for entry in self.session.entries.values()]
                self.session = sessions.reloaded(self.session, paths)

    def _apply(self, kind: str, about: str, changes: Sequence[FileChange]) -> Outcome:
        return self._turn(lambda: self.history.apply(kind, about, changes))

    def _turn(self, act: Callable[[], Outcome]) -> Outcome:
        with self._lock:
            outcome = act()
            self.changes += bool(outcome.done)
            touched = [
                *outcome.done,
                *outcome.same,
                *(Path(problem.path) for problem in outcome.problems if problem.path),
            ]
            if self.session is not None:
                self.session = sessions.reloaded(self.session, touched)
            return outcome


def digest(data: bytes | None) -> str:
    """A short name of a file's contents; "none" when there is no file."""
    return "none" if data is None else hashlib.blake2b(data, digest_size=9).hexdigest()
