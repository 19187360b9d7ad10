"""How often each image is trained in the whole run, and how full its batches are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.config.schema.train import TrainConfig
from core.data.plan.plan import BucketUse, Plan

FULL = 0.95
"""Share of places in batches that are filled, from which on nothing is said."""


def uses(plan: Plan, steps: int, accumulation: int) -> list[int]:
    """How often each image comes in the first `steps` optimizer steps; 0 for those held out.

    Whole epochs are counted, the begun one is drawn as the run draws it.
    """
    counts = Counter[int]()
    if plan.batches_per_epoch:
        whole, rest = divmod(plan.position(steps, accumulation), plan.batches_per_epoch)
        counts.update({index: whole * plan.images[index].repeats for index in plan.trained})
        for rotation in plan.rotations:
            rounds, more = divmod(whole * rotation.take, len(rotation.images))
            counts.update({index: rounds + (n < more) for n, index in enumerate(rotation.images)})
        if rest:
            for _, images in plan.batch_images(whole + 1)[:rest]:
                counts.update(images)
    return [counts[index] for index in range(len(plan.images))]


@dataclass(frozen=True)
class Unused:
    """Images that the run never trains, as indices, and the steps after which none is left.

    train: the run ends before their turn. reg: surplus regularization images whose turn comes later or
    never. train_steps, all_steps: optimizer steps that reach all of `train`, and of `reg` too; None when no
    number of steps does. never: those of `reg` that no number of steps reaches.
    """

    train: tuple[int, ...]
    reg: tuple[int, ...]
    never: tuple[int, ...]
    train_steps: int
    all_steps: int


def unused(plan: Plan, train: TrainConfig) -> Unused:
    """The images that are planned but never trained; those held out for validation are not counted."""
    accumulation = train.gradient_accumulation_steps
    counts = uses(plan, plan.total_steps(train), accumulation)
    left = [index for index, count in enumerate(counts) if not count and index not in plan.held]
    rotations = [rotation for rotation in plan.rotations if rotation.take]
    late = {index for rotation in rotations for index in rotation.images}
    epochs = max((math.ceil(len(one.images) / one.take) for one in rotations), default=1)
    return Unused(
        train=tuple(index for index in left if not plan.images[index].is_reg),
        reg=tuple(index for index in left if index in late),
        never=tuple(index for index in left if plan.images[index].is_reg and index not in late),
        train_steps=plan.steps_per_epoch(accumulation),
        all_steps=epochs * plan.steps_per_epoch(accumulation),
    )


@dataclass(frozen=True)
class Filling:
    """How full the batches of an epoch are.

    places: samples that would fit into its batches. samples: those that are there. short: buckets with the
    samples of their last batch, where it is not full. better: a smaller batch size whose batches are nearly
    full, or None.
    """

    places: int
    samples: int
    short: tuple[tuple[BucketUse, int], ...]
    better: int | None

    @property
    def share(self) -> float:
        """Samples per place, above 0 to 1; 1 without batches."""
        return self.samples / self.places if self.places else 1.0


def filling(plan: Plan) -> Filling:
    """How full an epoch's batches are; no batch is of two buckets, so each bucket's last one may be short."""
    places = sum(bucket.batches * bucket.batch_size for bucket in plan.buckets)
    short = [(b, b.samples % b.batch_size) for b in plan.buckets if b.samples % b.batch_size]
    return Filling(places, sum(b.samples for b in plan.buckets), tuple(short), _better(plan.buckets))


def _better(buckets: Sequence[BucketUse]) -> int | None:
    """The largest batch size below the present one, the same in all datasets, with batches nearly full."""
    sizes = {bucket.batch_size for bucket in buckets}
    if len(sizes) != 1:
        return None
    samples = [bucket.samples for bucket in buckets]
    for size in range(sizes.pop() - 1, 0, -1):
        if sum(samples) >= FULL * sum(math.ceil(s / size) * size for s in samples):
            return size
    return None
