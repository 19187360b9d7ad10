"""Repeats of regularization folders put right by renaming them: planned first, with a way back."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.data.intake import messages
from core.data.intake.copy import balance
from core.errors import UserError

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


class Renames:
    """Renames folders and takes it back, also after a restart: what was renamed is in a file."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal

    @property
    def last(self) -> tuple[Pair, ...]:
        """What can be taken back: renamed, still there, and the old name still free."""
        try:
            found = json.loads(self._journal.read_text("utf-8"))
            pairs = [(Path(source), Path(target)) for source, target in found]
        except (OSError, ValueError, TypeError, RecursionError):
            return ()
        return tuple((a, b) for a, b in pairs if b.is_dir() and not a.exists())

    def apply(self, pairs: Sequence[Pair]) -> None:
        """Rename all of them. Raises UserError, with all names as before, when one can't be."""
        self._journal.parent.mkdir(parents=True, exist_ok=True)
        written = json.dumps([[str(source), str(target)] for source, target in pairs])
        self._journal.write_text(written, "utf-8")  # before, so that a crash in between can be taken back
        done: list[Pair] = []
        for source, target in pairs:
            try:
                if target.exists():
                    raise UserError(messages.NAME_TAKEN(path=target))
                os.rename(source, target)
            except (OSError, UserError) as error:
                for back, there in reversed(done):
                    os.rename(there, back)
                self._journal.unlink(missing_ok=True)
                if isinstance(error, UserError):
                    raise
                raise UserError(messages.RENAME_FAILED(path=source, reason=error.strerror)) from error
            done.append((source, target))

    def undo(self) -> tuple[Pair, ...]:
        """Give the folders their old names back; what was taken back. Raises UserError."""
        pairs = self.last
        for source, target in reversed(pairs):
            try:
                os.rename(target, source)
            except OSError as error:
                raise UserError(messages.RENAME_FAILED(path=target, reason=error.strerror)) from error
        self._journal.unlink(missing_ok=True)
        return pairs
