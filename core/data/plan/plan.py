"""The plan of a run: images x repeats -> buckets -> the batches of any epoch, by (seed, epoch)."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from core.catalog import Size
from core.config.schema.dataset import DatasetConfig
from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.config.schema.train import TrainConfig
from core.data.captions import captions
from core.data.images.verify import verify
from core.data.keyed_random import rng
from core.data.names import nfc
from core.data.plan import messages, notices, regularization, validation_split
from core.data.plan.survey import Progress, Verify
from core.data.plan.survey import survey as survey_of
from core.data.records import Batch as Batch
from core.data.records import BucketKey
from core.data.records import PlannedImage as PlannedImage
from core.data.records import Sample as Sample
from core.data.sources.folders import Folder
from core.errors import Problem
from core.families import FamilySpec
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


@dataclass(frozen=True)
class BucketUse:
    """A bucket of a dataset in an epoch.

    dataset: its number, from 0. images: indices, without those of the validation split. samples: of all its
    images. batch_size: samples of a full batch, over all processes.
    """

    dataset: int
    size: Size
    images: tuple[int, ...]
    samples: int
    batch_size: int

    @property
    def batches(self) -> int:
        """Batches of an epoch, the last one perhaps shorter."""
        return math.ceil(self.samples / self.batch_size)


@dataclass(frozen=True)
class Plan:
    """What will be trained, all of it known beforehand.

    config: the run's own options. settings: the options that hold for some of the images, each image
    naming its own. world_size: processes that share each batch. rotations: the regularization images of an
    epoch. validation: indices of the images that are held out and never trained. problems: errors only;
    with any of them the run must not start. notices: what a user should know.
    """

    config: DatasetConfig
    settings: tuple[DatasetConfig, ...]
    seed: int
    world_size: int
    folders: tuple[Folder, ...]
    images: tuple[PlannedImage, ...]
    rotations: tuple[regularization.Rotation, ...]
    validation: tuple[int, ...]
    problems: tuple[Problem, ...]
    notices: tuple[Problem, ...]

    def settings_of(self, image: int) -> DatasetConfig:
        """The options that hold for the image of this index."""
        return self.settings[self.images[image].settings]

    @property
    def batch_size(self) -> int:
        """Samples of a full batch, over all processes; of the largest where datasets differ."""
        return max(settings.train_batch_size for settings in self.settings) * self.world_size

    @property
    def resolution(self) -> Size:
        """The run's resolution; of the largest dataset where they differ."""
        return max(
            (Size(*settings.resolution) for settings in self.settings), key=lambda s: s.width * s.height
        )

    @cached_property
    def datasets(self) -> int:
        """How many datasets there are."""
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
        return sum(rotation.take for rotation in self.rotations)

    @cached_property
    def batches_per_epoch(self) -> int:
        """Micro-batches of an epoch, the same for every epoch."""
        return sum(bucket.batches for bucket in self.buckets)

    def by_bucket(self, indices: Iterable[int]) -> dict[BucketKey, list[int]]:
        """Images, named by their indices, by dataset, then bucket; within one in the order given."""
        images: dict[BucketKey, list[int]] = {}
        for index in indices:
            images.setdefault(self.images[index].bucket_key, []).append(index)
        return dict(sorted(images.items()))

    @cached_property
    def buckets(self) -> tuple[BucketUse, ...]:
        """The buckets in use, by dataset, then size."""
        samples = Counter[BucketKey]()
        for index in self.trained:
            samples[self.images[index].bucket_key] += self.images[index].repeats
        for rotation in self.rotations:
            samples[self.images[rotation.images[0]].bucket_key] += rotation.take
        images = self.by_bucket(i for i in range(len(self.images)) if i not in self.held)
        return tuple(
            BucketUse(*key, tuple(indices), samples[key], self._batch_size(indices[0]))
            for key, indices in images.items()
        )

    def epoch(self, number: int) -> tuple[Batch, ...]:
        """The batches of an epoch (from 1), in order.

        Every training image comes exactly `repeats` times. Each bucket of each dataset is shuffled and cut
        into batches, the last one shorter; then the batches are shuffled.
        """
        return tuple(self._batches(self.batch_images(number), number))

    def validation_batches(self) -> tuple[Batch, ...]:
        """The images held out, each once, always the same: nothing shuffled, mirrored or dropped."""
        by_bucket = self.by_bucket(self.validation).items()
        return tuple(
            self._batches([(b, cut) for (_, b), images in by_bucket for cut in self._cut(images)], 0)
        )

    def stream(self, position: int) -> Iterator[Batch]:
        """The micro-batches from number `position` (from 0) on, without end; earlier epochs are not drawn."""
        if not self.batches_per_epoch:
            raise ValueError("a plan without samples has no batches")
        number, skip = divmod(position, self.batches_per_epoch)
        while True:
            number += 1
            yield from self._batches(self.batch_images(number), number, skip)
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

        Folders and files count by name and content, so the dataset may be moved as a whole.
        """
        images = []
        for image in self.images:
            fit, names = image.fit, (nfc(self.folders[image.folder].path.name), nfc(image.path.name))
            geometry = (*fit.bucket, *fit.resized, fit.crop_left, fit.crop_top)
            source = (image.dataset, image.settings, image.mask_content)
            images.append(
                (*names, image.is_reg, image.repeats, image.content, image.caption, *geometry, *source)
            )
        options = [settings.model_dump(mode="json", exclude=_IN_THE_RECORDS) for settings in self.settings]
        sizes = [settings.train_batch_size * self.world_size for settings in self.settings]
        text = json.dumps([2, self.seed, sizes, options, images, self.validation], sort_keys=True)
        return hashlib.blake2b(text.encode("utf-8"), digest_size=20).hexdigest()

    def used_in_first_epoch(self) -> list[int]:
        """How often each image comes in epoch 1; only regularization images can differ in later ones."""
        taken = Counter(index for rotation in self.rotations for index in rotation.of(1))
        taken.update({index: self.images[index].repeats for index in self.trained})
        return [taken[i] for i in range(len(self.images))]

    def _batch_size(self, image: int) -> int:
        """Samples of a full batch of the image's dataset, over all processes."""
        return self.settings_of(image).train_batch_size * self.world_size

    def _cut(self, indices: list[int]) -> list[list[int]]:
        """Images of one bucket cut into batches, the last one perhaps shorter."""
        size = self._batch_size(indices[0])
        return [indices[start : start + size] for start in range(0, len(indices), size)]

    def batch_images(self, epoch: int) -> list[tuple[Size, list[int]]]:
        """The batches of an epoch (from 1) in order, as the bucket and the images of each."""
        trained = (index for index in self.trained for _ in range(self.images[index].repeats))
        regularizing = (index for rotation in self.rotations for index in rotation.of(epoch))
        batches: list[tuple[Size, list[int]]] = []
        for (dataset, bucket), indices in self.by_bucket(chain(trained, regularizing)).items():
            rng(self.seed, "order", epoch, dataset, *bucket).shuffle(indices)
            batches += [(bucket, images) for images in self._cut(indices)]
        rng(self.seed, "batches", epoch).shuffle(batches)
        return batches

    def _batches(
        self, chosen: Sequence[tuple[Size, list[int]]], epoch: int, first: int = 0
    ) -> Iterator[Batch]:
        """Batches of these images from index `first` on; samples are made as they are asked for."""
        start = 0
        for index, (bucket, images) in enumerate(chosen):
            if index >= first:
                samples = tuple(self._sample(image, epoch, start + i) for i, image in enumerate(images))
                yield Batch(epoch, index, bucket, samples)
            start += len(images)

    def _sample(self, image_index: int, epoch: int, index: int) -> Sample:
        """One sample; in epoch 0, of validation, nothing is drawn."""
        image, config = self.images[image_index], self.settings_of(image_index)
        crop = (image.fit.crop_left, image.fit.crop_top)
        if not epoch:
            return Sample(image_index, index, False, captions.longest(image.caption, config), crop)
        flip = config.flip_aug and rng(self.seed, "flip", epoch, index).random() < 0.5
        caption = image.caption
        if captions.is_random(config):
            caption = captions.vary(caption, config, rng(self.seed, "caption", epoch, index), epoch)
        if config.random_crop:
            draw, trim = rng(self.seed, "crop", epoch, index), image.fit.trim
            crop = (draw.randint(0, trim.width), draw.randint(0, trim.height))
        return Sample(image_index, index, flip, caption, crop)


def make(
    config: DatasetConfig,
    seed: int,
    world_size: int = 1,
    progress: Progress | None = None,
    check: Verify = verify,
    patience: Patience | None = None,
    family: FamilySpec | None = None,
) -> Plan:
    """Check the dataset and plan the run; world_size processes share each batch.

    What is wrong with the data is in the plan's problems and notices, never raised. Raises StopRun when
    `patience` is asked to stop. progress is called with (done, total) images. check: verifies each file.
    patience: while a drive does not answer. family: the base model's, None while it is not known.
    """
    survey = survey_of(config, patience or Patience(), progress, check, family)
    validation = validation_split.held_out(survey.images, survey.settings, seed)
    samples = _samples(survey.images, set(validation))
    problems = list(survey.problems)
    problems += notices.on_validation(survey.images, survey.settings, validation, samples.total())
    if samples.total() > MAX_SAMPLES:
        problems.append(messages.TOO_MANY_SAMPLES(samples=samples.total(), limit=MAX_SAMPLES))
        samples.clear()
    rotations: list[regularization.Rotation] = []
    for dataset in sorted({folder.dataset for folder in survey.folders}):
        inside = regularization.rotations(survey.images, survey.folders, samples[dataset], seed, dataset)
        notes = notices.on_regularization(survey.images, dataset, inside, samples[dataset])
        problems += [replace(p, key="") for p in notes] if config.dataset_config else notes
        rotations += inside
    problems += notices.on_buckets(survey.settings)
    problems += notices.on_copies(survey.images)
    return Plan(
        config=config,
        settings=survey.settings,
        seed=seed,
        world_size=world_size,
        folders=survey.folders,
        images=survey.images,
        rotations=tuple(rotations),
        validation=validation,
        problems=tuple(problem for problem in problems if problem.is_error),
        notices=notices.condensed([problem for problem in problems if not problem.is_error]),
    )


def _samples(images: tuple[PlannedImage, ...], held: set[int]) -> Counter[int]:
    """Training samples of an epoch by dataset: repeats x images, without those held out."""
    samples = Counter[int]()
    for index, image in enumerate(images):
        samples[image.dataset] += 0 if image.is_reg or index in held else image.repeats
    return samples
