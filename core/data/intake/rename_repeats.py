"""Repeats of regularization folders put right by renaming them: the plan of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.data.intake import messages
from core.errors import UserError

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
