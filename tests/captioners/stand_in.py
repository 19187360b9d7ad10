"""A tagger that needs no library: what it says of an image is told by a function of the test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from PIL import Image

from core.captioners import known
from core.captioners.scores import Picking, Scored


def by_colour(image: Image.Image) -> list[tuple[str, str, float]]:
    """Tags of a plain image: its strongest colour, how light it is, and always the same face."""
    red, green, blue = (int(value) for value in image.resize((1, 1)).getpixel((0, 0)))  # type: ignore[misc]
    strongest = max(
        ("red_(colour)", red), ("green_(colour)", green), ("blue_(colour)", blue), key=lambda c: c[1]
    )
    light = "light_background" if red + green + blue > 380 else "dark_background"
    return [(strongest[0], "general", 0.9), (light, "general", 0.6), ("^_^", "general", 0.5)]


class StandIn:
    """In the place of `Tagger`. Class attributes, so that a test sees what was made of it.

    says: the tags of an image. open: how many are in memory. sizes: images that it was given at once.
    """

    says: Callable[[Image.Image], list[tuple[str, str, float]]] = staticmethod(by_colour)
    open = 0
    sizes: ClassVar[list[int]] = []

    def __init__(self, folder: Path, manifest: Any, device: str) -> None:
        self.fixed_batch: int | None = None
        type(self).open += 1

    def tags(self, images: Sequence[Image.Image], picking: Picking) -> list[list[Scored]]:
        self.sizes.append(len(images))
        return [
            [
                Scored(name, kind, score)
                for name, kind, score in type(self).says(image)
                if kind in picking.categories
            ]
            for image in images
        ]

    def close(self) -> None:
        type(self).open -= 1


def stand_in(monkeypatch: Any, folder: Path) -> Path:
    """Put it in the place of taggers; a folder that is taken for one."""
    monkeypatch.setattr("core.tools.caption.Tagger", StandIn)
    monkeypatch.setattr("core.tools.caption.runtime", lambda: None)
    monkeypatch.setattr(StandIn, "open", 0)
    monkeypatch.setattr(StandIn, "sizes", [])
    place = folder / "wd-swinv2-tagger-v3"
    place.mkdir(parents=True, exist_ok=True)
    for name in known.WD.names:
        (place / name).write_bytes(b"")
    return place
