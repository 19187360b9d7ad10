"""The records a plan is made of: an image as it is trained, one sample of it, a batch of samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.catalog import Size
from core.data.buckets import Fit

BucketKey = tuple[int, Size]
"""(number of the dataset, bucket): what the images of a batch have in common."""


@dataclass(frozen=True)
class PlannedImage:
    """One image file and everything decided about it before training.

    folder: index into the plan's folders. size: pixels, upright. caption: with prefix and suffix, before
    anything random. caption_path: the file it came from, None for the folder's words. content: BLAKE2b of the
    file's bytes. settings: index into the plan's settings, the options that hold for this image. dataset:
    number of its dataset, from 0; no batch is of two. mask_path: the image of its loss mask, None when it
    has none. mask_content: BLAKE2b of the mask's bytes, "" without one.
    """

    path: Path
    folder: int
    is_reg: bool
    repeats: int
    size: Size
    fit: Fit
    caption: str
    caption_path: Path | None
    content: str
    settings: int = 0
    dataset: int = 0
    mask_path: Path | None = None
    mask_content: str = ""

    @property
    def bucket_key(self) -> BucketKey:
        return self.dataset, self.fit.bucket


@dataclass(frozen=True, slots=True)
class Sample:
    """One image at one place of an epoch.

    image: index into the plan's images. index: number within its epoch, from 0; (seed, epoch, index) is the
    key of all its randomness. flip: mirrored left to right, after the cut. caption: as trained. crop: left
    and top offset of the cut in the resized image, pixels.
    """

    image: int
    index: int
    flip: bool
    caption: str
    crop: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples of one dataset and bucket that are trained together.

    epoch: from 1, 0 for validation; index: within the epoch, from 0.
    """

    epoch: int
    index: int
    bucket: Size
    samples: tuple[Sample, ...]
