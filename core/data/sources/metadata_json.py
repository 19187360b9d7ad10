"""The metadata of fine-tuning: a JSON file that gives each image its caption, tags and trained size."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, Strict, StringConstraints, ValidationError

from core.catalog import Size, Words
from core.config.file import json_text, toml_text
from core.config.schema.dataset import DatasetConfig
from core.counting import listed
from core.data.captions import captions
from core.data.names import is_image, is_text, nfc, shown
from core.data.sources import messages
from core.errors import Message, Problem, UserError
from core.reading import CORRECT_IT, reading

KEY = "dataset.in_json"

MOST_BYTES = 128 << 20
"""A metadata file of 100,000 images with long captions has half of it."""

MOST_PROBLEMS = 100
"""Of one file that are listed."""

LARGEST_SIDE = 100_000
"""Pixels."""


def named_elsewhere(file: Path) -> tuple[Path, ...]:
    """The folders that a metadata file names itself: of whole paths, and of names with "..", sorted.

    Nothing when the file can't be read, which `read` says.
    """
    try:
        entries = _entries(file)
    except UserError:
        return ()
    names = [Path(name) for name in entries if is_text(name)]
    return tuple(sorted({name.parent for name in names if name.is_absolute() or ".." in name.parts}))


def _entries(file: Path) -> dict[str, Any]:
    """What the file holds. Raises UserError."""
    with reading(file, "E-META-SYNTAX", key=KEY, advice=CORRECT_IT):
        try:
            entries = json_text.values(toml_text.read(file, MOST_BYTES))
        except (json.JSONDecodeError, json_text.Twice) as error:
            raise UserError(messages.METADATA_NOT_JSON(path=file, reason=str(error))) from error
    if not isinstance(entries, dict) or not entries:
        raise UserError(messages.METADATA_EMPTY(path=file))
    return entries


@dataclass
class Metadata:
    """What a file says. images: in the order of their names. captions, sizes: by image; sizes: the size
    each was prepared for, where the file has one."""

    images: tuple[Path, ...] = ()
    captions: Mapping[Path, str] = field(default_factory=dict)
    sizes: Mapping[Path, Size] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read(file: Path, image_dir: Path | None, config: DatasetConfig) -> Metadata:
    """The images a metadata file names, with their captions.

    {"a/001.png" or "001": {"caption": "text", "tags": "a, b", "train_resolution": [w, h]}}. Keys are whole
    paths, or names below image_dir, with or without the ending. Caption and tags are joined by the caption
    separator as sd-scripts does, on every line of the caption where wildcards are on. What is wrong is in the
    problems, never raised.
    """
    try:
        with reading(file, "E-META-SYNTAX", key=KEY, advice=CORRECT_IT):
            return _read(file, _entries(file), image_dir, config)
    except UserError as error:
        return Metadata(problems=tuple(replace(p, key=KEY, path=str(file)) for p in error.problems))


def _read(file: Path, entries: Mapping[str, Any], image_dir: Path | None, config: DatasetConfig) -> Metadata:
    finder = _Finder(image_dir)
    texts: dict[Path, str] = {}
    sizes: dict[Path, Size] = {}
    problems: list[Problem] = []
    missing: list[str] = []
    for name, entry in entries.items():
        problem = _entry_problem(file, name, entry)
        path = None if problem else finder.find(name)
        if problem:
            problems.append(problem)
        elif path is None:
            missing.append(name)
        elif path in texts:
            problems.append(messages.METADATA_TWICE(path=file, entry=name, image=path))
        else:
            texts[path] = joined(entry.get("caption"), entry.get("tags"), config)
            if entry.get("train_resolution") is not None:
                sizes[path] = Size(*entry["train_resolution"])
    if len(problems) > MOST_PROBLEMS:
        more = messages.METADATA_MORE(path=file, count=len(problems) - MOST_PROBLEMS)
        problems = [*problems[:MOST_PROBLEMS], more]
    if missing:
        place = "" if image_dir is None else Words(f" in {image_dir}", f"（{image_dir}）")
        problems.append(_about(messages.METADATA_MISSING, file, missing, place=place))
    if image_dir is not None and not missing:
        left = [path.name for path in finder.images if path not in texts]
        problems += [_about(messages.METADATA_EXTRA, file, left)] if left else []
    if not config.enable_wildcard:
        long = [name for name, entry in entries.items() if is_text(name) and _lines_of(entry) > 1]
        problems += [_about(messages.METADATA_LINES, file, long)] if long else []
    silent = [path.name for path, text in texts.items() if not text]
    problems += [_about(messages.METADATA_SILENT, file, silent)] if silent else []
    images = tuple(sorted(texts, key=lambda path: (nfc(str(path)), str(path))))
    return Metadata(images, texts, sizes, tuple(problems))


def joined(caption: str | None, tags: str | None, config: DatasetConfig) -> str:
    """Caption and tags as one text: "caption" + separator + "tags"; each alone where the other is missing.

    With wildcards every line of the caption gets the tags; without, the caption's first line is taken.
    """
    if caption is None:
        caption, tags = tags, None
    texts = _lines(caption or "") or [""]
    if not config.enable_wildcard:
        texts = texts[:1]
    parts = _lines(tags or "")
    if not parts:
        return "\n".join(texts)
    end = config.caption_separator.join(parts)
    return "\n".join(f"{line}{config.caption_separator}{end}" for line in texts)


def _lines(text: str) -> list[str]:
    """The lines as they are trained, without blank ones and control characters, as of a caption file."""
    return [clean for line in text.splitlines() if (clean := captions.clean(line))]


def _lines_of(entry: Any) -> int:
    """Lines of the text of which only the first is used without wildcards."""
    text = (entry.get("caption") or entry.get("tags")) if isinstance(entry, dict) else None
    return len(_lines(text)) if isinstance(text, str) else 0


class _Finder:
    """Images by what a key may call them."""

    def __init__(self, image_dir: Path | None) -> None:
        self._folder = image_dir
        self._names: dict[Path, dict[str, Path]] = {}

    @property
    def images(self) -> list[Path]:
        """The images of image_dir, sorted."""
        return [] if self._folder is None else sorted(set(self._inside(self._folder).values()))

    def find(self, name: str) -> Path | None:
        """The image of a key, or None."""
        whole = Path(name)
        places = [whole] if whole.is_absolute() or self._folder is None else [self._folder / whole, whole]
        return next((image for place in places if (image := self._image_at(place)) is not None), None)

    def _image_at(self, path: Path) -> Path | None:
        """The image at a path, whose ending may be left out."""
        image = self._inside(path.parent).get(nfc(path.name))
        try:
            return path if image is None and is_image(path) and path.is_file() else image
        except (OSError, ValueError):  # ValueError: a zero byte in the name
            return None

    def _inside(self, folder: Path) -> dict[str, Path]:
        """The images in a folder by name, and by name without the ending where none is called so."""
        if folder not in self._names:
            try:
                images = sorted(path for path in folder.iterdir() if is_image(path))
            except (OSError, ValueError):
                images = []  # they are then missing
            stems = {nfc(path.stem): path for path in reversed(images)}
            self._names[folder] = stems | {nfc(path.name): path for path in images}
        return self._names[folder]


_Text = Annotated[str, Strict(), StringConstraints(max_length=captions.MOST_BYTES)]
_Side = Annotated[int, Strict(), Field(ge=64, le=LARGEST_SIDE)]
_TABLE = Words("a table with caption or tags", "captionやtagsの表")
_TEXT = Words(
    f"text of at most {captions.MOST_BYTES:,} characters",
    f"{captions.MOST_BYTES:,}文字以内の文字列",
    f"最多{captions.MOST_BYTES:,}个字符的文本",
)
_SIZE = Words("two numbers of pixels", "ピクセル数2つ")


class _Entry(BaseModel):
    """What an image's entry may hold; other keys are not looked at."""

    caption: _Text | None = None
    tags: _Text | None = None
    train_resolution: tuple[_Side, _Side] | None = None


def _entry_problem(file: Path, name: str, entry: Any) -> Problem | None:
    if not is_text(name):
        return messages.METADATA_TEXT(path=file, entry=shown(name))
    try:
        _Entry.model_validate(entry)
        return None
    except ValidationError as error:
        (first, *_) = error.errors(include_url=False)
    if not first["loc"]:
        return messages.METADATA_VALUE(path=file, entry=name, wanted=_TABLE, value=reprlib.repr(entry))
    key = str(first["loc"][0])
    if first["type"] == "string_unicode":
        return messages.METADATA_TEXT(path=file, entry=shown(f"{name}: {key}"))
    wanted, value = _SIZE if key == "train_resolution" else _TEXT, reprlib.repr(entry[key])
    return messages.METADATA_VALUE(path=file, entry=f"{name}: {key}", wanted=wanted, value=value)


def _about(message: Message, file: Path, names: list[str], **facts: Any) -> Problem:
    return message(path=file, count=len(names), names=listed(names), **facts)
