"""Presets: partial run files with a title and a note, shipped ones and the user's own."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.catalog import Words
from core.config import toml_io, wording
from core.config.check import SECTIONS, read_values
from core.config.option import walk
from core.config.schema import FORMAT, RunConfig
from core.errors import ConfigError, Problem

SHIPPED = Path(__file__).resolve().parents[2] / "presets"


@dataclass(frozen=True)
class Preset:
    """values: {"section.name": value}, only what the preset is about.

    note: whom it is for and why it is so. source: where the values come from.
    """

    name: str
    title: Words
    note: Words
    source: Words
    path: Path
    values: Mapping[str, Any]
    is_own: bool


def load(path: Path) -> Preset:
    """One preset file. Raises ConfigError with every problem in it."""
    try:
        state = path.stat()
    except OSError:
        return _read(path)  # says in words what is wrong
    return _read_once(path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=512)
def _read_once(path: Path, mtime_ns: int, size: int) -> Preset:
    """As it was read before, while the file is the same: a page lists all of them whenever it is opened."""
    return _read(path)


def _read(path: Path) -> Preset:
    document = toml_io.parse(toml_io.read(path))
    title, note = (_words(document.pop(name, {}), path.stem) for name in ("title", "note"))
    source = _words(document.pop("source", ""), "")
    document["format"] = FORMAT
    reading, found = read_values(_text_of(document))
    problems = [problem for _, problem in found if problem.is_error]
    nested: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for key, value in reading.values.items():
        section, name = key.split(".")
        nested[section][name] = value
    try:
        config = RunConfig.model_validate(nested)
    except ValidationError as e:
        raise ConfigError(*problems, *wording.problems_of(e)) from e
    if problems:
        raise ConfigError(*problems)
    typed = toml_io.values_of(config)
    values = {key: typed[key] for key in reading.values}
    return Preset(path.stem, title, note, source, path, values, path.parent.resolve() != SHIPPED)


def _words(value: Any, otherwise: str) -> Words:
    """A title may be one text for both languages or a table of two."""
    if isinstance(value, str):
        return Words(value, value)
    table = value if isinstance(value, dict) else {}
    en = str(table.get("en", otherwise))
    return Words(en, str(table.get("ja", en)))


def _text_of(document: Mapping[str, Any]) -> str:
    """The document as TOML again, so that presets go through the one reader of run files."""
    lines = [f"format = {FORMAT}"]
    for section, table in document.items():
        if isinstance(table, dict):
            lines.append(f"[{section}]")
            lines += [f"{name} = {toml_io.toml_value(value)}" for name, value in table.items()]
        elif section != "format":
            lines.insert(1, f"{section} = {toml_io.toml_value(table)}")
    return "\n".join(lines)


def presets(folders: Sequence[Path]) -> tuple[list[Preset], list[Problem]]:
    """Every preset, folder by folder in the order of their titles, and what is wrong with those
    that can't be read.
    """
    found: list[Preset] = []
    problems: list[Problem] = []
    for folder in folders:
        here: list[Preset] = []
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            try:
                here.append(load(path))
            except ConfigError as e:
                problems += [Problem(p.code, p.en, p.ja, p.key, str(path), p.line) for p in e.problems]
        found += sorted(here, key=_place)
    return found, problems


def _place(preset: Preset) -> list[tuple[str, float]]:
    """Titles begin with what they are of; the numbers in them go by size, 8 GB before 12 GB."""
    parts = re.split(r"(\d+(?:\.\d+)?)", preset.title.en.casefold())
    return [(words, float(number or 0)) for words, number in zip(parts[::2], [*parts[1::2], ""], strict=True)]


def save(folder: Path, name: str, values: Mapping[str, Any], note: str = "") -> Path:
    """Keep the values that differ from the defaults as an own preset. Raises ConfigError for a bad name.

    Paths and names of one run (base model, folders, output name, resume) are left out.
    """
    _refuse_bad_name(name)
    defaults = toml_io.values_of(RunConfig())
    lines = [
        f"format = {FORMAT}",
        f"title = {toml_io.toml_value(name)}",
        f"note = {toml_io.toml_value(note)}",
    ]
    section = ""
    for option in walk(RunConfig):
        value = values.get(option.key)
        if value is None or value == defaults[option.key] or option.meta.path or option.name == "output_name":
            continue
        if option.section != section:
            section = option.section
            lines.append(f"\n[{section}]")
        lines.append(f"{option.name} = {toml_io.toml_value(value)}")
    path = folder / f"{name}.toml"
    toml_io.write(path, "\n".join(lines) + "\n")
    return path


def rename(chosen: Preset, name: str) -> Path:
    """Give an own preset another name, which is its title too. Raises ConfigError; nothing is overwritten."""
    _refuse_bad_name(name)
    path = chosen.path.with_name(f"{name}.toml")
    if path.exists():
        raise ConfigError(
            Problem(
                "E-PRESET-EXISTS",
                f"there is a preset {name} already; choose another name.",
                f"プリセット「{name}」はすでにあります。別の名前にしてください。",
            )
        )
    text = toml_io.read(chosen.path)
    text = re.sub(r"(?m)^title = .*$", lambda _: f"title = {toml_io.toml_value(name)}", text, count=1)
    toml_io.write(path, text)
    chosen.path.unlink()
    return path


def _refuse_bad_name(name: str) -> None:
    if not re.fullmatch(r"[^\W_][\w \-]{0,63}", name) or name != name.strip():
        raise ConfigError(
            Problem(
                "E-PRESET-NAME",
                f"{name!r} can't be a preset's name; use letters, digits, spaces, - and _, at most 64.",
                f"{name!r}はプリセット名に使えません。文字・数字・空白・-・_で64文字以内にしてください。",
            )
        )


def merge(base: Mapping[str, Any], chosen: Preset) -> dict[str, Any]:
    """The settings with the preset's values over them."""
    return {**base, **chosen.values}
