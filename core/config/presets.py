"""Presets: partial run files with a title and a note, shipped ones and the user's own."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.catalog import Words
from core.config import by_family, messages
from core.config.check import read_document, typed
from core.config.file import toml_text
from core.config.file.border import reading_settings
from core.config.named_values import KeyPath
from core.config.pydantic_messages import shown
from core.config.schema.run import FORMAT, OPTIONS
from core.errors import ConfigError, Problem

SHIPPED = Path(__file__).resolve().parents[2] / "presets"


@dataclass(frozen=True)
class Preset:
    """values: {"section.name": value}, only what the preset is about.

    note: whom it is for and why it is so. source: where the values come from. unknown: what else stands in
    the file, which stays there and is not used; notices: what there is to say about it. families: those whose
    models it is for, () for any.
    """

    name: str
    title: Words
    note: Words
    source: Words
    path: Path
    values: Mapping[str, Any]
    is_own: bool
    unknown: Mapping[KeyPath, Any] = field(default_factory=dict)
    notices: tuple[Problem, ...] = ()
    families: tuple[str, ...] = ()

    def is_for(self, family: str) -> bool:
        """Whether it suits models of a family; "" for one that is not known."""
        return not family or not self.families or family in self.families


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
    with reading_settings(path):
        document = toml_text.parse(toml_text.read(path))
        title, note = (_words(document.pop(name, {}), path.stem) for name in ("title", "note"))
        source = _words(document.pop("source", ""), "")
        families = _names(document.pop("families", []))
        version = document.pop("format", FORMAT)
        reading = read_document({**document, "format": FORMAT})
        by_family.settle(reading, by_family.of(reading, reads_base=False))
        config, misfits = typed(reading.values)
        bad = {problem.key for problem in misfits}
        values = toml_text.values_of(config)
        taken = {key: values[key] for key in reading.values if key not in bad}
        problems = [*(problem for _, problem in reading.problems if problem.is_error), *misfits]
        if problems and not taken:
            raise ConfigError(*problems)
        unknown = dict(reading.unknown) | {reading.origin[key]: reading.values[key] for key in bad}
        # What is wrong with a run file is, of a preset, what is kept in its file and not used.
        unused = [messages.PRESET_NOT_USED(key=p.key, problem=p.words) for p in problems]
        other = [messages.PRESET_FORMAT(version=shown(version), format=FORMAT)] if version != FORMAT else []
        notices = (*other, *unused)
        is_own = path.parent.resolve() != SHIPPED
        return Preset(path.stem, title, note, source, path, taken, is_own, unknown, notices, families)


def _words(value: Any, otherwise: str) -> Words:
    """A title may be one text for both languages or a table of two."""
    if isinstance(value, str):
        return Words(value, value)
    table = value if isinstance(value, dict) else {}
    en = str(table.get("en", otherwise))
    return Words(en, str(table.get("ja", en)))


def _names(value: Any) -> tuple[str, ...]:
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, list) else ()


def presets(folders: Sequence[Path]) -> tuple[list[Preset], list[Problem]]:
    """Every preset, folder by folder in the order of their titles, and what is wrong with those
    that can't be read.
    """
    every: list[Preset] = []
    problems: list[Problem] = []
    for folder in folders:
        here: list[Preset] = []
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            try:
                here.append(load(path))
            except ConfigError as e:
                problems += [replace(p, path=str(path)) for p in e.problems]
        every += sorted(here, key=_place)
    return every, problems


def _place(preset: Preset) -> list[tuple[str, float]]:
    """Titles begin with what they are of; the numbers in them go by size, 8 GB before 12 GB."""
    parts = re.split(r"(\d+(?:\.\d+)?)", preset.title.en.casefold())
    return [(words, float(number or 0)) for words, number in zip(parts[::2], [*parts[1::2], ""], strict=True)]


def save(
    folder: Path, name: str, values: Mapping[str, Any], note: str = "", families: Sequence[str] = ()
) -> Path:
    """Keep the values that differ from the defaults as an own preset. Raises ConfigError for a bad name.

    Paths and names of one run (base model, folders, output name, resume) are left out, and what means nothing
    without them. Of a preset of this name that is there already stays what this version does not know in it,
    and its note where none is given.
    """
    _refuse_bad_name(name)
    path = folder / f"{name}.toml"
    unknown, note = _kept(path, note)
    document: dict[str, Any] = {"format": FORMAT, "title": name, "note": note}
    if families:
        document["families"] = list(families)
    for key, option in OPTIONS.items():
        is_of_a_path = any(all(OPTIONS[one.key].meta.path for one in need) for need in option.meta.needs)
        is_of_one_run = option.meta.path or is_of_a_path or key == "save.output_name"
        if values.get(key) not in (None, option.default) and not is_of_one_run:
            document.setdefault(option.section, {})[option.name] = values[key]
    for (*above, last), value in unknown.items():
        table = document
        for part in above:
            table = table.setdefault(str(part), {})
        table[str(last)] = value
    toml_text.write(path, _text(document))
    return path


def _text(document: Mapping[str, Any]) -> str:
    """A document as TOML: what stands in no table, then each table, with those inside it on a line each."""

    def lines(values: Mapping[str, Any]) -> list[str]:
        return [
            f"{toml_text.toml_key(name)} = {toml_text.toml_value(value)}" for name, value in values.items()
        ]

    tables = {name: value for name, value in document.items() if isinstance(value, dict)}
    text = lines({name: value for name, value in document.items() if name not in tables})
    for name, table in tables.items():
        text += [f"\n[{toml_text.toml_key(name)}]", *lines(table)]
    return "\n".join(text) + "\n"


def _kept(path: Path, note: str) -> tuple[Mapping[KeyPath, Any], str]:
    """What a preset that is written anew has in its file and this version does not know, and its note."""
    if not path.exists():
        return {}, note
    try:
        before = load(path)
    except ConfigError:
        return {}, note
    unknown = {
        path: value for path, value in before.unknown.items() if ".".join(map(str, path)) not in OPTIONS
    }
    return unknown, note or before.note.en


def rename(chosen: Preset, name: str) -> Path:
    """Give an own preset another name, which is its title too; comments in it are lost.

    Raises ConfigError; nothing is overwritten.
    """
    _refuse_bad_name(name)
    path = chosen.path.with_name(f"{name}.toml")
    if path.exists():
        raise ConfigError(messages.PRESET_EXISTS(name=name))
    document = toml_text.parse(toml_text.read(chosen.path))
    toml_text.write(path, _text({**document, "title": name}))
    chosen.path.unlink()
    return path


def _refuse_bad_name(name: str) -> None:
    if not re.fullmatch(r"[^\W_][\w \-]{0,63}", name) or name != name.strip():
        raise ConfigError(messages.PRESET_NAME(name=shown(name)))
