"""The history of copies: what was copied can be undone, also after a restart."""

from __future__ import annotations

import contextlib
import hashlib
import os

from core.data.intake import messages
from core.data.intake.copy import CopyPlan, apply_copy
from core.data.undo import Change, FileChange, History, Outcome, Settings, State
from core.errors import Problem, UserError


class Copies:
    """Copied files; their state is a digest of their bytes.

    Each is written down as it is made, so that a program ended in the midst of copying knows what it made.
    """

    def now(self, change: FileChange) -> State:
        """b"" for what is no plain file or can't be read."""
        path = change.path
        if not os.path.lexists(path):
            return None
        if path.is_symlink() or not path.is_file():
            return b""
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
        except OSError:
            return b""

    def put(self, change: FileChange, state: State) -> None:
        """Remove the copy. Raises UserError when the system does not let us, as while Windows shows it."""
        assert state is None, "a copy is made by `copy`"
        try:
            change.path.unlink()
        except OSError as error:
            raise UserError(self.changed(change)) from error

    def changed(self, change: FileChange) -> Problem:
        """For a copy that is other bytes now, or in use."""
        return messages.COPY_KEPT(path=change.path)


def copy(history: History, plan: CopyPlan, settings: Settings) -> Change:
    """Carry out a plan and remember it. Raises UserError, nothing left behind, when a copy fails."""
    number = history.begin("copy", plan.target.name, settings=settings)
    try:
        apply_copy(plan, lambda path, digest: history.extend(number, FileChange(path, None, digest)))
    except UserError:
        history.mark_undone(number)
        raise
    change = history.find(number)
    assert change is not None, number
    return change


def undo(history: History, number: int) -> Outcome:
    """Remove copies that are still byte for byte what was copied, and their folders when they are empty."""
    outcome = history.undo(number)
    for folder in outcome.change.folders if outcome.change else ():
        # One that is not empty, or looked at just now, stays.
        with contextlib.suppress(OSError):
            folder.rmdir()
    return outcome
