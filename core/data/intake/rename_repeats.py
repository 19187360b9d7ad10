"""Repeats of regularization folders put right by renaming them: planned first, with a way back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.data.intake import messages
from core.data.intake.copy import balance
from core.data.undo import FileChange, History, State
from core.errors import Problem, UserError

Pair = tuple[Path, Path]


def best_repeats(folders: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    """Repeats for each regularization folder of `plan --json`, in order, by the guide's formula.

    A class is balanced with the training folders whose words end with it ("frog": "sls frog"); where not
    every folder has its counterpart, all classes get the same share of the training samples.
    """
    train = [folder for folder in folders if not folder["is_reg"]]
    regs = [folder for folder in folders if folder["is_reg"]]
    shares = [0] * len(regs)
    unmatched = 0
    for folder in train:
        words = f" {folder['prompt']}"
        fits = [n for n, reg in enumerate(regs) if reg["prompt"] and words.endswith(f" {reg['prompt']}")]
        if fits:
            shares[max(fits, key=lambda n: len(regs[n]["prompt"]))] += folder["used_per_epoch"]
        else:
            unmatched += folder["used_per_epoch"]
    if unmatched or 0 in shares:
        whole = sum(folder["used_per_epoch"] for folder in train)
        shares = [whole // len(regs)] * len(regs)
    return tuple(balance(share, reg["images"]) for share, reg in zip(shares, regs, strict=True))


def plan_renames(folders: Sequence[Mapping[str, Any]], masks: str | None = None) -> tuple[Pair, ...]:
    """(from, to) of each regularization folder whose repeats differ from the best ones; touches nothing.

    masks: the folder of loss masks, where a folder of the same name is renamed with it. Raises UserError when
    a new name is taken.
    """
    regs = [folder for folder in folders if folder["is_reg"]]
    pairs: list[Pair] = []
    for folder, repeats in zip(regs, best_repeats(folders), strict=True):
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

    unwritable = messages.RENAMES_UNWRITABLE

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
        outcome = self._history.undo()
        failed = [problem for problem in outcome.problems if problem.message == messages.RENAME_FAILED]
        if failed:
            self._history.redo()
            raise UserError(*failed)
        return pairs


def _path(name: bytes) -> Path:
    return Path(os.fsdecode(name))
