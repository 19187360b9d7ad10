"""A planned image as the pixels that are trained: opened upright, resized, cut, recoloured, mirrored."""

from __future__ import annotations

import hashlib
import random
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.catalog import Size
from core.config.schema.dataset import DatasetConfig
from core.data.images import decode, messages
from core.data.records import PlannedImage, Sample
from core.errors import ResourceFault
from core.reading import reason

Pixels = NDArray[np.uint8]
"""(H, W, 3), 0 to 255, sRGB."""

Mask = NDArray[np.uint8]
"""(H, W): how much each pixel counts in the loss, 255 fully, 0 not at all."""

RETRY_PAUSES_SECONDS = (0.2, 1.0)
"""Waits between three tries to read a file; network drives come back."""

COLOR_AUG_RATE = 0.33
HUE_TURN = 8 / 180
"""Largest hue shift either way, of a whole turn; sd-scripts: 8 on OpenCV's scale of 180."""
GAMMA_RANGE = (0.95, 1.05)


_FILTERS = {
    "auto": Image.Resampling.LANCZOS,
    "area": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "box": Image.Resampling.BOX,
    "nearest": Image.Resampling.NEAREST,
}
"""Pillow's filters; those of "auto" and "area" are for enlarging."""


def content_hash(data: bytes) -> str:
    """What stands for the file's bytes in caches and fingerprints: BLAKE2b, 160 bits, hexadecimal."""
    return hashlib.blake2b(data, digest_size=20).hexdigest()


def load(
    image: PlannedImage,
    sample: Sample | None = None,
    config: DatasetConfig | None = None,
    rng: random.Random | None = None,
) -> Pixels:
    """The pixels (H, W, 3) of a sample, of the size of the image's bucket.

    Without a sample: the plan's own cut, not mirrored, colours as they are (what a latent cache holds). Where
    config.color_aug is on, `rng` decides the colours: keys.rng(seed, "color", epoch, sample.index); without
    one they stay as they are.
    Raises ResourceFault when the file is gone, or no longer the one that was planned.
    """
    opened = _open(image.path, image.content)
    with decode.room_for(opened):
        pixels = decode.upright_rgb(opened)
        if Size(*pixels.size) != image.size:
            raise ResourceFault(messages.CHANGED(path=image.path))
        cut = _cut(resize(np.asarray(pixels), image.fit.resized, image.fit.interpolation), image, sample)
    if rng is not None and config is not None and config.color_aug:
        cut = recolour(cut, rng)
    return _facing(cut, sample)


def load_mask(image: PlannedImage, sample: Sample | None, config: DatasetConfig) -> Mask:
    """The loss mask (H, W) of a sample: resized, cut and mirrored exactly as its image is.

    From the red of the image's mask file, else, with config.alpha_mask, from the image's own transparency;
    all 255 when there is neither. A smaller or larger mask of the image's shape is fine.
    Raises ResourceFault when a file is gone, or no longer the one that was planned.
    """
    opaque: Image.Image | None
    if image.mask_path is not None:
        opaque = decode.upright_rgb(_open(image.mask_path, image.mask_content)).getchannel("R")
    elif config.alpha_mask:
        opaque = decode.upright_alpha(_open(image.path, image.content))
    else:
        opaque = None
    bucket = image.fit.bucket
    if opaque is None:
        return np.full((bucket.height, bucket.width), 255, np.uint8)
    return _facing(_cut(resize(np.asarray(opaque), image.fit.resized, "area"), image, sample), sample)


def _cut(full: NDArray[np.uint8], image: PlannedImage, sample: Sample | None) -> NDArray[np.uint8]:
    """The part of the resized image or mask that is trained."""
    left, top = (image.fit.crop_left, image.fit.crop_top) if sample is None else sample.crop
    return full[top : top + image.fit.bucket.height, left : left + image.fit.bucket.width]


def _facing(cut: NDArray[np.uint8], sample: Sample | None) -> NDArray[np.uint8]:
    """Mirrored left to right where the sample is."""
    return np.ascontiguousarray(cut[:, ::-1] if sample is not None and sample.flip else cut)


def resize(full: Pixels, size: Size, interpolation: str = "auto") -> Pixels:
    """The image (H, W, 3), or a single channel (H, W), at another size.

    interpolation: a key of catalog.INTERPOLATIONS. "auto", as in sd-scripts: area mean when no side grows,
    else Lanczos. Pillow's filters widen when they shrink, so that nothing is skipped; those of sd-scripts
    (OpenCV) do not.
    """
    height, width = full.shape[:2]
    if (width, height) == size:
        return full
    if interpolation in ("auto", "area") and size.width <= width and size.height <= height:
        rows = _area_mean(full, size.height)
        columns = _area_mean(np.ascontiguousarray(rows.swapaxes(0, 1)), size.width)
        mean: Pixels = np.rint(columns.swapaxes(0, 1)).astype(np.uint8)
        return mean
    return np.asarray(Image.fromarray(full).resize(size, _FILTERS[interpolation]))


def _area_mean(lines: NDArray[np.generic], count: int) -> NDArray[np.float32]:
    """(N, ...) -> (count, ...): each the mean over its N/count lines, the edge ones by their share."""
    if count == len(lines):
        return lines.astype(np.float32)
    ratio = len(lines) / count
    means = np.empty((count, *lines.shape[1:]), np.float32)
    for i in range(count):
        start, end = i * ratio, min((i + 1) * ratio, len(lines))
        first, last = int(start), int(np.ceil(end - 1e-9))
        total = lines[first:last].sum(axis=0, dtype=np.float32)
        if start > first:
            total -= lines[first] * np.float32(start - first)
        if last > end:
            total -= lines[last - 1] * np.float32(last - end)
        means[i] = total / np.float32(end - start)
    return means


def recolour(cut: Pixels, rng: random.Random) -> Pixels:
    """One time in three, a slight turn of all hues or a slight gamma; else the same colours.

    Source: sd-scripts' color_aug, with its gamma put right (it did not scale 0..255 to 0..1 first).
    """
    if rng.random() > COLOR_AUG_RATE:
        return cut
    if rng.random() > 0.5:
        return turn_hue(cut, rng.uniform(-HUE_TURN, HUE_TURN))
    return gamma(cut, rng.uniform(*GAMMA_RANGE))


def turn_hue(cut: Pixels, turn: float) -> Pixels:
    """Every hue moved along the colour circle; turn: share of the whole circle, greys stay.

    Lightest and darkest channel of each pixel keep their values, as in the HSV model, without its rounding
    to bytes in between.
    """
    red, green, blue = (cut[..., i].astype(np.float32) for i in range(3))
    top = np.maximum(np.maximum(red, green), blue)
    spread = top - np.minimum(np.minimum(red, green), blue)
    safe = np.where(spread == 0, np.float32(1), spread)
    sextant = np.where(
        top == red,
        (green - blue) / safe,
        np.where(top == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    turned = np.empty_like(cut)
    for channel, offset in enumerate((5, 3, 1)):
        place = (sextant + np.float32(6 * turn + offset)) % 6
        turned[..., channel] = np.rint(top - spread * np.clip(np.minimum(place, 4 - place), 0, 1))
    return turned


def gamma(cut: Pixels, exponent: float) -> Pixels:
    """Values, as 0 to 1, taken to a power; black and white stay."""
    table = np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return table[cut]


def _open(path: Path, content: str) -> Image.Image:
    """The image of a planned file, after up to three tries to read it."""
    for pause in (*RETRY_PAUSES_SECONDS, None):
        try:
            data = decode.read(path)
            break
        except OSError as error:
            if pause is None:
                raise ResourceFault(messages.GONE(path=path, reason=reason(error))) from error
            time.sleep(pause)
    if content_hash(data) != content:
        raise ResourceFault(messages.CHANGED(path=path))
    image = decode.open_image(data)
    assert image is not None, f"{path} was an image when it was planned"
    return image
