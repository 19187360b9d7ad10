"""Small images and datasets for the tests of core.data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from core.catalog import Size
from core.config.schema.dataset import DatasetConfig
from core.data.buckets import choose
from core.data.plan.plan import Plan, make
from core.data.records import PlannedImage

SQUARE = (64, 64)
TALL = (64, 192)


def draw(path: Path, size: tuple[int, int] = SQUARE, colour: Any = (200, 30, 30), **save: Any) -> Path:
    """An image of one colour, its folder made when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, **save)
    return path


def fill(parent: Path, folders: Mapping[str, int], size: tuple[int, int] = SQUARE) -> Path:
    """Folders with that many images each: {"20_sls frog": 2}; every image has bytes of its own."""
    for name, count in folders.items():
        for i in range(count):
            draw(parent / name / f"{i:03}.png", size, (i, len(name), 90))
    return parent


def config(train: Path, reg: Path | None = None, **options: Any) -> DatasetConfig:
    """Options for images of 64 pixels; the buckets are 64x64, 64x128, 64x192 and their transposes."""
    resolution = TALL if options.get("enable_bucket") else SQUARE
    defaults = {"resolution": resolution, "min_bucket_reso": 64, "max_bucket_reso": 256}
    return DatasetConfig(
        train_data_dir=str(train), reg_data_dir=None if reg is None else str(reg), **{**defaults, **options}
    )


def plan(train: Path, reg: Path | None = None, seed: int = 1, **options: Any) -> Plan:
    return make(config(train, reg, **options), seed)


def codes(problems: Any) -> list[str]:
    return sorted(problem.code for problem in problems)


def planned(
    bucket: tuple[int, int] = SQUARE,
    *,
    folder: int = 0,
    is_reg: bool = False,
    repeats: int = 1,
    name: str = "a.png",
) -> PlannedImage:
    """A record without a file behind it, of exactly its bucket's size."""
    size = Size(*bucket)
    return PlannedImage(Path(name), folder, is_reg, repeats, size, choose(size, [size]), "", None, name)
