"""An image as a tagger's model wants it: square, of its size, in its order of colours and values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.captioners.manifest import Manifest

_FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
    "area": Image.Resampling.BOX,
    "nearest": Image.Resampling.NEAREST,
}


def squared(image: Image.Image, manifest: Manifest, side: int) -> tuple[Image.Image, NDArray[np.bool_]]:
    """The image of side x side pixels, and where in it the image lies: all of it where nothing is padded.

    image: upright RGB without transparency. Padded before it is resized, so that its shape is kept; an odd
    pixel of padding is on the right or below.
    """
    resize = _FILTERS[manifest.filter]
    valid = np.ones((side, side), np.bool_)
    if manifest.pad is None or image.width == image.height:
        return image.resize((side, side), resize), valid
    longest = max(image.size)
    left, top = (longest - image.width) // 2, (longest - image.height) // 2
    canvas = Image.new("RGB", (longest, longest), manifest.pad)
    canvas.paste(image, (left, top))
    scale = side / longest
    rows, columns = (
        (start * scale, (start + length) * scale)
        for start, length in ((top, image.height), (left, image.width))
    )
    valid[: round(rows[0])] = valid[round(rows[1]) :] = False
    valid[:, : round(columns[0])] = valid[:, round(columns[1]) :] = False
    return canvas.resize((side, side), resize), valid


def values(image: Image.Image, manifest: Manifest) -> NDArray[np.float32]:
    """The pixels of a squared image as numbers, (rows, columns, 3) or (3, rows, columns) by its layout."""
    mean, std = (np.asarray(each, np.float32) for each in (manifest.mean, manifest.std))
    rgb = (np.asarray(image, np.float32) / np.float32(manifest.scale) - mean) / std
    ordered = rgb[..., ::-1] if manifest.channels == "bgr" else rgb
    return np.ascontiguousarray(ordered if manifest.layout == "nhwc" else ordered.transpose(2, 0, 1))


def batch(
    images: Sequence[Image.Image], manifest: Manifest, side: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The input of these images, and where in each of them the image lies, (images, side, side)."""
    made = [squared(image, manifest, side) for image in images]
    return (
        np.stack([values(image, manifest) for image, _ in made]),
        np.stack([valid for _, valid in made]),
    )
