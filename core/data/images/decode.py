"""Bytes of an image file to upright 8-bit RGB: EXIF, 16-bit, alpha, CMYK, colour profiles."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms
from PIL.Image import Transpose

from core import files
from core.catalog import Size

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
"""Pillow's names of the kinds that are read, whatever a file's extension says."""

MAX_PIXELS = 180_000_000
"""Larger images are refused from the header alone; the largest cameras make 151 megapixels."""

MAX_BYTES = 512 << 20
"""Larger files are not read: as much as 178 megapixels of three bytes, and several are read at once."""

LARGE_PIXELS = 64_000_000
"""Images of more are worked on one at a time: each may take two gigabytes, and eight threads work."""

ORIENTATION = 0x0112
"""The EXIF tag."""

_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE, 6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
}  # EXIF 2.32, tag 274 # fmt: skip

_SIDEWAYS = (5, 6, 7, 8)
_WHITE = (255, 255, 255, 255)
_large = threading.Lock()


@contextmanager
def room_for(image: Image.Image) -> Iterator[None]:
    """While the pixels of an opened image are worked on; another large one waits meanwhile."""
    with _large if image.width * image.height > LARGE_PIXELS else nullcontext():
        yield


class TooDeep(ValueError):
    """The image has numbers whose range is not known: 32-bit integers or floats."""


def read(path: Path) -> bytes:
    """The bytes of an image file. Raises OSError, see `files.read`."""
    return files.read(path, MAX_BYTES)


def open_image(data: bytes) -> Image.Image | None:
    """The image with its header read, its pixels not yet; None when the bytes are of no known kind.

    Goes round Image.open, whose limit on pixels is a global and whose warning can't be told from one thread
    to another; the limit here is MAX_PIXELS, kept by the caller. Raises whatever Pillow raises for a broken
    header.
    """
    Image.init()
    for name in FORMATS:
        if name not in Image.OPEN:
            continue  # a Pillow built without it
        factory, accepts = Image.OPEN[name]
        if accepts is None or accepts(data[:16]) is True:
            return factory(io.BytesIO(data), "")
    return None


def orientation(image: Image.Image) -> int:
    """The EXIF orientation as written, 1 when there is none; values other than 1 to 8 occur.

    Ask after load(): a PNG may hold it behind its pixels, and Pillow itself turns TIFF files.
    """
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except (SyntaxError, ValueError, TypeError, KeyError, IndexError, OSError, struct.error):
        return 1  # broken EXIF; the pixels are whole
    return value if isinstance(value, int) and value else 1  # 0: some cameras' word for unknown


def upright_size(image: Image.Image, stored: Size) -> Size:
    """The size as seen, from the size as stored in the header."""
    return Size(stored.height, stored.width) if orientation(image) in _SIDEWAYS else stored


def upright_rgb(image: Image.Image) -> Image.Image:
    """The loaded image turned upright, in 8-bit sRGB, transparent parts on white.

    Raises TooDeep, and whatever Pillow raises for broken pixels.
    """
    image.load()
    turn = _UPRIGHT.get(orientation(image))
    profile = image.info.get("icc_profile")
    rgb = _rgb(image, profile if isinstance(profile, bytes) else b"")
    return rgb if turn is None else rgb.transpose(turn)


def turned_upright(image: Image.Image) -> Image.Image:
    """The loaded image turned upright, in its own colours."""
    turn = _UPRIGHT.get(orientation(image))
    return image if turn is None else image.transpose(turn)


def upright_alpha(image: Image.Image) -> Image.Image | None:
    """How opaque each pixel of the loaded image is, upright, 8-bit; None when it has no transparency."""
    image.load()
    if not image.has_transparency_data:
        return None
    turn = _UPRIGHT.get(orientation(image))
    alpha = image.convert("RGBA").getchannel("A")
    return alpha if turn is None else alpha.transpose(turn)


def _rgb(image: Image.Image, profile: bytes) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Pillow's own conversion clips to 255 and turns such images almost white.
        deep = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((deep + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        raise TooDeep(image.mode)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image).convert("RGB")
    elif image.mode in ("P", "1", "LAB", "HSV", "YCbCr"):
        image = image.convert("RGB")
    return _srgb(image, profile) if profile else image.convert("RGB")


def _srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The colours moved from the image's own colour space to sRGB; as they are if its profile is broken."""
    try:
        space = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(space).casefold():
            return image.convert("RGB")
        moved = ImageCms.profileToProfile(image, space, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, ImportError, OSError, ValueError):
        return image.convert("RGB")  # a broken or foreign profile; viewers show it like this too
    return image.convert("RGB") if moved is None else moved
