"""Images a user dropped, named or packed, each with its captions: what there is to copy."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.data.names import IMAGE_SUFFIXES, is_junk, nfc, parse

CAPTION_SUFFIXES = (".txt", ".caption")
"""Taken beside the extension that is chosen."""

SLASH = "∕"
"""Stands for / in the name of a file that a browser sent out of a folder: uploads have no folders."""

REG_PLACES = frozenset(
    {"reg", "regs", "regularization", "regularisation", "reg_data", "reg_images", "正則化", "正則化画像"}
)
"""Names of the folder above `1_frog` that say what it holds."""

_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\x7f]')
_DEVICES = re.compile(r"(?:CON|PRN|AUX|NUL|COM[1-9]|LPT[1-9])(?=\.|$)", re.IGNORECASE)
_LONGEST_BYTES = 180


@dataclass(frozen=True)
class Entry:
    """A file as it was found. parts: names of the folders it lay in, then its own."""

    path: Path
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """An image to copy. folder: the one it lay in where that is called like `20_sls frog`, else ""."""

    image: Path
    name: str
    captions: tuple[Path, ...] = ()
    folder: str = ""
    is_reg: bool = False


@dataclass(frozen=True)
class Gathered:
    """What there is to copy. left_out: reason -> names of the files that are not."""

    items: tuple[Item, ...] = ()
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def folders(self) -> dict[str, int]:
        """The folders called like `20_sls frog`, with how many images lie in each."""
        return Counter(item.folder for item in self.items if item.folder)


def dropped(files: Iterable[Path]) -> Iterator[Entry]:
    """Files that a browser sent, each in a folder of its own."""
    for path in files:
        yield Entry(path, tuple(path.name.split(SLASH)))


def named(path: Path) -> Iterator[Entry]:
    """An image with its captions, or a folder's files and those of the folders like `20_sls frog` in it.

    Raises OSError when the folder can't be read.
    """
    if path.is_file():
        yield Entry(path, (path.parent.name, path.name))
        beside = (path.with_suffix(suffix) for suffix in CAPTION_SUFFIXES)
        yield from (Entry(text, (path.parent.name, text.name)) for text in beside if text.is_file())
        return
    if not path.is_dir():
        return
    for child in _listed(path):
        if child.is_file():
            yield Entry(Path(child.path), (path.name, child.name))
        elif child.is_dir() and parse(child.name) is not None:
            inside = (entry for entry in _listed(Path(child.path)) if entry.is_file())
            yield from (Entry(Path(e.path), (path.name, child.name, e.name)) for e in inside)


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: (nfc(entry.name), entry.name))


def paired(entries: Iterable[Entry], caption_extension: str = ".caption") -> Gathered:
    """Images with the caption files of their name in the same folder; nothing is opened."""
    chosen = caption_extension if caption_extension.startswith(".") else f".{caption_extension}"
    suffixes = tuple(dict.fromkeys((chosen.lower(), *CAPTION_SUFFIXES)))
    texts: dict[tuple[tuple[str, ...], str], dict[str, Entry]] = {}
    images: list[Entry] = []
    left_out: dict[str, list[str]] = {}
    for entry in entries:
        name = entry.parts[-1]
        suffix = os.path.splitext(name)[1].lower()
        if any(is_junk(part) for part in entry.parts):
            left_out.setdefault("junk", []).append(name)
        elif suffix in IMAGE_SUFFIXES:
            images.append(entry)
        elif suffix in suffixes:
            texts.setdefault(_stem(entry), {})[suffix] = entry
        else:
            left_out.setdefault("kind", []).append(name)
    items = []
    for entry in images:
        own = texts.get(_stem(entry), {})
        captions = tuple(own[suffix].path for suffix in suffixes if suffix in own)
        items.append(Item(entry.path, safe_name(entry.parts[-1]), captions, *_place(entry.parts)))
    orphans = texts.keys() - {_stem(entry) for entry in images}
    if orphans:
        left_out["orphan"] = [e.parts[-1] for stem in texts if stem in orphans for e in texts[stem].values()]
    return Gathered(tuple(items), {reason: tuple(names) for reason, names in left_out.items()})


def _stem(entry: Entry) -> tuple[tuple[str, ...], str]:
    return entry.parts[:-1], nfc(os.path.splitext(entry.parts[-1])[0]).casefold()


def _place(parts: Sequence[str]) -> tuple[str, bool]:
    """The folder's name where it is like `20_sls frog`, and whether one above says regularization."""
    folder = nfc(parts[-2]) if len(parts) > 1 and parse(parts[-2]) is not None else ""
    return safe_name(folder) if folder else "", any(part.casefold() in REG_PLACES for part in parts[:-2])


def safe_name(name: str) -> str:
    """A file or folder name that every system takes, as close to this one as can be."""
    plain = _FORBIDDEN.sub("_", nfc(name).replace("/", "_").replace("\\", "_"))
    plain = plain.encode("utf-8", "replace").decode("utf-8").rstrip(". ").lstrip(" ")
    if not plain.strip("._ "):
        plain = f"_{plain.lstrip('_')}"
    if _DEVICES.match(plain):
        plain = f"_{plain}"
    stem, suffix = os.path.splitext(plain)
    while len((stem + suffix).encode()) > _LONGEST_BYTES and stem:
        stem = stem[:-1]
    return stem.rstrip(" ") + suffix
