"""Images that a user has left out: they lie in folders called `excluded`, and no plan holds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.data.names import is_excluded, is_image
from core.data.plan.plan import Plan


def left_out(plan: Plan) -> dict[Path, tuple[Path, ...]]:
    """The images left out, sorted by name, by the folder that they were left out of.

    Of a folder that was switched off, which lies in `excluded` beside the others, all of its images.
    """
    found: dict[Path, tuple[Path, ...]] = {}
    for folder in dict.fromkeys(folder.path for folder in plan.folders):
        found[folder] = tuple(image for place in _excluded_in(folder) for image in _images(place))
    for parent in dict.fromkeys((plan.config.train_data_dir, plan.config.reg_data_dir)):
        for place in _excluded_in(Path(parent)) if parent else ():
            for folder in _entries(place):
                found.setdefault(folder, _images(folder))
    return {folder: images for folder, images in found.items() if images}


def _excluded_in(folder: Path) -> Iterator[Path]:
    return (path for path in _entries(folder) if is_excluded(path.name) and path.is_dir())


def _images(folder: Path) -> tuple[Path, ...]:
    return tuple(path for path in _entries(folder) if is_image(path) and path.is_file())


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder; nothing where it can't be read."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
