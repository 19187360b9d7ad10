"""Images as the page shows them: made anew, small, in a private folder; never a user's own file."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from core.data.images import decode

MOST_PROMISED = 4_000
"""Images that are made when they are asked for; older ones are forgotten, a new look at them helps."""


class Thumbs:
    """Makes thumbnails once and keeps them in a folder that only this window serves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._promised: dict[str, tuple[Path, int]] = {}

    def of(self, path: Path, side: int = 768) -> Path:
        """An image file, at most `side` pixels large. Raises OSError when it can't be read."""

        def draw() -> Image.Image:
            image = upright(path)
            image.thumbnail((side, side))
            return image

        return self.made(f"{key_of(path)}|{side}", draw)

    def later(self, path: Path, side: int) -> Path:
        """What `of` would give, made only when a page asks for it. Raises OSError when the image is gone."""
        place = self._place(f"{key_of(path)}|{side}")
        self._promised[place.name] = (path, side)
        while len(self._promised) > MOST_PROMISED:
            del self._promised[next(iter(self._promised))]
        return place

    def asked(self, name: str) -> Path | None:
        """The file of this name: made before, or promised by `later`; None when it is neither."""
        file = self.folder / name
        if file.is_file() or name not in self._promised:
            return file if file.is_file() else None
        try:
            made = self.of(*self._promised[name])
        except OSError:
            return None  # gone or damaged since
        return made if made == file else None

    def known(self, path: Path, side: int = 768) -> Path | None:
        """What `of` gives when it is made already. Raises OSError when the image is gone."""
        made = self._place(f"{key_of(path)}|{side}")
        return made if made.is_file() else None

    def _place(self, key: str) -> Path:
        name = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=16).hexdigest()
        return self.folder / f"{name}.webp"

    def made(self, key: str, draw: Callable[[], Image.Image]) -> Path:
        """The file of an image that `draw` makes when it is not there yet."""
        path = self._place(key)
        if not path.is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            # A name of its own for each thread: two pages may ask for the same image at once.
            beside = path.with_suffix(f".{threading.get_ident()}.tmp")
            draw().save(beside, "WEBP", quality=90)
            os.replace(beside, path)
        return path


def key_of(path: Path) -> str:
    """Changes whenever the file does. Raises OSError when it is gone."""
    state = path.stat()
    return f"{path}|{state.st_mtime_ns}|{state.st_size}"


def upright(path: Path) -> Image.Image:
    """The image in 8-bit sRGB, turned as it is seen. Raises OSError when it can't be read or shown."""
    data = decode.read(path)
    try:
        image = decode.open_image(data)
        if image is None or image.width * image.height > decode.MAX_PIXELS:
            raise OSError(f"{path.name} is no image, or too large to be shown")
        with decode.room_for(image):
            return decode.upright_rgb(image)
    except OSError:
        raise
    except Exception as error:  # Pillow raises nearly anything for a broken file
        raise OSError(f"{path.name} is damaged") from error
