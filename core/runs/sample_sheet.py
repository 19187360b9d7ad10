"""The sample images of a run on one sheet: a row for each prompt, a column for each step, same seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    cells = {row: [_open(places[s]) if s in places else None for s in steps] for row, places in rows.items()}
    sheet = drawn([f"{step_word} {step}" for step in steps], [(_label(r), c) for r, c in cells.items()])
    if sheet is not None:
        sheet.save(path)
    return sheet is not None


def drawn(
    columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Image.Image | None]]], title: str = ""
) -> Image.Image | None:
    """Images in rows, a label above each row and each column; None without any. An empty cell stays blank.

    rows: label of each, and its image in each column. title: a line above all, "" for none.
    """
    widths = [image.width for _, cells in rows for image in cells if image is not None]
    if not widths:
        return None
    width, font, line = max(widths), ImageFont.load_default(14), 20
    heights = [max((p.height for p in cells if p is not None), default=0) for _, cells in rows]
    top = MARGIN + (line + MARGIN if title else 0)
    total = top + sum(height + line + MARGIN for height in heights)
    sheet = Image.new("RGB", (MARGIN + len(columns) * (width + MARGIN), line + total), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN), title, INK, font)
    for column, label in enumerate(columns):
        draw.text((MARGIN + column * (width + MARGIN), top), label, INK, font)
    top += line
    for (label, cells), height in zip(rows, heights, strict=True):
        draw.text((MARGIN, top), label, INK, font)
        for column, image in enumerate(cells):
            if image is not None:
                sheet.paste(image, (MARGIN + column * (width + MARGIN), top + line))
        top += height + line + MARGIN
    return sheet


def _open(path: Path) -> Image.Image | None:
    try:
        with Image.open(path) as file:
            image = file.convert("RGB")
    except OSError:
        return None
    image.thumbnail((LARGEST_CELL, LARGEST_CELL))
    return image


def _label(row: Row) -> str:
    """Prompt and seed."""
    return f"{latin(row.prompt)[:60]}  (seed {row.seed})"


def latin(text: str) -> str:
    """As the built-in font can write it, which knows Latin letters only: other characters become dots."""
    return "".join(c if c.isascii() and c.isprintable() else "·" for c in text)
