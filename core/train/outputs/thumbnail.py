"""The thumbnail of a model in its own file: the newest sample, small, as modelspec.thumbnail."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

from core.config.schema.save import SaveConfig
from core.formats import added_metadata, metadata

SIDE = 256
"""Pixels of the longer side, as the model metadata standard recommends."""

MOST_BYTES = 24 * 1024
"""Of the JPEG; a header is read whole by every program that lists models."""

QUALITIES = (85, 70, 50, 30, 10)
LARGEST_FILE = 1 << 30
"""Bytes of a file that is written once more for the sample of its own step."""


class Thumbnail:
    """The newest image of a run's first prompt, as far as one was drawn and one is wanted."""

    def __init__(self, config: SaveConfig) -> None:
        self._is_wanted = config.thumbnail and not config.no_metadata
        self._step, self._url = -1, ""

    @property
    def metadata(self) -> dict[str, str]:
        """What a file that is saved now gets."""
        return {metadata.THUMBNAIL: self._url} if self._url else {}

    def take(self, image: Image.Image, step: int) -> None:
        """An image that was drawn after so many steps."""
        if self._is_wanted:
            self._step, self._url = step, data_url(image)

    def put_into(self, path: Path, step: int) -> bool:
        """Give a file that was saved before the sample of its own step that sample; whether it has it now.

        A file that can't be written again stays as it is: it is whole without.
        """
        if self._step != step or path.suffix != ".safetensors":
            return False
        try:
            return path.stat().st_size <= LARGEST_FILE and added_metadata.add(path, self.metadata)
        except OSError:
            return False


def data_url(image: Image.Image) -> str:
    """An image as the text of a small JPEG."""
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    data = b""
    for quality in QUALITIES:
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=quality, optimize=True)
        data = buffer.getvalue()
        if len(data) <= MOST_BYTES:
            break
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"
