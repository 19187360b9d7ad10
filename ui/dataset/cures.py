"""What cures a finding about images: which go to the trash, are left out, or are written upright."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.data.health.findings import BROKEN, Finding
from core.data.plan.plan import Plan

_EXCLUDED = frozenset({"small", "blurred", "flat", "grey"})


@dataclass(frozen=True)
class Cure:
    """act: "trash", "exclude" or "upright", done to the images of these paths."""

    act: str
    paths: tuple[Path, ...]


def cure(finding: Finding, plan: Plan) -> Cure | None:
    """The cure of a finding; None where there is none that fits every image."""
    if finding.kind == "broken":
        return Cure("trash", broken(plan))
    if finding.kind == "twins":
        return Cure(
            "trash", _paths(plan, [i for group in finding.groups for i in _all_but_best(plan, group)])
        )
    if finding.kind == "reg_twins":
        regs = [i for group in finding.groups for i in group if plan.images[i].is_reg]
        return Cure("trash", _paths(plan, regs))
    if finding.kind in _EXCLUDED or finding.kind == "turned":
        act = "upright" if finding.kind == "turned" else "exclude"
        return Cure(act, _paths(plan, [i for group in finding.groups for i in group]))
    return None


def broken(plan: Plan) -> tuple[Path, ...]:
    """The files that can't be read as images, each once."""
    found = [p for p in (*plan.problems, *plan.notices) if f"E{p.code[1:]}" in BROKEN and p.path]
    return tuple(dict.fromkeys(Path(problem.path) for problem in found))


def _all_but_best(plan: Plan, group: Sequence[int]) -> list[int]:
    """All copies but the largest; of equal ones the one with a caption, then the first by name, is kept."""

    def rank(index: int) -> tuple[int, bool, str]:
        image = plan.images[index]
        return -image.size.width * image.size.height, image.caption_path is None, image.path.name

    best = min(group, key=rank)
    return [index for index in group if plan.images[index].path != plan.images[best].path]


def _paths(plan: Plan, indices: Sequence[int]) -> tuple[Path, ...]:
    """The paths of images, each once, but for those that a metadata file names."""
    chosen = [index for index in indices if not plan.settings_of(index).in_json]
    return tuple(dict.fromkeys(plan.images[index].path for index in chosen))
