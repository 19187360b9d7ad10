"""Mask files of the pictures: found by name, one for each, of its shape."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.catalog import Size
from core.config.schema.dataset import DatasetConfig
from core.counting import counted
from core.data.images.verify import Look, look
from core.data.names import is_junk, is_picture, nfc
from core.data.records import PlannedImage
from core.data.sources.findings import listed
from core.data.sources.folders import Folder
from core.errors import Problem, plain_problem
from core.files import being_read
from core.patience import Patience, in_order

_KEY = "dataset.conditioning_data_dir"


@dataclass(frozen=True)
class Masked:
    """The pictures, each with its mask where it has one, and what is wrong with the masks."""

    images: tuple[PlannedImage, ...]
    problems: tuple[Problem, ...]


def find(
    images: Sequence[PlannedImage],
    folders: Sequence[Folder],
    settings: Sequence[DatasetConfig],
    look: Callable[[Path], Look] = look,
    patience: Patience | None = None,
) -> Masked:
    """Give each picture the mask of its name below conditioning_data_dir of its own settings.

    The masks of a folder `20_sls frog` lie in a folder of the same name there, or directly there. Every
    training picture needs one; regularization pictures may have one. Each is decoded and hashed once.
    """
    result, problems, unused = [*images], list[Problem](), set[Path]()
    served: dict[Path, list[int]] = {}
    lists: dict[Path, Mapping[str, Path]] = {}
    missing: dict[str, list[str]] = {}
    for index, image in enumerate(images):
        parent = settings[image.settings].conditioning_data_dir
        if parent is None:
            continue
        place = _place(Path(parent), folders[image.folder].path.name)
        if place not in lists:
            paths, found = _listing(place)
            lists[place] = {_name(path): path for path in reversed(paths)}
            problems += found
            unused |= set(paths)
        path = lists[place].get(_name(image.path))
        if path is not None:
            served.setdefault(path, []).append(index)
        elif not image.is_reg and lists[place]:
            missing.setdefault(parent, []).append(_short(image.path))
    problems += [_missing(parent, names) for parent, names in missing.items()]
    problems += [_surplus(sorted(unused - served.keys()))] if unused - served.keys() else []
    looks = _look_at_all([*served], look, patience)
    for path, indices in served.items():
        problems += looks[path].problems
        if len({images[index].path.parent for index in indices}) > 1:
            problems.append(_shared(path, [_short(images[index].path) for index in indices]))
        for index in indices:
            size = looks[path].size
            if size is not None and not is_same_shape(size, images[index].size):
                problems.append(_shape(path, size, images[index]))
            result[index] = replace(images[index], mask_path=path, mask_content=looks[path].content)
    return Masked(tuple(result), tuple(problems))


def is_same_shape(mask: Size, picture: Size) -> bool:
    """Whether the mask, scaled to the picture's width, has its height, to within a pixel of either."""
    return abs(mask.height - mask.width * picture.height / picture.width) <= 1 or (
        abs(picture.height - picture.width * mask.height / mask.width) <= 1
    )


def _place(parent: Path, folder: str) -> Path:
    return parent / folder if os.path.isdir(parent / folder) else parent


def _name(path: Path) -> str:
    return nfc(path.stem).casefold()


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _listing(folder: Path) -> tuple[list[Path], list[Problem]]:
    """The masks directly in a folder, sorted; an error when there are none."""
    try:
        with being_read(folder):
            paths = sorted(path for path in folder.iterdir() if is_picture(path) and not is_junk(path.name))
    except (OSError, ValueError):  # ValueError: a zero byte in the path
        return [], [_no_folder(folder)]
    return paths, [] if paths else [_empty(folder)]


def _look_at_all(
    paths: Sequence[Path], look: Callable[[Path], Look], patience: Patience | None
) -> Mapping[Path, Look]:
    return dict(zip(paths, in_order(look, paths, patience, "masks"), strict=True))


def _no_folder(folder: Path) -> Problem:
    return plain_problem(
        "E-MASK-DIR",
        f"there is no folder of masks {folder}. Check the path, or leave the option empty.",
        f"マスク画像のフォルダ {folder} がありません。パスを確認するか、空欄にしてください。",
        key=_KEY,
        path=str(folder),
    )


def _empty(folder: Path) -> Problem:
    return plain_problem(
        "E-MASK-DIR",
        f"the folder of masks {folder} holds no pictures. Put a mask there for each picture, of its name.",
        f"フォルダ {folder} にマスク画像がありません。各画像と同じ名前のマスク画像を入れてください。",
        key=_KEY,
        path=str(folder),
    )


def _missing(parent: str, names: Sequence[str]) -> Problem:
    shown = listed(names)
    return plain_problem(
        "E-MASK-MISSING",
        f"{counted(len(names), 'picture has', 'pictures have')} no mask of that name in {parent}: "
        f"{shown.en}. "
        "Add the masks (all white: everything counts).",
        f"{parent} に同じ名前のマスクがない画像が{len(names)}枚あります：{shown.ja}。"
        "マスク画像を追加してください（真っ白なら全体を学習します）。",
        key=_KEY,
        path=parent,
    )


def _surplus(paths: Sequence[Path]) -> Problem:
    shown = listed([_short(path) for path in paths])
    return plain_problem(
        "W-MASK-SURPLUS",
        f"{counted(len(paths), 'mask')} without a picture, not used: {shown.en}.",
        f"対応する画像がないマスクが{len(paths)}枚あり、使用しません：{shown.ja}。",
        key=_KEY,
        path=str(paths[0]),
    )


def _shared(path: Path, names: Sequence[str]) -> Problem:
    shown = listed(names)
    return plain_problem(
        "E-MASK-SHARED",
        f"the mask {path} is for several pictures of different folders: {shown.en}. "
        f"Put the masks into folders of the pictures' folder names, as in {path.parent / '20_sls frog'}.",
        f"マスク {path} が異なるフォルダの複数の画像に対応しています：{shown.ja}。"
        f"{path.parent / '20_sls frog'} のように、画像と同じ名前のフォルダに分けて入れてください。",
        key=_KEY,
        path=str(path),
    )


def _shape(path: Path, size: Size, image: PlannedImage) -> Problem:
    width, height = image.size
    return plain_problem(
        "E-MASK-SHAPE",
        f"the mask {path} is {size.width}x{size.height} and its picture {_short(image.path)} "
        f"{width}x{height}, another shape. Make the mask {width}x{height}, or of that ratio.",
        f"マスク {path}（{size.width}x{size.height}）と画像 {_short(image.path)}（{width}x{height}）の"
        f"縦横比が異なります。マスクを{width}x{height}か同じ比率にしてください。",
        key=_KEY,
        path=str(path),
    )
