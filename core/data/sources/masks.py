"""Mask files of the images: by name, one for each, of its shape."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from core.catalog import Size
from core.config.schema.dataset import DatasetConfig
from core.counting import listed
from core.data.images.verify import Verified, verify
from core.data.names import EXCLUDED, is_image, is_junk, nfc, short_name
from core.data.records import PlannedImage
from core.data.sources import messages
from core.data.sources.folders import Folder
from core.errors import Problem
from core.files import being_read
from core.patience import Patience, in_order


def find(
    images: Sequence[PlannedImage],
    folders: Sequence[Folder],
    settings: Sequence[DatasetConfig],
    check: Callable[[Path], Verified] = verify,
    patience: Patience | None = None,
) -> tuple[tuple[PlannedImage, ...], list[Problem]]:
    """The images, each with the mask of its name below its settings' conditioning_data_dir; and problems.

    The masks of a folder `20_sls frog` lie in a folder of the same name there, or directly there. Every
    training image needs one; regularization images may have one. Each is decoded and hashed once.
    """
    result, problems = [*images], list[Problem]()
    served: dict[Path, list[int]] = {}
    missing: dict[str, list[str]] = {}
    lists, unused, faults = _lists(images, folders, settings)
    problems += faults
    filled = {parent for (parent, _), paths in lists.items() if paths}
    for index, image in enumerate(images):
        parent = settings[image.settings].conditioning_data_dir
        if parent is None:
            continue
        path = lists[parent, folders[image.folder].path.name].get(_name(image.path))
        if path is not None:
            served.setdefault(path, []).append(index)
        elif not image.is_reg and parent in filled:
            missing.setdefault(parent, []).append(short_name(image.path))
    problems += [
        messages.MASK_MISSING(path=parent, count=len(names), names=listed(names))
        for parent, names in missing.items()
    ]
    surplus = sorted(unused - served.keys())
    if surplus:
        names = listed([short_name(path) for path in surplus])
        problems.append(messages.MASK_SURPLUS(path=surplus[0], count=len(surplus), names=names))
    files = dict(zip(served, in_order(check, [*served], patience, "masks"), strict=True))
    for path, indices in served.items():
        problems += files[path].problems
        if len({images[index].path.parent for index in indices}) > 1:
            names = listed([short_name(images[index].path) for index in indices])
            example = path.parent / "20_sls frog"
            problems.append(messages.MASK_SHARED(path=path, names=names, example=example))
        for image, index in ((images[index], index) for index in indices):
            size = files[path].size
            if size is not None and not is_same_shape(size, image.size):
                name = short_name(image.path)
                problems.append(messages.MASK_SHAPE(path=path, size=size, image=name, image_size=image.size))
            result[index] = replace(image, mask_path=path, mask_content=files[path].content)
    return tuple(result), problems


def _lists(
    images: Sequence[PlannedImage], folders: Sequence[Folder], settings: Sequence[DatasetConfig]
) -> tuple[dict[tuple[str, str], Mapping[str, Path]], set[Path], list[Problem]]:
    """The masks by name, for each folder of masks and name of a folder of images; all of them; and problems.

    A folder of masks is wrong where it has none for any folder of images: regularization images need none.
    """
    found: dict[tuple[str, str], Mapping[str, Path]] = {}
    faults: dict[str, dict[Path, list[Problem]]] = {}
    filled, files = set[str](), set[Path]()
    for image in images:
        parent, name = settings[image.settings].conditioning_data_dir, folders[image.folder].path.name
        if parent is None or (parent, name) in found:
            continue
        place = _place(Path(parent), name)
        paths, problems = _listing(place)
        found[parent, name] = {_name(path): path for path in reversed(paths)}
        faults.setdefault(parent, {})[place] = problems
        filled |= {parent} if paths else set()
        files |= set(paths)
    wrong = [faults[parent] for parent in faults if parent not in filled]
    return found, files, [problem for places in wrong for those in places.values() for problem in those]


def excluded(image: Path, parent: Path) -> Path | None:
    """The mask that was left out with an excluded image; None without one. parent: the folder of masks."""
    place = _place(parent, image.parent.parent.name) / EXCLUDED
    try:
        paths = sorted(place.iterdir())
    except OSError:
        return None
    return next((path for path in paths if is_image(path) and _name(path) == _name(image)), None)


def is_same_shape(mask: Size, image: Size) -> bool:
    """Whether the mask, scaled to the image's width, has its height, to within a pixel of either."""
    return abs(mask.height - mask.width * image.height / image.width) <= 1 or (
        abs(image.height - image.width * mask.height / mask.width) <= 1
    )


def _place(parent: Path, folder: str) -> Path:
    return parent / folder if os.path.isdir(parent / folder) else parent


def _name(path: Path) -> str:
    return nfc(path.stem).casefold()


def _listing(folder: Path) -> tuple[list[Path], list[Problem]]:
    """The masks directly in a folder, sorted; an error when there are none."""
    try:
        with being_read(folder):
            paths = sorted(path for path in folder.iterdir() if is_image(path) and not is_junk(path.name))
    except (OSError, ValueError):  # ValueError: a zero byte in the path
        return [], [messages.MASK_FOLDER(path=folder)]
    return paths, [] if paths else [messages.MASK_FOLDER_EMPTY(path=folder)]
