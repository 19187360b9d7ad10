"""The files that go with an image: its captions, and what sd-scripts has cached of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from core.data.captions.captions import dotted
from core.data.intake.gather import CAPTION_SUFFIXES
from core.data.names import is_image, nfc

_CACHE = re.compile(r"(_\d+x\d+)?(_(?:sd|sdxl|sd3|flux))?(_te)?\.npz")
"""What comes behind an image's name in those of sd-scripts' caches, as in `001_0512x0512_sd.npz`."""


def captions_of(image: Path, beside: Sequence[Path], extension: str) -> list[Path]:
    """Caption files of this image alone. beside: the files of its folder. extension: as it is set."""
    suffixes = {*CAPTION_SUFFIXES, dotted(extension)}
    if _is_shared(image, beside):
        return []
    stem = nfc(image.stem)
    return [path for path in beside if nfc(path.stem) == stem and path.suffix.lower() in suffixes]


def caches_of(image: Path, beside: Sequence[Path]) -> list[Path]:
    """Caches that sd-scripts has written beside this image and no other."""
    stems = {nfc(path.stem) for path in beside if is_image(path)} - {nfc(image.stem)}
    if _is_shared(image, beside):
        return []
    return [
        path
        for path in beside
        if nfc(path.name).startswith(nfc(image.stem))
        and _CACHE.fullmatch(nfc(path.name)[len(nfc(image.stem)) :])
        and nfc(path.stem) not in stems
    ]


def _is_shared(image: Path, beside: Sequence[Path]) -> bool:
    """Whether another image has the same name but for its extension: the files beside are of both then."""
    return any(is_image(path) and path != image and nfc(path.stem) == nfc(image.stem) for path in beside)
