"""What `plan --json` prints: images, folders, buckets, steps, problems and notices of a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.config.schema.train import TrainConfig
from core.data.captions import captions
from core.data.plan import notices
from core.data.plan.left_out import left_out
from core.data.plan.plan import Plan
from core.errors import Problem


def values(
    plan: Plan, train: TrainConfig, count_tokens: Callable[[str], int] | None = None, token_limit: int = 75
) -> dict[str, Any]:
    """The plan as `plan --json` prints it; "tokens" are null without `count_tokens`.

    With it, captions beyond token_limit tokens are among the notices.
    With images held out each image has "is_validation"; with several datasets, images, folders and
    buckets have "dataset", from 0. Images that were left out are in "excluded" alone.
    """
    used, excluded = plan.used_in_first_epoch(), _excluded(plan)
    return {
        "images": [_image(plan, index, count_tokens, used[index]) for index in range(len(plan.images))],
        "folders": _folders(plan, used),
        "buckets": buckets(plan),
        "epoch": {
            "train_samples": plan.train_samples,
            "reg_samples": plan.reg_samples,
            "batches": plan.batches_per_epoch,
            "steps": plan.steps_per_epoch(train.gradient_accumulation_steps),
        },
        "total_steps": plan.total_steps(train),
        "epochs": plan.epochs(train),
        "problems": [
            {"code": p.code, "path": p.path, "line": p.line, "message": p.sentence("en")}
            for p in plan.problems
        ],
        "notices": [
            {"code": p.code, "path": p.path, "message": p.sentence("en")}
            for p in (*plan.notices, *long_captions(plan, count_tokens, token_limit))
        ],
    } | ({"excluded": excluded} if excluded else {})


def long_captions(
    plan: Plan, count_tokens: Callable[[str], int] | None, token_limit: int = 75
) -> tuple[Problem, ...]:
    """A notice of the captions that are longer than what the model takes."""
    if count_tokens is None:
        return ()
    counts = {
        image.path: count_tokens(captions.longest(image.caption, plan.settings[image.settings]))
        for image in plan.images
    }
    return tuple(notices.on_long_captions(counts, token_limit))


def buckets(plan: Plan) -> list[dict[str, Any]]:
    """The buckets in use, by dataset, then size; with several datasets each row has "dataset"."""
    return [
        {
            "size": [*bucket.size],
            "images": len(bucket.images),
            "samples_per_epoch": bucket.samples,
            "batches_per_epoch": bucket.batches,
        }
        | ({"dataset": bucket.dataset} if plan.datasets > 1 else {})
        for bucket in plan.buckets
    ]


def _folders(plan: Plan, used: list[int]) -> list[dict[str, Any]]:
    images, samples = [0] * len(plan.folders), [0] * len(plan.folders)
    for image, times in zip(plan.images, used, strict=True):
        images[image.folder] += 1
        samples[image.folder] += times
    return [
        {
            "path": str(folder.path),
            "repeats": folder.repeats,
            "prompt": folder.prompt,
            "is_reg": folder.is_reg,
            "images": images[index],
            "used_per_epoch": samples[index],
        }
        | ({"dataset": folder.dataset} if plan.datasets > 1 else {})
        for index, folder in enumerate(plan.folders)
    ]


def _excluded(plan: Plan) -> list[dict[str, str]]:
    return [
        {"path": str(image), "folder": str(folder)}
        for folder, images in left_out(plan).items()
        for image in images
    ]


def _image(plan: Plan, index: int, count_tokens: Callable[[str], int] | None, used: int) -> dict[str, Any]:
    image = plan.images[index]
    text = captions.longest(image.caption, plan.settings_of(index))
    row: dict[str, Any] = {
        "path": str(image.path),
        "folder": str(plan.folders[image.folder].path),
        "is_reg": image.is_reg,
        "repeats": image.repeats,
        "size": [*image.size],
        "bucket": [*image.fit.bucket],
        "resized": [*image.fit.resized],
        "crop": {"left": image.fit.crop_left, "top": image.fit.crop_top},
        "caption": image.caption,
        "tokens": None if count_tokens is None else count_tokens(text),
        "used_per_epoch": used,
    }
    if plan.validation:
        row["is_validation"] = index in plan.held
    if plan.datasets > 1:
        row["dataset"] = image.dataset
    return row
