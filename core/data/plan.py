"""The plan of a run: pictures x repeats -> buckets -> the batches of any epoch, by (seed, epoch)."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from core.catalog import Size
from core.config.schema_dataset import DatasetConfig
from core.config.schema_train import TrainConfig
from core.control import RunControl
from core.data import buckets, captions, findings, reg, report
from core.data.folders import Folder
from core.data.keys import rng
from core.data.names import nfc
from core.data.records import Batch as Batch
from core.data.records import PlannedImage as PlannedImage
from core.data.records import Sample as Sample
from core.data.survey import Progress, survey
from core.errors import Lang, Problem

MAX_SAMPLES = 5_000_000
"""More samples in an epoch are a slip in a folder's name; their list alone would fill the memory."""

_SHAPING = {
    "caption_separator", "shuffle_caption", "keep_tokens", "keep_tokens_separator", "secondary_separator",
    "enable_wildcard", "caption_dropout_rate", "caption_dropout_every_n_epochs",
    "caption_tag_dropout_rate", "flip_aug", "color_aug", "random_crop",
}  # fmt: skip
"""Options, beyond what the pictures' own records show, that decide what a sample is."""


@dataclass(frozen=True)
class Plan:
    """What will be trained, all of it known beforehand.

    batch_size: samples of a full batch, over all processes. turns: the regularization pictures of an epoch.
    problems: errors only; with any of them the run must not start. notices: what a person should know.
    """

    config: DatasetConfig
    seed: int
    batch_size: int
    folders: tuple[Folder, ...]
    images: tuple[PlannedImage, ...]
    turns: tuple[reg.Turns, ...]
    problems: tuple[Problem, ...]
    notices: tuple[Problem, ...]

    @property
    def train_samples(self) -> int:
        """Samples of training pictures in an epoch: repeats x pictures."""
        return sum(image.repeats for image in self.images if not image.is_reg)

    @property
    def reg_samples(self) -> int:
        """Samples of regularization pictures in an epoch."""
        return sum(turn.take for turn in self.turns)

    @cached_property
    def batches_per_epoch(self) -> int:
        """Micro-batches of an epoch, the same for every epoch."""
        return sum(row["batches_per_epoch"] for row in self.buckets)

    @cached_property
    def buckets(self) -> tuple[dict[str, Any], ...]:
        """The buckets in use, by size: {"size", "images", "samples_per_epoch", "batches_per_epoch"}."""
        pictures = Counter(image.fit.bucket for image in self.images)
        samples = Counter[Size]()
        for image in self.images:
            samples[image.fit.bucket] += 0 if image.is_reg else image.repeats
        for turn in self.turns:
            samples[self.images[turn.images[0]].fit.bucket] += turn.take
        return tuple(
            {
                "size": [*bucket],
                "images": pictures[bucket],
                "samples_per_epoch": samples[bucket],
                "batches_per_epoch": math.ceil(samples[bucket] / self.batch_size),
            }
            for bucket in sorted(pictures)
        )

    def epoch(self, number: int) -> tuple[Batch, ...]:
        """The batches of an epoch (from 1), in order.

        Every training picture comes exactly `repeats` times. Each bucket is shuffled and cut into batches,
        the last one shorter; then the batches are shuffled.
        """
        return tuple(self._batches(number, 0))

    def stream(self, position: int) -> Iterator[Batch]:
        """The micro-batches from number `position` (from 0) on, without end; earlier epochs are not drawn."""
        if not self.batches_per_epoch:
            raise ValueError("a plan without samples has no batches")
        number, skip = divmod(position, self.batches_per_epoch)
        while True:
            number += 1
            yield from self._batches(number, skip)
            skip = 0

    def steps_per_epoch(self, accumulation: int) -> int:
        """Optimizer steps that an epoch fills, the last one perhaps not whole."""
        return math.ceil(self.batches_per_epoch / accumulation)

    def total_steps(self, train: TrainConfig) -> int:
        """Optimizer steps of the run; max_train_epochs wins over max_train_steps."""
        if train.max_train_epochs is None:
            return train.max_train_steps
        return train.max_train_epochs * self.steps_per_epoch(train.gradient_accumulation_steps)

    def epochs(self, train: TrainConfig) -> int:
        """Epochs the run enters."""
        steps = self.steps_per_epoch(train.gradient_accumulation_steps)
        return math.ceil(self.total_steps(train) / steps) if steps else 0

    def fixed_captions(self) -> tuple[str, ...] | None:
        """Every caption that can occur, sorted; None when shuffled or dropped parts make them endless."""
        if captions.is_endless(self.config):
            return None
        dropped = {""} if captions.has_empty(self.config) else set()
        return tuple(sorted({image.caption for image in self.images} | dropped))

    def fingerprint(self) -> str:
        """A hash of all that shapes the data and its order; equal plans train the same samples.

        Folders and files count by name and content, so the data set may be moved as a whole.
        """
        pictures = []
        for image in self.images:
            fit, names = image.fit, (nfc(self.folders[image.folder].path.name), nfc(image.path.name))
            geometry = (*fit.bucket, *fit.resized, fit.crop_left, fit.crop_top)
            pictures.append((*names, image.is_reg, image.repeats, image.content, image.caption, *geometry))
        options = self.config.model_dump(mode="json", include=_SHAPING)
        text = json.dumps([1, self.seed, self.batch_size, options, pictures], sort_keys=True)
        return hashlib.blake2b(text.encode("utf-8"), digest_size=20).hexdigest()

    def to_json(
        self, train: TrainConfig, count_tokens: Callable[[str], int] | None = None, token_limit: int = 75
    ) -> dict[str, Any]:
        """The plan as `plan --json` prints it; "tokens" are null without `count_tokens`.

        With it, captions beyond token_limit tokens are among the notices.
        """
        used = self._used_in_first_epoch()
        tokens = [
            None if count_tokens is None else count_tokens(captions.longest(image.caption, self.config))
            for image in self.images
        ]
        steps = self.steps_per_epoch(train.gradient_accumulation_steps)
        folders = [
            {
                "path": str(folder.path),
                "repeats": folder.repeats,
                "prompt": folder.prompt,
                "is_reg": folder.is_reg,
                "images": sum(image.folder == index for image in self.images),
                "used_per_epoch": sum(
                    used[i] for i, image in enumerate(self.images) if image.folder == index
                ),
            }
            for index, folder in enumerate(self.folders)
        ]
        return {
            "images": [
                self._image_json(image, tokens[index], used[index]) for index, image in enumerate(self.images)
            ],
            "folders": folders,
            "buckets": list(self.buckets),
            "epoch": {
                "train_samples": self.train_samples,
                "reg_samples": self.reg_samples,
                "batches": self.batches_per_epoch,
                "steps": steps,
            },
            "total_steps": self.total_steps(train),
            "epochs": self.epochs(train),
            "problems": [
                {"code": p.code, "path": p.path, "line": p.line, "message": p.sentence("en")}
                for p in self.problems
            ],
            "notices": [
                {"code": p.code, "path": p.path, "message": p.sentence("en")}
                for p in (*self.notices, *self.long_captions(count_tokens, token_limit))
            ],
        }

    def long_captions(
        self, count_tokens: Callable[[str], int] | None, token_limit: int = 75
    ) -> tuple[Problem, ...]:
        """A notice for each caption that is longer than what the model takes."""
        if count_tokens is None:
            return ()
        counts = [
            (image.path, count_tokens(captions.longest(image.caption, self.config))) for image in self.images
        ]
        return findings.condensed(
            [findings.long_caption(path, n, token_limit) for path, n in counts if n > token_limit]
        )

    def report(
        self,
        lang: Lang,
        train: TrainConfig | None = None,
        count_tokens: Callable[[str], int] | None = None,
        limit: int = 20,
        token_limit: int = 75,
    ) -> str:
        """The plan in plain words for the console, with at most `limit` pictures one by one."""
        values = self.to_json(TrainConfig() if train is None else train, count_tokens)
        notices = (*self.notices, *self.long_captions(count_tokens, token_limit))
        return report.text(values, self.problems, notices, lang, has_steps=train is not None, limit=limit)

    def _image_json(self, image: PlannedImage, tokens: int | None, used: int) -> dict[str, Any]:
        return {
            "path": str(image.path),
            "folder": str(self.folders[image.folder].path),
            "is_reg": image.is_reg,
            "repeats": image.repeats,
            "size": [*image.size],
            "bucket": [*image.fit.bucket],
            "resized": [*image.fit.resized],
            "crop": {"left": image.fit.crop_left, "top": image.fit.crop_top},
            "caption": image.caption,
            "tokens": tokens,
            "used_per_epoch": used,
        }

    def _used_in_first_epoch(self) -> list[int]:
        """How often each picture comes in epoch 1; only regularization pictures can differ in later ones."""
        taken = Counter(index for turn in self.turns for index in turn.of(1))
        return [taken[i] if image.is_reg else image.repeats for i, image in enumerate(self.images)]

    def _by_bucket(self, epoch: int) -> dict[Size, list[int]]:
        """The pictures of an epoch, each as often as it comes, by bucket, in a fixed order."""
        result: dict[Size, list[int]] = {}
        for index, image in enumerate(self.images):
            if not image.is_reg:
                result.setdefault(image.fit.bucket, []).extend([index] * image.repeats)
        for turn in self.turns:
            if turn.take:
                result.setdefault(self.images[turn.images[0]].fit.bucket, []).extend(turn.of(epoch))
        return {bucket: result[bucket] for bucket in sorted(result)}

    def _batches(self, number: int, first: int) -> Iterator[Batch]:
        """The batches of an epoch from index `first` on; samples are made as they are asked for."""
        lots: list[tuple[Size, list[int]]] = []
        for bucket, indices in self._by_bucket(number).items():
            rng(self.seed, "order", number, *bucket).shuffle(indices)
            starts = range(0, len(indices), self.batch_size)
            lots += [(bucket, indices[start : start + self.batch_size]) for start in starts]
        rng(self.seed, "batches", number).shuffle(lots)
        slot = 0
        for index, (bucket, images) in enumerate(lots):
            if index >= first:
                samples = tuple(self._sample(image, number, slot + i) for i, image in enumerate(images))
                yield Batch(number, index, bucket, samples)
            slot += len(images)

    def _sample(self, index: int, epoch: int, slot: int) -> Sample:
        image, config = self.images[index], self.config
        flip = config.flip_aug and rng(self.seed, "flip", epoch, slot).random() < 0.5
        caption = image.caption
        if captions.is_random(config):
            caption = captions.vary(caption, config, rng(self.seed, "caption", epoch, slot), epoch)
        crop = (image.fit.crop_left, image.fit.crop_top)
        if config.random_crop:
            draw, trim = rng(self.seed, "crop", epoch, slot), image.fit.trim
            crop = (draw.randint(0, trim.width), draw.randint(0, trim.height))
        return Sample(index, slot, flip, caption, crop)


def make(
    config: DatasetConfig,
    seed: int,
    world_size: int = 1,
    control: RunControl | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Look at the data set and plan the run; world_size processes share each batch.

    What is wrong with the data is in the plan's problems and notices, never raised. Raises StopRun when
    `control` asks to stop. progress is called with (done, total) pictures.
    """
    found = survey(config, control, progress)
    train = sum(image.repeats for image in found.images if not image.is_reg)
    problems = list(found.problems)
    if train > MAX_SAMPLES:
        problems.append(findings.too_many(train, MAX_SAMPLES))
        train = 0
    turns = reg.turns(found.images, [folder.path.name for folder in found.folders], train, seed)
    problems += _range_notice(config) + _reg_notices(found.images, found.folders, turns, train)
    return Plan(
        config=config,
        seed=seed,
        batch_size=config.train_batch_size * world_size,
        folders=found.folders,
        images=found.images,
        turns=turns,
        problems=tuple(problem for problem in problems if problem.is_error),
        notices=findings.condensed([problem for problem in problems if not problem.is_error]),
    )


def _range_notice(config: DatasetConfig) -> list[Problem]:
    given = (config.min_bucket_reso, config.max_bucket_reso)
    used = buckets.effective_range(*given, config.bucket_reso_steps)
    if not config.enable_bucket or config.bucket_no_upscale or used == given:
        return []
    return [findings.rounded_range(config, *used)]


def _reg_notices(
    images: tuple[PlannedImage, ...], folders: tuple[Folder, ...], turns: tuple[reg.Turns, ...], train: int
) -> list[Problem]:
    """Whether regularization pictures are spare or used several times."""
    samples = sum(image.repeats for image in images if image.is_reg)
    if not samples or not train or samples == train:
        return []
    if samples < train:
        return [findings.reg_reuse(train, samples)]
    first = {index for turn in turns for index in turn.of(1)}
    ever = {index for turn in turns if turn.take for index in turn.images}

    def names(indices: set[int]) -> list[str]:
        return [_short(images[i].path) for i in sorted(indices)]

    everything = {i for i, image in enumerate(images) if image.is_reg}
    return [
        findings.reg_surplus(train, samples, names((everything - first) & ever), names(everything - ever))
    ]


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
