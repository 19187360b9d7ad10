"""The plan of a run: images x repeats -> buckets -> the batches of any epoch, by (seed, epoch)."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from core.catalog import Size
from core.config.schema.dataset import DatasetConfig
from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.config.schema.train import TrainConfig
from core.control import RunControl
from core.data.captions import captions
from core.data.images import verify
from core.data.keyed_random import rng
from core.data.names import nfc
from core.data.plan import messages, notices, regularization, validation_split
from core.data.plan.survey import Looking, Progress, survey
from core.data.records import Batch as Batch
from core.data.records import PlannedImage as PlannedImage
from core.data.records import Sample as Sample
from core.data.sources.folders import Folder
from core.errors import Problem
from core.patience import Patience

MAX_SAMPLES = 5_000_000
"""More samples in an epoch are a slip in a folder's name; their list alone would fill the memory."""

_IN_THE_RECORDS = {
    option.name
    for option in walk(RunConfig)
    if option.section == "dataset" and not option.meta.in_fingerprint
}
"""Options whose whole effect on a sample is in the images' own records, or that have none; all others
shape it."""

Place = tuple[int, Size]
"""(data set, bucket); no batch is of two."""


@dataclass(frozen=True)
class Plan:
    """What will be trained, all of it known beforehand.

    config: the run's own options. settings: the options that hold for some of the images, each image
    naming its own. world_size: processes that share each batch. turns: the regularization images of an
    epoch. validation: indices of the images that are held out and never trained. problems: errors only;
    with any of them the run must not start. notices: what a user should know.
    """

    config: DatasetConfig
    settings: tuple[DatasetConfig, ...]
    seed: int
    world_size: int
    folders: tuple[Folder, ...]
    images: tuple[PlannedImage, ...]
    turns: tuple[regularization.Turns, ...]
    validation: tuple[int, ...]
    problems: tuple[Problem, ...]
    notices: tuple[Problem, ...]

    def settings_of(self, image: int) -> DatasetConfig:
        """The options that hold for the image of this index."""
        return self.settings[self.images[image].settings]

    @property
    def batch_size(self) -> int:
        """Samples of a full batch, over all processes; of the largest where data sets differ."""
        return max(settings.train_batch_size for settings in self.settings) * self.world_size

    @property
    def resolution(self) -> Size:
        """The run's resolution; of the largest data set where they differ."""
        return max(
            (Size(*settings.resolution) for settings in self.settings), key=lambda s: s.width * s.height
        )

    @cached_property
    def datasets(self) -> int:
        """How many data sets there are."""
        return max((folder.dataset for folder in self.folders), default=0) + 1

    @cached_property
    def held(self) -> frozenset[int]:
        """The indices of `validation`, to ask for one."""
        return frozenset(self.validation)

    @cached_property
    def trained(self) -> tuple[int, ...]:
        """Indices of the training images that are not held out."""
        return tuple(i for i, image in enumerate(self.images) if not image.is_reg and i not in self.held)

    @property
    def train_samples(self) -> int:
        """Samples of training images in an epoch: repeats x images, without those held out."""
        return sum(self.images[i].repeats for i in self.trained)

    @property
    def reg_samples(self) -> int:
        """Samples of regularization images in an epoch."""
        return sum(turn.take for turn in self.turns)

    @cached_property
    def batches_per_epoch(self) -> int:
        """Micro-batches of an epoch, the same for every epoch."""
        return sum(row["batches_per_epoch"] for row in self.buckets)

    @cached_property
    def buckets(self) -> tuple[dict[str, Any], ...]:
        """The buckets in use, by data set, then size, without the images held out.

        Each: {"size", "images", "samples_per_epoch", "batches_per_epoch"}; with several data sets "dataset".
        """
        images = Counter(image.place for i, image in enumerate(self.images) if i not in self.held)
        samples = Counter[Place]()
        sizes: dict[Place, int] = {}
        for index in self.trained:
            samples[self.images[index].place] += self.images[index].repeats
        for turn in self.turns:
            samples[self.images[turn.images[0]].place] += turn.take
        for image in self.images:
            sizes[image.place] = self.settings[image.settings].train_batch_size * self.world_size
        return tuple(
            {
                "size": [*place[1]],
                "images": images[place],
                "samples_per_epoch": samples[place],
                "batches_per_epoch": math.ceil(samples[place] / sizes[place]),
            }
            | ({"dataset": place[0]} if self.datasets > 1 else {})
            for place in sorted(images)
        )

    def epoch(self, number: int) -> tuple[Batch, ...]:
        """The batches of an epoch (from 1), in order.

        Every training image comes exactly `repeats` times. Each bucket of each data set is shuffled and cut
        into batches, the last one shorter; then the batches are shuffled.
        """
        return tuple(self._batches(number, 0))

    def validation_batches(self) -> tuple[Batch, ...]:
        """The images held out, each once, always the same: nothing shuffled, mirrored or dropped."""
        places: dict[Place, list[int]] = {}
        for index in self.validation:
            places.setdefault(self.images[index].place, []).append(index)
        batches: list[Batch] = []
        slot = 0
        for place in sorted(places):
            for chunk in self._cut(places[place]):
                samples = tuple(self._plain_sample(index, slot + i) for i, index in enumerate(chunk))
                batches.append(Batch(0, len(batches), place[1], samples))
                slot += len(chunk)
        return tuple(batches)

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

    def position(self, step: int, accumulation: int) -> int:
        """Batches before the update that follows `step` finished ones.

        An epoch's last step takes what is left of it, so that epochs end with a step, as in sd-scripts.
        """
        epochs, within = divmod(step, self.steps_per_epoch(accumulation))
        return epochs * self.batches_per_epoch + within * accumulation

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
        if any(captions.is_endless(settings) for settings in self.settings):
            return None
        dropped = {""} if any(captions.has_empty(settings) for settings in self.settings) else set()
        return tuple(sorted({image.caption for image in self.images} | dropped))

    def fingerprint(self) -> str:
        """A hash of all that shapes the data and its order; equal plans train the same samples.

        Folders and files count by name and content, so the data set may be moved as a whole.
        """
        images = []
        for image in self.images:
            fit, names = image.fit, (nfc(self.folders[image.folder].path.name), nfc(image.path.name))
            geometry = (*fit.bucket, *fit.resized, fit.crop_left, fit.crop_top)
            place = (image.dataset, image.settings, image.mask_content)
            images.append(
                (*names, image.is_reg, image.repeats, image.content, image.caption, *geometry, *place)
            )
        options = [settings.model_dump(mode="json", exclude=_IN_THE_RECORDS) for settings in self.settings]
        sizes = [settings.train_batch_size * self.world_size for settings in self.settings]
        text = json.dumps([2, self.seed, sizes, options, images, self.validation], sort_keys=True)
        return hashlib.blake2b(text.encode("utf-8"), digest_size=20).hexdigest()

    def used_in_first_epoch(self) -> list[int]:
        """How often each image comes in epoch 1; only regularization images can differ in later ones."""
        taken = Counter(index for turn in self.turns for index in turn.of(1))
        taken.update({index: self.images[index].repeats for index in self.trained})
        return [taken[i] for i in range(len(self.images))]

    def _by_place(self, epoch: int) -> dict[Place, list[int]]:
        """The images of an epoch, each as often as it comes, by data set and bucket, in a fixed order."""
        result: dict[Place, list[int]] = {}
        for index in self.trained:
            image = self.images[index]
            result.setdefault(image.place, []).extend([index] * image.repeats)
        for turn in self.turns:
            if turn.take:
                result.setdefault(self.images[turn.images[0]].place, []).extend(turn.of(epoch))
        return {place: result[place] for place in sorted(result)}

    def _cut(self, indices: list[int]) -> list[list[int]]:
        """Images of one place cut into batches, the last one perhaps shorter."""
        size = self.settings_of(indices[0]).train_batch_size * self.world_size
        return [indices[start : start + size] for start in range(0, len(indices), size)]

    def lots(self, number: int) -> list[tuple[Size, list[int]]]:
        """The batches of an epoch (from 1) in order, as the bucket and the images of each."""
        lots: list[tuple[Size, list[int]]] = []
        for (dataset, bucket), indices in self._by_place(number).items():
            rng(self.seed, "order", number, dataset, *bucket).shuffle(indices)
            lots += [(bucket, lot) for lot in self._cut(indices)]
        rng(self.seed, "batches", number).shuffle(lots)
        return lots

    def _batches(self, number: int, first: int) -> Iterator[Batch]:
        """The batches of an epoch from index `first` on; samples are made as they are asked for."""
        slot = 0
        for index, (bucket, images) in enumerate(self.lots(number)):
            if index >= first:
                samples = tuple(self._sample(image, number, slot + i) for i, image in enumerate(images))
                yield Batch(number, index, bucket, samples)
            slot += len(images)

    def _sample(self, index: int, epoch: int, slot: int) -> Sample:
        image, config = self.images[index], self.settings_of(index)
        flip = config.flip_aug and rng(self.seed, "flip", epoch, slot).random() < 0.5
        caption = image.caption
        if captions.is_random(config):
            caption = captions.vary(caption, config, rng(self.seed, "caption", epoch, slot), epoch)
        crop = (image.fit.crop_left, image.fit.crop_top)
        if config.random_crop:
            draw, trim = rng(self.seed, "crop", epoch, slot), image.fit.trim
            crop = (draw.randint(0, trim.width), draw.randint(0, trim.height))
        return Sample(index, slot, flip, caption, crop)

    def _plain_sample(self, index: int, slot: int) -> Sample:
        image = self.images[index]
        caption = captions.longest(image.caption, self.settings_of(index))
        return Sample(index, slot, False, caption, (image.fit.crop_left, image.fit.crop_top))


def make(
    config: DatasetConfig,
    seed: int,
    world_size: int = 1,
    control: RunControl | None = None,
    progress: Progress | None = None,
    look: Looking = verify.look,
    patience: Patience | None = None,
) -> Plan:
    """Look at the data set and plan the run; world_size processes share each batch.

    What is wrong with the data is in the plan's problems and notices, never raised. Raises StopRun when
    `control` asks to stop. progress is called with (done, total) images. look: how each file is looked at.
    patience: while a drive does not answer; by default that of `control`.
    """
    if patience is None:
        patience = Patience(None if control is None else control.check)
    found = survey(config, patience, progress, look)
    validation = validation_split.held_out(found.images, found.settings, seed)
    samples = _samples(found.images, set(validation))
    problems = list(found.problems)
    problems += notices.on_validation(found.images, found.settings, validation, samples.total())
    if samples.total() > MAX_SAMPLES:
        problems.append(messages.TOO_MANY_SAMPLES(samples=samples.total(), limit=MAX_SAMPLES))
        samples.clear()
    names = [regularization.Group(folder.path.name, folder.prompt) for folder in found.folders]
    turns: list[regularization.Turns] = []
    for dataset in sorted({folder.dataset for folder in found.folders}):
        inside = regularization.turns(found.images, names, samples[dataset], seed, dataset)
        said = notices.on_regularization(found.images, dataset, inside, samples[dataset])
        problems += [replace(p, key="") for p in said] if config.dataset_config else said
        turns += inside
    problems += notices.on_buckets(found.settings)
    problems += notices.on_copies(found.images)
    return Plan(
        config=config,
        settings=found.settings,
        seed=seed,
        world_size=world_size,
        folders=found.folders,
        images=found.images,
        turns=tuple(turns),
        validation=validation,
        problems=tuple(problem for problem in problems if problem.is_error),
        notices=notices.condensed([problem for problem in problems if not problem.is_error]),
    )


def _samples(images: tuple[PlannedImage, ...], held: set[int]) -> Counter[int]:
    """Training samples of an epoch by data set: repeats x images, without those held out."""
    samples = Counter[int]()
    for index, image in enumerate(images):
        samples[image.dataset] += 0 if image.is_reg or index in held else image.repeats
    return samples
