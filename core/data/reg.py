"""Which regularization pictures an epoch takes: as many samples as training samples, shared fairly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.catalog import Size
from core.data.keys import rng
from core.data.names import nfc
from core.data.records import PlannedImage


@dataclass(frozen=True)
class Turns:
    """The pictures of one folder and bucket, taking turns.

    images: indices into the plan's images, in the order of their turns. take: samples of an epoch, the same
    in each, so that every epoch has equally many batches.
    """

    images: tuple[int, ...]
    take: int

    def of(self, epoch: int) -> tuple[int, ...]:
        """The picture of each sample in this epoch (from 1); goes on where the epoch before ended."""
        start = (epoch - 1) * self.take
        return tuple(self.images[(start + i) % len(self.images)] for i in range(self.take))


def turns(
    images: Sequence[PlannedImage], folder_names: Sequence[str], samples: int, seed: int, dataset: int = 0
) -> tuple[Turns, ...]:
    """Divide a data set's regularization samples of an epoch among folders, and in each among its buckets.

    A folder's share is in proportion to its repeats x pictures, a bucket's to its pictures; while there are
    samples enough, nobody gets none. Within a bucket the pictures take turns in a seeded order: surplus ones
    come in later epochs, and when there are too few, each is used as often as the others, give or take one.
    """
    groups: dict[int, dict[Size, list[int]]] = {}
    for index, image in enumerate(images):
        if image.is_reg and image.dataset == dataset:
            groups.setdefault(image.folder, {}).setdefault(image.fit.bucket, []).append(index)
    weights = [
        sum(images[i].repeats for bucket in group.values() for i in bucket) for group in groups.values()
    ]
    result = []
    for (folder, group), take in zip(groups.items(), shares(samples, weights), strict=True):
        buckets = sorted(group)
        parts = shares(take, [len(group[bucket]) for bucket in buckets])
        for bucket, part in zip(buckets, parts, strict=True):
            order = group[bucket]
            rng(seed, "reg", nfc(folder_names[folder]), *bucket).shuffle(order)
            result.append(Turns(tuple(order), part))
    return tuple(result)


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers that add up to total, in proportion to the weights, which are all above 0.

    The largest remainders are rounded up, the first on ties; while total allows, nobody gets none.
    """
    whole = sum(weights)
    if not whole:
        return []
    result = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(result)]:
        result[i] += 1
    while total >= len(weights) and 0 in result:
        result[result.index(max(result))] -= 1
        result[result.index(0)] += 1
    return result
