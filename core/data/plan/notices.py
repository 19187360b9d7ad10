"""What a person should know of a plan as a whole: validation, balance of regularization, bucket limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.config.schema.dataset import DatasetConfig
from core.data import buckets
from core.data.plan.regularization import Turns
from core.data.records import PlannedImage
from core.data.sources import findings
from core.errors import Problem


def on_validation(
    images: Sequence[PlannedImage], settings: Sequence[DatasetConfig], held: Sequence[int], samples: int
) -> list[Problem]:
    """Whether validation takes all, none, or more than it was asked to. samples: of an epoch's training."""
    asked = [config.validation_split for config in settings if config.validation_split]
    if asked and images and not held:
        return [findings.none_held_out(max(asked))]
    copies = [i for i in held if not settings[images[i].settings].validation_split]
    problems = [findings.held_out_copies(len(copies))] if copies else []
    return problems + ([findings.all_held_out(len(held))] if held and not samples else [])


def on_buckets(settings: Sequence[DatasetConfig]) -> list[Problem]:
    """Bucket limits that are off the step."""
    problems: list[Problem] = []
    for config in settings:
        given = (config.min_bucket_reso, config.max_bucket_reso)
        used = buckets.effective_range(*given, config.bucket_reso_steps)
        if config.enable_bucket and not config.bucket_no_upscale and used != given:
            problems.append(findings.rounded_range(config, *used))
    return list(dict.fromkeys(problems))


def on_regularization(
    images: Sequence[PlannedImage], dataset: int, turns: Sequence[Turns], train: int
) -> list[Problem]:
    """Whether regularization pictures of a data set are spare, used several times or never."""
    inside = {i for i, image in enumerate(images) if image.is_reg and image.dataset == dataset}
    samples = sum(images[i].repeats for i in inside)
    if not samples or samples == train:
        return []
    if not train:
        is_alone = len(inside) == sum(image.dataset == dataset for image in images) < len(images)
        return [findings.reg_alone(dataset, len(inside))] if is_alone else []
    if samples < train:
        return [findings.reg_reuse(train, samples)]
    first = {index for turn in turns for index in turn.of(1)}
    ever = {index for turn in turns if turn.take for index in turn.images}

    def names(indices: set[int]) -> list[str]:
        return [_short(images[i].path) for i in sorted(indices)]

    return [findings.reg_surplus(train, samples, names((inside - first) & ever), names(inside - ever))]


def on_copies(images: Sequence[PlannedImage]) -> list[Problem]:
    """Files of the same bytes: among training or regularization pictures, or in both."""
    files: dict[str, dict[Path, bool]] = {}
    for image in images:
        files.setdefault(image.content, {})[image.path] = image.is_reg
    problems: list[Problem] = []
    for same in files.values():
        if len(same) > 1:
            say = findings.same_in_reg if len(set(same.values())) == 2 else findings.same_files
            problems.append(say([_short(path) for path in same]))
    return problems


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
