"""An image turned upright, turned further, or cropped, as the bytes of a file of the same kind."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from PIL import Image
from PIL.Image import Transpose

from core.data.curate import messages
from core.data.images import decode
from core.errors import UserError

JPEG_QUALITY = 98
"""With colours at full size: what a second compression changes then is not seen, and the original is kept."""

_SAVED: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": JPEG_QUALITY, "subsampling": 0},
    "WEBP": {"lossless": True, "exact": True},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
}
_TURNS = MappingProxyType({1: Transpose.ROTATE_270, 2: Transpose.ROTATE_180, 3: Transpose.ROTATE_90})
_LEAST_SIDE = 16
"""Pixels that a crop leaves at least."""


@dataclass(frozen=True)
class Edit:
    """quarters: turns to the right, of 90 degrees each, after the image was turned upright.

    crop: left, top, right and bottom of what is kept, after the turn, as shares of width and height.
    """

    quarters: int = 0
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)


def rewritten(path: Path, edit: Edit) -> bytes:
    """The file's image, edited. Raises UserError for what can't be read or written."""
    try:
        image = decode.open_image(decode.read(path))
        if image is None or image.width * image.height > decode.MAX_PIXELS:
            raise UserError(messages.UNREADABLE(path=path))
        with decode.room_for(image):
            return _edited(path, image, edit)
    except (UserError, MemoryError):
        raise
    except Exception as error:  # Pillow raises nearly anything for a broken file
        raise UserError(messages.UNREADABLE(path=path)) from error


def _edited(path: Path, image: Image.Image, edit: Edit) -> bytes:
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    is_moving = kind != "JPEG" and getattr(image, "n_frames", 1) > 1
    if kind not in _SAVED or is_moving or image.mode in ("I", "F"):
        raise UserError(messages.NO_FORMAT(path=path))
    image.load()
    # TIFF files are turned by Pillow itself when they are loaded.
    upright = decode.turned_upright(image)
    turned = upright.transpose(_TURNS[edit.quarters % 4]) if edit.quarters % 4 else upright
    kept = turned.crop(_box(turned, edit.crop))
    if kind == "JPEG" and kept.mode not in ("RGB", "L", "CMYK"):
        kept = kept.convert("RGB")
    profile = image.info.get("icc_profile")
    more = {"icc_profile": profile} if isinstance(profile, bytes) and kind != "BMP" else {}
    file = io.BytesIO()
    kept.info = {name: kept.info[name] for name in ("transparency",) if name in kept.info}
    kept.save(file, kind, **_SAVED[kind], **more)
    return file.getvalue()


def _box(image: Image.Image, crop: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """The crop in whole pixels, of at least _LEAST_SIDE a side where the image has them."""
    across = _span(crop[0], crop[2], image.width)
    down = _span(crop[1], crop[3], image.height)
    return across[0], down[0], across[1], down[1]


def _span(start: float, end: float, size: int) -> tuple[int, int]:
    least = min(_LEAST_SIDE, size)
    first = min(max(0, round(start * size)), size - least)
    return first, min(size, max(first + least, round(end * size)))
