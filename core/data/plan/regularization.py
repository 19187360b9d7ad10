"""Which regularization images an epoch takes: as many samples as training samples, shared fairly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.catalog import Size
from core.data.keyed_random import rng
from core.data.names import nfc
from core.data.records import PlannedImage
from core.data.sources.folders import Folder


@dataclass(frozen=True)
class Rotation:
    """The images of one folder and bucket, taking turns.

    images: indices into the plan's images, in the order of their turns. take: samples of an epoch, the same
    in each, so that every epoch has equally many batches.
    """

    images: tuple[int, ...]
    take: int

    def of(self, epoch: int) -> tuple[int, ...]:
        """The image of each sample in this epoch (from 1); goes on where the epoch before ended."""
        start = (epoch - 1) * self.take
        return tuple(self.images[(start + i) % len(self.images)] for i in range(self.take))


def rotations(
    images: Sequence[PlannedImage], folders: Sequence[Folder], samples: int, seed: int, dataset: int = 0
) -> tuple[Rotation, ...]:
    """Divide a dataset's regularization samples of an epoch among classes, their folders and buckets.

    Classes get equal shares, but of a surplus none more than its repeats x images; with too few images
    each is used in proportion to its repeats. Within a class a folder's share is in proportion to its
    repeats x images, a bucket's to its images; while there are samples enough, nobody gets none. Within a
    bucket the images take turns in a seeded order: surplus ones come in later epochs, and when there are
    too few, each is used as often as the others, give or take one.
    """
    groups: dict[int, dict[Size, list[int]]] = {}
    for index, image in enumerate(images):
        if image.is_reg and image.dataset == dataset:
            groups.setdefault(image.folder, {}).setdefault(image.fit.bucket, []).append(index)
    weights = {
        folder: sum(images[i].repeats for bucket in group.values() for i in bucket)
        for folder, group in groups.items()
    }
    classes: dict[str, list[int]] = {}
    for folder in groups:
        classes.setdefault(folders[folder].prompt, []).append(folder)
    caps = [sum(weights[folder] for folder in inside) for inside in classes.values()]
    takes: dict[int, int] = {}
    for inside, part in zip(classes.values(), fair(samples, caps), strict=True):
        takes |= dict(zip(inside, shares(part, [weights[folder] for folder in inside]), strict=True))
    result = []
    for folder, group in groups.items():
        buckets = sorted(group)
        parts = shares(takes[folder], [len(group[bucket]) for bucket in buckets])
        for bucket, part in zip(buckets, parts, strict=True):
            order = group[bucket]
            rng(seed, "reg", nfc(folders[folder].path.name), *bucket).shuffle(order)
            result.append(Rotation(tuple(order), part))
    return tuple(result)


def class_samples(folders: Sequence[tuple[str, int]], classes: Sequence[str]) -> list[int]:
    """Samples that each class of regularization images should have in an epoch, by the guide: as in training.

    folders: words and samples of each training folder; it counts for the longest class that its words end
    with ("frog": "sls frog"). Where a folder or a class has no counterpart, all classes share equally.
    """
    result = [0] * len(classes)
    for words, samples in folders:
        own = [n for n, class_ in enumerate(classes) if class_ and f" {words}".endswith(f" {class_}")]
        if own:
            result[max(own, key=lambda n: len(classes[n]))] += samples
    total = sum(samples for _, samples in folders)
    return result if all(result) and sum(result) == total else shares(total, [1] * len(classes))


def best_repeats(folders: Sequence[Mapping[str, Any]]) -> list[int]:
    """Repeats for each regularization folder of `plan --json`: the most that `class_samples` allow, or 1."""
    train = [(folder["prompt"], folder["used_per_epoch"]) for folder in folders if not folder["is_reg"]]
    regs = [folder for folder in folders if folder["is_reg"]]
    samples = class_samples(train, [folder["prompt"] for folder in regs])
    return [max(1, n // reg["images"]) if reg["images"] else 1 for n, reg in zip(samples, regs, strict=True)]


def fair(total: int, most: Sequence[int]) -> list[int]:
    """Whole numbers that add up to total, as equal as they can be with none above its `most`.

    Where all of `most` together is not enough, in proportion to it.
    """
    if total >= sum(most):
        return shares(total, most)
    result = [0] * len(most)
    order = sorted(range(len(most)), key=lambda i: (most[i], i))
    for done, i in enumerate(order):
        result[i] = min(most[i], total // (len(order) - done))
        total -= result[i]
    return result


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
