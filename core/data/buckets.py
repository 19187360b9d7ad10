"""Bucket sizes, the bucket of an image, and how the image is resized and cut to it.

Source: sd-scripts' rules, executed (bucket_reference.json): floating point in the same order, so results are
equal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.catalog import Size
from core.config.schema.dataset import DatasetConfig


@dataclass(frozen=True)
class Fit:
    """How one image becomes a training size: resized, then cut to the bucket.

    bucket: size trained at. resized: size before the cut. crop_left, crop_top: offset of the centre cut. All
    pixels. interpolation: how it is resized, a key of catalog.INTERPOLATIONS.
    """

    bucket: Size
    resized: Size
    crop_left: int
    crop_top: int
    interpolation: str = "auto"

    @property
    def trim(self) -> Size:
        """Pixels cut away in all, left and right together, top and bottom together."""
        return Size(self.resized.width - self.bucket.width, self.resized.height - self.bucket.height)

    @property
    def kept(self) -> float:
        """Share of the image's area that is trained, above 0 to 1."""
        return self.bucket.width * self.bucket.height / (self.resized.width * self.resized.height)

    def enlargement(self, size: Size) -> float:
        """How many times larger than the image (of this size) it is trained; 1 or less: not enlarged."""
        return max(self.resized.width / size.width, self.resized.height / size.height)


def effective_range(min_reso: int, max_reso: int, steps: int) -> tuple[int, int]:
    """The smallest and largest bucket side in use: the former rounded down to the step, the latter up."""
    return min_reso - min_reso % steps, max_reso + -max_reso % steps


def candidates(resolution: Size, min_reso: int, max_reso: int, steps: int) -> list[Size]:
    """Every bucket size, sorted by width, then height; none has a larger area than the resolution.

    The largest square is always there; the resolution itself is there only when the rule happens to give it.
    """
    smallest, largest = effective_range(min_reso, max_reso, steps)
    area = resolution.width * resolution.height
    square = math.isqrt(area) // steps * steps
    sizes = {Size(square, square)}
    for width in range(max(smallest, steps), largest + 1, steps):
        height = min(largest, area // width // steps * steps)
        if height >= smallest:
            sizes |= {Size(width, height), Size(height, width)}
    return sorted(sizes)


def choose(size: Size, sizes: Sequence[Size], rule: str = "absolute") -> Fit:
    """The bucket among `sizes` (sorted) closest in shape, the image scaled up or down to cover it.

    rule: a key of catalog.BUCKET_RULES. Closest: smallest difference of width/height, or of its logarithm;
    the first on ties. An image that is a bucket is its own.
    """
    shape = size.width / size.height
    closest = min(sizes, key=lambda bucket: _difference(bucket.width / bucket.height, shape, rule))
    return cover(size, size if size in sizes else closest)


def _difference(one: float, other: float, rule: str) -> float:
    """How far two shapes (width/height) are apart."""
    return abs(math.log(one / other)) if rule == "log" else abs(one - other)


def cover(size: Size, bucket: Size) -> Fit:
    """Scale the image, keeping its shape, so that it just covers the bucket, and cut the rest centrally."""
    if size.width / size.height > bucket.width / bucket.height:
        scale = bucket.height / size.height
    else:
        scale = bucket.width / size.width
    return centred(Size(int(size.width * scale + 0.5), int(size.height * scale + 0.5)), bucket)


def centred(resized: Size, bucket: Size) -> Fit:
    """The centre cut; an odd pixel is cut at the right or bottom."""
    return Fit(bucket, resized, (resized.width - bucket.width) // 2, (resized.height - bucket.height) // 2)


def shrink(size: Size, resolution: Size, steps: int, rule: str = "absolute") -> Fit | None:
    """The bucket of an image that is never enlarged: its own size cut to the step, first shrunk if large.

    None when a side is, or becomes, shorter than one step.
    """
    area = resolution.width * resolution.height
    resized = size if size.width * size.height <= area else _shrunk(size, area, steps, rule)
    if resized is None or min(resized) < steps:
        return None
    return centred(
        resized, Size(resized.width - resized.width % steps, resized.height - resized.height % steps)
    )


def _shrunk(size: Size, area: int, steps: int, rule: str) -> Size | None:
    """The size at `area` with one side on the step: the one that keeps the shape better, height on ties."""
    shape = size.width / size.height
    exact_width = math.sqrt(area * shape)
    width = _down_to_step(exact_width, steps)
    height = _down_to_step(area / exact_width, steps)
    height_of_width = _down_to_step(width / shape, steps)
    width_of_height = _down_to_step(height * shape, steps)
    if 0 in (height, height_of_width):
        return None
    by_width = _difference(width / height_of_width, shape, rule)
    if by_width < _difference(width_of_height / height, shape, rule):
        return Size(width, int(width / shape + 0.5))
    return Size(int(height * shape + 0.5), height)


def _down_to_step(length: float, steps: int) -> int:
    whole = int(length + 0.5)
    return whole - whole % steps


def fit(size: Size, config: DatasetConfig, sizes: Sequence[Size]) -> Fit | None:
    """How an image of this size is trained under these options; `sizes` are the candidates of the run.

    None when it can't be: too small or too narrow for bucket_no_upscale. Without buckets an image of another
    size than the resolution gets the fit it would need, for the preview; `is_exact` tells whether it may be
    trained.
    """
    resolution = Size(*config.resolution)
    result: Fit | None
    if not config.enable_bucket:
        result = centred(size, resolution) if is_exact(size, config) else cover(size, resolution)
    elif config.bucket_no_upscale:
        result = shrink(size, resolution, config.bucket_reso_steps, config.bucket_rule)
    else:
        result = choose(size, sizes, config.bucket_rule)
    return None if result is None else replace(result, interpolation=config.resize_interpolation)


def is_exact(size: Size, config: DatasetConfig) -> bool:
    """Whether an image can be trained without buckets: of the resolution, or random_crop finds it inside."""
    width, height = config.resolution
    if config.random_crop:
        return size.width >= width and size.height >= height
    return size == (width, height)
