"""The metadata of fine-tuning: a JSON file that gives each picture its caption, tags and trained size."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.catalog import Size
from core.config.file import key_lines, toml_text
from core.config.schema.dataset import DatasetConfig
from core.counting import counted
from core.data.captions import captions
from core.data.names import is_junk, is_picture, is_text, nfc, shown
from core.data.sources.findings import listed
from core.errors import Problem, UserError, plain_problem
from core.reading import CORRECT_IT, reading

KEY = "dataset.in_json"

MOST_BYTES = 128 << 20
"""A metadata file of 100,000 pictures with long captions has half of it."""

MOST_PROBLEMS = 100
"""Of one file that are told one by one."""

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
            entries = key_lines.json_values(toml_text.read(file, MOST_BYTES))
        except (json.JSONDecodeError, key_lines.Twice) as error:
            raise UserError(_no_json(file, error)) from error
    if not isinstance(entries, dict) or not entries:
        raise UserError(_no_entries(file))
    return entries


@dataclass
class Metadata:
    """What a file tells. pictures: in the order of their names. captions, sizes: by picture; sizes: the size
    each was prepared for, where the file has one."""

    pictures: tuple[Path, ...] = ()
    captions: Mapping[Path, str] = field(default_factory=dict)
    sizes: Mapping[Path, Size] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read(file: Path, image_dir: Path | None, config: DatasetConfig) -> Metadata:
    """The pictures a metadata file names, with their captions.

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
    told: dict[Path, str] = {}
    sizes: dict[Path, Size] = {}
    problems: list[Problem] = []
    missing: list[str] = []
    for name, entry in entries.items():
        found = _entry_problem(file, name, entry)
        path = None if found is not None else finder.find(name)
        if found is not None:
            problems.append(found)
        elif path is None:
            missing.append(name)
        elif path in told:
            problems.append(_twice(file, name, path))
        else:
            told[path] = joined(entry.get("caption"), entry.get("tags"), config)
            if entry.get("train_resolution") is not None:
                sizes[path] = Size(*entry["train_resolution"])
    if len(problems) > MOST_PROBLEMS:
        problems = [*problems[:MOST_PROBLEMS], _more(file, len(problems) - MOST_PROBLEMS)]
    if missing:
        problems.append(_missing(file, missing, image_dir))
    if image_dir is not None and not missing:
        left = [path.name for path in finder.pictures if path not in told]
        problems += [_without_entry(file, left)] if left else []
    if not config.enable_wildcard:
        long = [name for name, entry in entries.items() if is_text(name) and _lines_of(entry) > 1]
        problems += [_more_lines(file, long)] if long else []
    silent = [path.name for path, text in told.items() if not text]
    problems += [_silent(file, silent)] if silent else []
    pictures = tuple(sorted(told, key=lambda path: (nfc(str(path)), str(path))))
    return Metadata(pictures, told, sizes, tuple(problems))


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
    """Pictures by what a key may call them."""

    def __init__(self, image_dir: Path | None) -> None:
        self.pictures: tuple[Path, ...] = ()
        self._folder = image_dir
        self._listed: dict[Path, Mapping[str, Path]] = {}
        self._by_name: dict[str, Path] = {}
        if image_dir is None or not image_dir.is_dir():
            return
        try:
            entries = sorted(image_dir.iterdir())
        except OSError:
            return  # its pictures are then missing
        inside = [path for path in entries if is_picture(path) and not is_junk(path.name)]
        self.pictures = tuple(inside)
        for path in reversed(inside):
            self._by_name[nfc(path.stem)] = path
        self._by_name |= {nfc(path.name): path for path in inside}

    def find(self, name: str) -> Path | None:
        """The picture of a key, or None."""
        known = self._by_name.get(nfc(name))
        if known is not None:
            return known
        whole = Path(name)
        places = [whole] if whole.is_absolute() or self._folder is None else [self._folder / whole, whole]
        return next((found for place in places if (found := self._picture_at(place)) is not None), None)

    def _picture_at(self, path: Path) -> Path | None:
        """The picture at a path, whose ending may be left out."""
        try:
            if path.is_file() and is_picture(path):
                return path
            if path.parent not in self._listed:
                beside = sorted(path.parent.iterdir(), reverse=True) if path.parent.is_dir() else []
                self._listed[path.parent] = {nfc(p.stem): p for p in beside if is_picture(p)}
        except (OSError, ValueError):  # ValueError: a zero byte in the name
            return None
        found = self._listed[path.parent].get(nfc(path.name))
        return found if found is not None and found.is_file() else None


def _entry_problem(file: Path, name: str, entry: Any) -> Problem | None:
    if not is_text(name):
        return _half(file, name)
    if not isinstance(entry, dict):
        return _wrong(file, name, "must be a table with caption or tags", "captionやtagsの表", entry)
    for key in ("caption", "tags"):
        text = entry.get(key)
        if not isinstance(text, str | None):
            return _wrong(file, f"{name}: {key}", "must be text", "文字列", text)
        if text and not is_text(text):
            return _half(file, f"{name}: {key}")
        if text and len(text) > captions.MOST_BYTES:
            return _wrong(
                file,
                f"{name}: {key}",
                f"must have {captions.MOST_BYTES:,} letters at most",
                f"{captions.MOST_BYTES:,}文字以内",
                text,
            )
    size = entry.get("train_resolution")
    is_size = (
        isinstance(size, list)
        and len(size) == 2
        and all(type(n) is int and 64 <= n <= LARGEST_SIDE for n in size)
    )
    if size is not None and not is_size:
        return _wrong(
            file, f"{name}: train_resolution", "must be two numbers of pixels", "ピクセル数2つ", size
        )
    return None


def _wrong(file: Path, name: str, en: str, ja: str, value: object) -> Problem:
    shown = reprlib.repr(value)
    return plain_problem(
        "E-META-VALUE",
        f"in the metadata, `{name}` {en}, not {shown}.",
        f"メタデータの「{name}」は{ja}にしてください（値：{shown}）。",
        key=KEY,
        path=str(file),
    )


def _half(file: Path, name: str) -> Problem:
    return plain_problem(
        "E-META-TEXT",
        f"in the metadata, `{shown(name)}` holds half a character, as of a \\ud800. Write it anew.",
        f"メタデータの「{shown(name)}」の文字が壊れています（\\ud800など）。書き直してください。",
        key=KEY,
        path=str(file),
    )


def _more(file: Path, count: int) -> Problem:
    return plain_problem(
        "E-META-MORE",
        f"{count:,} more {'problem' if count == 1 else 'problems'}; put these right first.",
        f"ほかに{count:,}件の問題があります。まず上のものを直してください。",
        key=KEY,
        path=str(file),
    )


def _no_json(file: Path, error: ValueError) -> Problem:
    return plain_problem(
        "E-META-SYNTAX",
        f"the metadata file {file} is not JSON: {error}.",
        f"メタデータファイル {file} をJSONとして読めません：{error}。",
        key=KEY,
        path=str(file),
    )


def _no_entries(file: Path) -> Problem:
    return plain_problem(
        "E-META-EMPTY",
        f"the metadata file {file} names no pictures. "
        'It should look like this: {"001.png": {"caption": "a frog"}}',
        f"メタデータファイル {file} に画像がありません。"
        '次のように書いてください：{"001.png": {"caption": "a frog"}}',
        key=KEY,
        path=str(file),
    )


def _missing(file: Path, names: list[str], image_dir: Path | None) -> Problem:
    shown = listed(names)
    place = "" if image_dir is None else f" in {image_dir}"
    return plain_problem(
        "E-META-MISSING",
        f"{counted(len(names), 'picture of the metadata is', 'pictures of the metadata are')} not there"
        f"{place}: {shown.en}. "
        "Put them there, or take their entries out.",
        f"メタデータにある画像のうち{len(names)}枚が見つかりません：{shown.ja}。"
        "画像を置くか、メタデータから削除してください。",
        key=KEY,
        path=str(file),
    )


def _without_entry(file: Path, names: list[str]) -> Problem:
    shown = listed(names)
    return plain_problem(
        "W-META-EXTRA",
        f"{counted(len(names), 'picture has', 'pictures have')} no entry in the metadata and so no training: "
        f"{shown.en}.",
        f"メタデータにない画像が{len(names)}枚あり、学習しません：{shown.ja}。",
        path=str(file),
    )


def _twice(file: Path, name: str, path: Path) -> Problem:
    return plain_problem(
        "E-META-TWICE",
        f"in the metadata, `{name}` is a second entry of {path}; take one of them out.",
        f"メタデータの「{name}」は {path} の2つ目の項目です。どちらかを削除してください。",
        key=KEY,
        path=str(file),
    )


def _more_lines(file: Path, names: list[str]) -> Problem:
    shown = listed(names)
    return plain_problem(
        "W-META-LINES",
        f"{counted(len(names), 'caption')} of the metadata with several lines; only the first is used "
        f"(enable_wildcard uses them all): {shown.en}.",
        f"メタデータの{len(names)}個のキャプションは複数行ありますが、1行目だけを使用します"
        f"（enable_wildcardならすべて使用）：{shown.ja}。",
        path=str(file),
    )


def _silent(file: Path, names: list[str]) -> Problem:
    shown = listed(names)
    return plain_problem(
        "W-META-SILENT",
        f"{counted(len(names), 'picture has', 'pictures have')} neither caption nor tags in the metadata, so "
        f"the training takes an empty caption: {shown.en}.",
        f"メタデータにcaptionもtagsもない画像が{len(names)}枚あり、空のキャプションで学習します：{shown.ja}。",
        path=str(file),
    )
