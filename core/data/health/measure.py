"""What pixels tell of an image's fitness for training: sharpness, likeness, colours, transparency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.images import decode

SIDE = 512
"""Images are measured at most this large, so that sharpness means the same for all of them."""

TILES = 8
"""Sharpness is taken where the image has the most edges: the strongest TILES of TILES x TILES tiles."""

LEAST_SIDE = 4 * TILES
"""Below this many pixels there is nothing to measure."""

FLAT = 2.0
"""Edge energy (squared difference per pixel, values 0 to 255) below which an image shows nothing."""

TINY_GRID = 8
"""An image in colour on a grid this small stands in for it when two are compared."""

_DCT = np.cos(np.pi / 32 * np.outer(np.arange(1, 9), np.arange(32) + 0.5))
"""Rows 1 to 8 of the cosine transform of 32 values, without the constant row 0; (8, 32)."""


@dataclass(frozen=True)
class Traits:
    """What one look at the pixels gave.

    sharpness: see `sharpness`; None when the image is too small or shows nothing. is_flat: of one colour.
    hash: see `perceptual_hash`. grid: TINY_GRID x TINY_GRID mean colours, 192 bytes. is_grey: no colour in
    it. clear: share of pixels that are not fully opaque, 0 to 1. turned: EXIF orientation, 1 for none. mode:
    Pillow's name of how colours are stored.
    """

    sharpness: float | None
    is_flat: bool
    hash: int
    grid: bytes
    is_grey: bool
    clear: float
    turned: int
    mode: str


def measure(data: bytes) -> Traits:
    """The traits of the bytes of a sound image file. Raises what Pillow raises for a broken one."""
    image = decode.open_image(data)
    if image is None:
        raise OSError("no image")
    mode = image.mode
    if image.format in ("JPEG", "MPO"):
        # Decoded at the closest fraction that is not below SIDE: several times faster.
        scale = SIDE / max(image.size)
        image.draft(None, (max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    with decode.room_for(image):
        image.load()
        turned = decode.orientation(image)
        clear = _clear(image)
        small = decode.upright_rgb(image)
        small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    grey = np.asarray(small.convert("L"), np.float32)
    sharp, is_flat = sharpness(grey)
    colours = np.asarray(small.resize((TINY_GRID, TINY_GRID), Image.Resampling.BOX))
    return Traits(
        sharpness=sharp,
        is_flat=is_flat,
        hash=perceptual_hash(small),
        grid=colours.tobytes(),
        is_grey=_is_grey(small),
        clear=clear,
        turned=turned if 1 <= turned <= 8 else 1,
        mode=mode,
    )


def sharpness(grey: NDArray[np.float32]) -> tuple[float | None, bool]:
    """How sharp the strongest edges of (H, W) values 0 to 255 are, and whether there are none at all.

    The variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR
    2000) over the mean squared gradient, both in the tiles with the largest gradient: contrast and the share
    of plain background fall out, and a sharp subject before a blurred background counts as sharp. An edge
    blurred by a Gaussian of s pixels gives 1 / (2 s^2): what is left is the width of the edges.
    """
    if min(grey.shape) < LEAST_SIDE:
        return None, bool(np.ptp(grey) < FLAT)
    centre = grey[1:-1, 1:-1]
    above, below, left, right = grey[:-2, 1:-1], grey[2:, 1:-1], grey[1:-1, :-2], grey[1:-1, 2:]
    laplacian = _tiles(np.float32(4) * centre - above - below - left - right).var(axis=1)
    energy = _tiles(((right - left) ** 2 + (below - above) ** 2) / 4).mean(axis=1)
    strongest = np.argsort(energy)[-TILES:]
    edges = float(energy[strongest].mean())
    if edges < FLAT:
        return None, True
    return float(laplacian[strongest].mean()) / edges, False


def _tiles(field: NDArray[np.floating]) -> NDArray[np.floating]:
    """(H, W) -> (TILES^2, pixels of a tile); what is left over at the right and bottom is not used."""
    height, width = field.shape[0] // TILES, field.shape[1] // TILES
    cut = field[: height * TILES, : width * TILES].reshape(TILES, height, TILES, width)
    return cut.swapaxes(1, 2).reshape(TILES * TILES, height * width)


def perceptual_hash(image: Image.Image) -> int:
    """64 bits that stay nearly the same when an image is resized, compressed or slightly recoloured.

    Signs of the 8 x 8 lowest cosine frequencies of the image at 32 x 32, against their median. Source:
    pHash, in C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010.
    """
    small = image.convert("L").resize((32, 32), Image.Resampling.BOX)
    waves = _DCT @ np.asarray(small, np.float64) @ _DCT.T
    bits = np.packbits(waves.ravel() > np.median(waves))
    return int.from_bytes(bits.tobytes(), "big")


def _is_grey(image: Image.Image) -> bool:
    """Whether hardly any pixel of an RGB image has a colour: its channels differ by 6 of 255 at most."""
    small = image.resize((64, 64), Image.Resampling.BOX)
    values = np.asarray(small).astype(np.int16)
    return bool(np.quantile(values.max(axis=2) - values.min(axis=2), 0.99) <= 6)


def _clear(image: Image.Image) -> float:
    """Share of pixels that are not fully opaque."""
    if not image.has_transparency_data:
        return 0.0
    alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return float(np.mean(alpha < 255))
