"""The folders of the guide, `20_sls frog`: found below their parent, with what is odd about them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from core.counting import listed
from core.data.names import (
    FOREIGN_SUFFIXES,
    complaint,
    is_excluded,
    is_image,
    is_junk,
    is_text,
    nfc,
    shown,
    suggestion,
)
from core.data.names import parse as parse
from core.data.sources import messages
from core.errors import Problem
from core.files import being_read


@dataclass(frozen=True)
class Folder:
    """One folder of images: its prompt, and how often an epoch goes through it; `images` sorted by name.

    settings: index into the plan's settings. dataset: number of the dataset it belongs to.
    """

    path: Path
    repeats: int
    prompt: str
    is_reg: bool
    images: tuple[Path, ...]
    settings: int = 0
    dataset: int = 0


@dataclass(frozen=True)
class Scan:
    """What lies below a parent folder; `problems` hold errors (E-...) and warnings (W-...)."""

    folders: tuple[Folder, ...]
    problems: tuple[Problem, ...]


def by_name(path: Path) -> tuple[str, str]:
    """Sort key that is the same on every file system: the composed name, then the name as it is."""
    return nfc(path.name), path.name


def scan(parent: Path, is_reg: bool) -> Scan:
    """The folders directly below `parent`, sorted by name, each with its images.

    A parent that is itself a folder such as `20_sls frog` and holds images is the one folder.
    A wrongly named folder is a warning while a right one remains, else an error; the same with images that
    lie beside the folders. Never raises for what a user can put right.
    """
    key = "dataset.reg_data_dir" if is_reg else "dataset.train_data_dir"
    try:
        entries = sorted(parent.iterdir(), key=by_name)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        return Scan((), (_missing(parent, key, error),))
    problems: list[Problem] = []
    folders: list[Folder] = []
    misnamed: list[Path] = []
    for path in entries:
        if is_junk(path.name) or is_excluded(path.name) or not os.path.isdir(path):
            continue
        named = parse(path.name)
        if _is_loop(path, parent):
            problems.append(messages.LOOP(path=path))
        elif named is None:
            misnamed.append(path)
        else:
            images, more = _images(path)
            folders.append(Folder(path, *named, is_reg, images))
            problems += more
    loose = [path for path in entries if is_image(path) and os.path.isfile(path)]
    own = parse(parent.resolve().name)
    if loose and own is not None and not any(folder.images for folder in folders):
        images, more = _images(parent)
        whole = parent.resolve()
        leaf = messages.LEAF_CHOSEN(path=parent, key=key, folder=whole.name, parent=whole.parent)
        return Scan((Folder(parent, *own, is_reg, images),), (leaf, *more))
    return Scan(tuple(folders), (*_layout(parent, key, folders, misnamed, loose), *problems))


def single(path: Path, repeats: int, prompt: str, is_reg: bool) -> Scan:
    """One folder of images whose name means nothing, as a dataset_config names it; always in the result."""
    key = "dataset.dataset_config"
    problems: list[Problem] = []
    images: tuple[Path, ...] = ()
    if not os.path.isdir(path):
        problems.append(messages.NO_SUCH_FOLDER(path=path, key=key))
    else:
        images, problems = _images(path)
        if not images and not any(problem.is_error for problem in problems):
            problems.append(messages.FOLDER_EMPTY(path=path, key=key))
    return Scan((Folder(path, repeats, prompt, is_reg, images),), tuple(problems))


def _images(folder: Path) -> tuple[tuple[Path, ...], list[Problem]]:
    """The images directly in a folder, sorted by name, and what is odd about its other contents."""
    try:
        with being_read(folder):
            entries = sorted(folder.iterdir(), key=by_name)
    except OSError as error:
        return (), [messages.FOLDER_UNREADABLE(path=folder, reason=error.strerror)]
    entries = [path for path in entries if not is_junk(path.name)]
    images, problems = [], []
    for path in entries:
        if os.path.isdir(path):
            if is_excluded(path.name):
                continue
            if _is_loop(path, folder):
                problems.append(messages.LOOP(path=path))
            elif _holds_images(path):
                problems.append(messages.NESTED(path=path))
        elif is_image(path):
            if is_text(path.name):
                images.append(path)
            else:
                problems.append(messages.NAME_NOT_TEXT(path=shown(str(path))))
        elif path.suffix.lower() in FOREIGN_SUFFIXES:
            problems.append(messages.FOREIGN_FORMAT(path=path, suffix=path.suffix))
    return tuple(images), problems


def _layout(
    parent: Path, key: str, folders: list[Folder], misnamed: list[Path], loose: list[Path]
) -> list[Problem]:
    """What is wrong with the parent as a whole; errors when nothing is left to train on."""
    filled = [folder for folder in folders if folder.images]
    problems = _misnamed(parent, key, misnamed)
    problems += [messages.FOLDER_EMPTY(path=f.path, key=key) for f in folders if not f.images]
    tree = _tree(parent, key == "dataset.reg_data_dir")
    if loose:
        names = f"{loose[0].name} ..." if len(loose) > 1 else loose[0].name
        problems.append(messages.LOOSE_IMAGES(path=parent, key=key, count=len(loose), names=names, tree=tree))
    elif not filled and not problems:
        problems.append(messages.NOTHING_BELOW(path=parent, key=key, tree=tree))
    return [problem.as_warning() for problem in problems] if filled else problems


_EACH = 3
"""Wrongly named folders that are told one by one; of more, such as those of all one's photos, the names."""


def _misnamed(parent: Path, key: str, misnamed: list[Path]) -> list[Problem]:
    if len(misnamed) > _EACH:
        names = listed([shown(path.name) for path in misnamed])
        example = suggestion(misnamed[0].name)
        return [
            messages.FOLDER_NAMES(path=parent, key=key, count=len(misnamed), names=names, suggestion=example)
        ]
    return [
        messages.FOLDER_NAME(
            path=shown(str(path)), key=key, reason=complaint(path.name), suggestion=suggestion(path.name)
        )
        for path in misnamed
    ]


def _is_loop(path: Path, parent: Path) -> bool:
    """Whether a folder is a link to the parent or to one above it, so that it holds the parent itself."""
    real = os.path.realpath(path)
    top = os.path.realpath(parent)
    return top == real or top.startswith(real.rstrip(os.sep) + os.sep)


def _holds_images(folder: Path) -> bool:
    try:
        return any(is_image(path) for path in folder.iterdir())
    except OSError:
        return False  # a folder we may not look into holds nothing that could be used


def _tree(parent: Path, is_reg: bool) -> str:
    """How it should look, drawn."""
    name = "1_frog" if is_reg else "20_sls frog"
    return f"{parent.name or parent}/\n    {name}/\n        a.png\n        b.png"


def _missing(parent: Path, key: str, error: OSError | ValueError) -> Problem:
    if isinstance(error, NotADirectoryError):
        return messages.NOT_A_FOLDER(path=parent, key=key)
    if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
        return messages.FOLDER_UNREADABLE(path=parent, key=key, reason=error.strerror)
    return messages.NO_SUCH_FOLDER(path=parent, key=key)
