"""The sample images of a run on one sheet: a row for each prompt, a column for each step, same seeds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from core.events import Event, Saved

MARGIN = 12
LARGEST_CELL = 256
"""Pixels; larger images are shrunk to it."""

PAPER, INK = (255, 255, 255), (60, 60, 67)


class Row(NamedTuple):
    """What the images of one row have in common."""

    number: int
    prompt: str
    seed: int


def grid(events: Iterable[Event]) -> tuple[list[int], dict[Row, dict[int, Path]]]:
    """The steps that have samples, in order, and for each prompt the image of each step."""
    rows: dict[Row, dict[int, Path]] = {}
    for event in events:
        if isinstance(event, Saved) and event.kind == "sample":
            info = event.info
            row = Row(int(info.get("number", 0)), str(info.get("prompt", "")), int(info.get("seed", 0)))
            rows.setdefault(row, {})[event.step] = Path(event.path)
    steps = sorted({step for images in rows.values() for step in images})
    return steps, dict(sorted(rows.items()))


def write(events: Iterable[Event], path: Path, step_word: str = "step") -> bool:
    """Draw the sheet as PNG; False when the run drew no samples. Deleted images are left blank."""
    steps, rows = grid(events)
    cells = {(row, step): _open(p) for row, images in rows.items() for step, p in images.items()}
    images = {place: image for place, image in cells.items() if image is not None}
    if not images:
        return False
    width = max(image.width for image in images.values())
    heights = {row: max((p.height for (r, _), p in images.items() if r == row), default=0) for row in rows}
    font = ImageFont.load_default(14)
    line = 20
    total = sum(height + line + MARGIN for height in heights.values())
    sheet = Image.new("RGB", (MARGIN + len(steps) * (width + MARGIN), MARGIN + line + total), PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, step in enumerate(steps):
        draw.text((MARGIN + column * (width + MARGIN), MARGIN), f"{step_word} {step}", INK, font)
    top = MARGIN + line
    for row, height in heights.items():
        draw.text((MARGIN, top), _label(row), INK, font)
        for column, step in enumerate(steps):
            image = images.get((row, step))
            if image is not None:
                sheet.paste(image, (MARGIN + column * (width + MARGIN), top + line))
        top += height + line + MARGIN
    sheet.save(path)
    return True


def _open(path: Path) -> Image.Image | None:
    try:
        with Image.open(path) as file:
            image = file.convert("RGB")
    except OSError:
        return None
    image.thumbnail((LARGEST_CELL, LARGEST_CELL))
    return image


def _label(row: Row) -> str:
    """Prompt and seed; the built-in font knows Latin letters only, other characters become dots."""
    text = "".join(c if c.isascii() and c.isprintable() else "·" for c in row.prompt)
    return f"{text[:60]}  (seed {row.seed})"
