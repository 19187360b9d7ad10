"""A planned picture as the pixels that are trained: opened upright, resized, cut, recoloured, mirrored."""

from __future__ import annotations

import hashlib
import random
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.catalog import Size
from core.config.schema_dataset import DatasetConfig
from core.data import pixels
from core.data.records import PlannedImage, Sample
from core.errors import Problem, ResourceFault

Pixels = NDArray[np.uint8]
"""(H, W, 3), 0 to 255, sRGB."""

RETRY_PAUSES_SECONDS = (0.2, 1.0)
"""Waits between three tries to read a file; network drives come back."""

COLOR_AUG_RATE = 0.33
HUE_TURN = 8 / 180
"""Largest hue shift either way, of a whole turn; sd-scripts: 8 on OpenCV's scale of 180."""
GAMMA_RANGE = (0.95, 1.05)


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

    Without a sample: the plan's own cut, not mirrored, colours as they are (what a latent cache holds). With
    one, and config.color_aug on, `rng` decides the colours: keys.rng(seed, "color", epoch, sample.slot).
    Raises ResourceFault when the file is gone, or no longer the one that was planned.
    """
    picture = _open(image)
    if Size(*picture.size) != image.size:
        raise _changed(image.path)
    left, top = (image.fit.crop_left, image.fit.crop_top) if sample is None else sample.crop
    bucket = image.fit.bucket
    full = resize(np.asarray(picture), image.fit.resized)
    cut = full[top : top + bucket.height, left : left + bucket.width]
    if sample is not None and config is not None and config.color_aug:
        assert rng is not None, "color_aug needs a generator"
        cut = recolour(cut, rng)
    if sample is not None and sample.flip:
        cut = cut[:, ::-1]
    return np.ascontiguousarray(cut)


def resize(full: Pixels, size: Size) -> Pixels:
    """The picture at another size: area mean when no side grows, else Lanczos, as in sd-scripts."""
    height, width = full.shape[:2]
    if (width, height) == size:
        return full
    if size.width <= width and size.height <= height:
        rows = _area_mean(full, size.height)
        columns = _area_mean(np.ascontiguousarray(rows.swapaxes(0, 1)), size.width)
        mean: Pixels = np.rint(columns.swapaxes(0, 1)).astype(np.uint8)
        return mean
    return np.asarray(Image.fromarray(full).resize(size, Image.Resampling.LANCZOS))


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
    """Every hue moved along the colour circle; turn: share of the whole circle, greys stay."""
    hsv = np.array(Image.fromarray(cut).convert("HSV"))
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + round(turn * 256)) % 256
    return np.asarray(Image.fromarray(hsv, "HSV").convert("RGB"))


def gamma(cut: Pixels, exponent: float) -> Pixels:
    """Values, as 0 to 1, taken to a power; black and white stay."""
    table = np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return table[cut]


def _open(image: PlannedImage) -> Image.Image:
    """The upright RGB picture of a planned image, after up to three tries to read it."""
    for pause in (*RETRY_PAUSES_SECONDS, None):
        try:
            data = image.path.read_bytes()
            break
        except OSError as error:
            if pause is None:
                raise _gone(image.path, error) from error
            time.sleep(pause)
    if content_hash(data) != image.content:
        raise _changed(image.path)
    picture = pixels.open_picture(data)
    assert picture is not None, f"{image.path} was a picture when it was planned"
    return pixels.upright_rgb(picture)


def _gone(path: Path, error: OSError) -> ResourceFault:
    return ResourceFault(
        Problem(
            "E-IMG-GONE",
            f"the picture {path} can't be read any more: {error.strerror}. Put it back, then resume.",
            f"画像 {path} を読み込めなくなりました（{error.strerror}）。元に戻してから再開してください。",
            path=str(path),
        )
    )


def _changed(path: Path) -> ResourceFault:
    return ResourceFault(
        Problem(
            "E-IMG-CHANGED",
            f"the picture {path} was changed while the run was going. Start a new run to train with it.",
            f"画像 {path} が学習中に変更されました。変更後の画像で学習するには、新しく学習を始めてください。",
            path=str(path),
        )
    )
