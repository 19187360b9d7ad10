"""What lies in a folder of this computer, for pages that can't show the system's own dialog."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from ui.window.paths import MODEL_ENDINGS, Paths

KINDS: Mapping[str, tuple[str, ...]] = {
    "folder": (),
    "model": MODEL_ENDINGS,
    "file": (*MODEL_ENDINGS, ".toml", ".json", ".txt"),
    "images": (".zip", ".png", ".jpg", ".jpeg", ".webp", ".bmp"),
}
"""What is looked for -> endings of the files that may be it."""

MOST = 500
"""Entries of one folder."""


@dataclass(frozen=True)
class Entry:
    """A folder or a file. path: as it may stand in a field."""

    name: str
    path: str
    is_folder: bool


@dataclass(frozen=True)
class Listing:
    """A folder. path: "" for the list of those to start from. up: the folder above, None at the top.

    is_choice: whether the folder itself may be what is looked for. left: entries beyond MOST.
    """

    path: str
    up: str | None
    entries: tuple[Entry, ...]
    is_choice: bool = False
    left: int = 0


def listing(paths: Paths, given: str, kind: str) -> Listing:
    """The folder that a path names or lies in; those to start from, where there is none that may be read.

    given: whatever stands in a field. kind: a key of KINDS.
    """
    folder = _folder(paths, given)
    if folder is None:
        return Listing("", None, tuple(_start(paths)))
    found = sorted(_entries(paths, folder, KINDS[kind]), key=lambda e: (not e.is_folder, e.name.casefold()))
    above = folder.parent
    up = paths.short(str(above)) if above != folder and _may(paths, above) else ""
    is_choice = kind in ("folder", "images") or (
        kind == "model" and os.path.isfile(folder / "model_index.json")
    )
    return Listing(paths.short(str(folder)), up, tuple(found[:MOST]), is_choice, max(0, len(found) - MOST))


def _folder(paths: Paths, given: str) -> Path | None:
    """The nearest folder that there is, at the path or above it, and that may be read."""
    try:
        path = paths.confined(given)
    except (UserError, RuntimeError):  # the latter for ~name of nobody
        return None
    return next((one for one in (path, *path.parents) if _may(paths, one) and os.path.isdir(one)), None)


def _may(paths: Paths, folder: Path) -> bool:
    return paths.is_local or paths.is_inside(folder)


def _start(paths: Paths) -> Iterator[Entry]:
    own = (paths.here, Path.home()) if paths.is_local else ()
    for folder in dict.fromkeys((*paths.allowed, *own)):
        if os.path.isdir(folder):
            yield Entry(str(folder), paths.short(str(folder)) or str(folder), True)


def _entries(paths: Paths, folder: Path, endings: tuple[str, ...]) -> Iterator[Entry]:
    """What is hidden is left out, and over the network links that lead out of the allowed folders."""
    try:
        found = list(os.scandir(folder))
    except OSError:
        return
    for entry in found:
        name = entry.name
        if (
            name.startswith(".")
            or not name.isprintable()
            or (entry.is_symlink() and not _may(paths, Path(entry)))
        ):
            continue
        try:
            is_folder = entry.is_dir()
        except OSError:
            continue
        if is_folder or name.lower().endswith(endings or ("\0",)):
            yield Entry(name, paths.short(entry.path), is_folder)
