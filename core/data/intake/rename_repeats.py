"""Repeats of regularization folders put right by renaming them: planned first, with a way back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.data.intake import messages
from core.data.undo import FileChange, History, State
from core.errors import Problem, UserError

Pair = tuple[Path, Path]


def plan_renames(
    regs: Sequence[Mapping[str, Any]], best: Sequence[int], masks: str | None = None
) -> tuple[Pair, ...]:
    """(from, to) of each regularization folder whose repeats differ from the best ones; touches nothing.

    regs: folders of `plan --json`. masks: the folder of loss masks, where a folder of the same name is
    renamed with it. Raises UserError when a new name is taken.
    """
    pairs: list[Pair] = []
    for folder, repeats in zip(regs, best, strict=True):
        source = Path(folder["path"])
        name = f"{repeats}_{source.name.split('_', 1)[-1]}"
        if repeats != folder["repeats"] and name != source.name:
            pairs.append((source, source.with_name(name)))
            beside = Path(masks) / source.name if masks else None
            if beside is not None and beside.is_dir():
                pairs.append((beside, beside.with_name(name)))
    targets = [target for _, target in pairs]
    for target in targets:
        if target.exists() or targets.count(target) > 1:
            raise UserError(messages.NAME_TAKEN(path=target))
    return tuple(pairs)


class Folders:
    """Renamed folders; path: the old name, state: the name that a folder has, as bytes."""

    def now(self, change: FileChange) -> State:
        """The one of both names that is a folder, where the other is free; None in any other case."""
        names = [name for name in (change.old, change.new) if name and os.path.lexists(name)]
        return names[0] if len(names) == 1 and os.path.isdir(names[0]) else None

    def put(self, change: FileChange, state: State) -> None:
        """Rename the folder. Raises UserError."""
        source = change.new if state == change.old else change.old
        assert source is not None and state is not None, change
        try:
            os.rename(_path(source), _path(state))
        except OSError as error:
            raise UserError(messages.RENAME_FAILED(path=_path(source), reason=error.strerror)) from error

    def changed(self, change: FileChange) -> Problem:
        """For a folder whose new name is taken, or that is gone."""
        return messages.NAME_TAKEN(path=_path(change.new or b""))


class Renames:
    """Renames folders and takes it back, also after a restart."""

    def __init__(self, path: Path) -> None:
        self._files = Folders()
        self._history = History(path, self._files)

    @property
    def last(self) -> tuple[Pair, ...]:
        """What can be taken back: renamed, still there, and the old name still free."""
        change = self._history.last
        files = [] if change is None else change.files
        return tuple((one.path, _path(one.new or b"")) for one in files if self._files.now(one) == one.new)

    def apply(self, pairs: Sequence[Pair]) -> None:
        """Rename all of them. Raises UserError, with all names as before, when one can't be."""
        files = [FileChange(source, os.fsencode(source), os.fsencode(target)) for source, target in pairs]
        outcome = self._history.apply("rename", "", files)
        if outcome.problems:
            if outcome.change is not None:
                self._history.undo(outcome.change.number)
            raise UserError(*outcome.problems)

    def undo(self) -> tuple[Pair, ...]:
        """Give the folders their old names back; what was taken back. Raises UserError, nothing changed."""
        pairs = self.last
        if not pairs:
            return ()
        outcome = self._history.undo(is_whole=True)
        if outcome.change is None:
            raise UserError(*outcome.problems)
        return pairs


def _path(name: bytes) -> Path:
    return Path(os.fsdecode(name))
