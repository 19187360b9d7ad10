"""Settings of a program with names and units of its own -> pairs of our options, by a table for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from core.catalog import Words
from core.config import messages as config_messages
from core.config.file import toml_text
from core.config.imports import for_family, messages
from core.config.imports.command_line import Pairs
from core.config.pydantic_messages import shown
from core.config.schema.numbers import LARGEST, decimal, number
from core.counting import listed
from core.errors import ConfigError, Problem

_LISTED = 20
_DEEPEST = 8

NOT_THERE = Words("not available here", "この機能はありません")
SCHEDULES: Mapping[str, str] = {
    name: name
    for name in (
        "constant", "constant_with_warmup", "linear", "cosine", "cosine_with_restarts", "polynomial",
    )
}  # fmt: skip
"""Schedules under diffusers' names, as the programs built on it write them."""

Left = tuple[Words, tuple[Any, ...]]
"""Why a setting is not taken, and the values of it that ask for nothing here."""


@dataclass(frozen=True)
class Table:
    """What the names of a program's settings mean here. Names within tables are joined by dots.

    same: names of values that are the same here -> our option. words: names of choices -> our option, and
    their words (in lower case) -> ours. passed: patterns of names that say nothing here: devices, caches,
    other models. left: names of what is not taken. used: names that `read` of the program looks at itself.
    """

    program: str
    same: Mapping[str, str]
    words: Mapping[str, tuple[str, Mapping[str, Any]]]
    passed: Sequence[str]
    left: Mapping[str, Left]
    used: frozenset[str]


@dataclass
class Sheet:
    """What has been read so far. datasets: the text of a dataset_config, "" for none."""

    values: Mapping[str, Any]
    pairs: Pairs = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    datasets: str = ""

    def put(self, name: str, key: str, value: Any) -> None:
        """Their setting is this value of our option."""
        self.pairs.append((key, value))
        told = f"{key} = {toml_text.toml_value(value) if value is not None else '(empty)'}"
        self.notes.append(config_messages.READ_AS(name=name, value=told))

    def leave(self, name: str, reason: Words, given: Any = None) -> None:
        """Their setting is not taken, and why."""
        value = shown(self.values.get(name) if given is None else given)
        self.notes.append(messages.LEFT(name=name, value=value, reason=reason))

    def number(self, name: str, otherwise: float = 0.0) -> float:
        """A number, also one in text; `otherwise` where it is absent or none."""
        return as_number(self.values.get(name), otherwise)

    def text(self, name: str, otherwise: str = "") -> str:
        """A text; `otherwise` where it is absent, empty or none."""
        value = self.values.get(name)
        return value.strip() if isinstance(value, str) and value.strip() else otherwise

    def is_on(self, name: str, otherwise: bool = False) -> bool:
        """A switch, also one in text."""
        value = self.values.get(name)
        return otherwise if value is None else not is_off(value)


def as_number(value: Any, otherwise: float = 0.0) -> float:
    """A number, also one in text; `otherwise` for anything else and for what no option takes."""
    if isinstance(value, str):
        found = decimal(value)
        return otherwise if found is None else as_number(found, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    return float(value) if -LARGEST <= value <= LARGEST else otherwise


def is_off(value: Any) -> bool:
    """Whether a value asks for nothing: nothing, 0, false, and their texts."""
    if isinstance(value, str):
        return value.strip().lower() in ("", "none", "false", "never", "off") or decimal(value) == 0
    return value in (None, False, 0, [], {}, ())


def flat(document: Mapping[str, Any], level: int = 1) -> dict[str, Any]:
    """Values by names with dots: {"optimizer": {"eps": 1}} -> {"optimizer.eps": 1}; lists stay whole."""
    found: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, dict) and value and level < _DEEPEST:
            found |= {f"{name}.{inner}": v for inner, v in flat(value, level + 1).items()}
        else:
            found[str(name)] = value
    return found


def read_table(table: Table, sheet: Sheet) -> None:
    """Everything that the table decides alone; what it does not know is listed by name."""
    unknown: list[str] = []
    for name, value in sheet.values.items():
        if name in table.used:
            continue
        if name in table.same:
            if value is not None:
                sheet.put(name, table.same[name], typed(value))
        elif name in table.words:
            _word(table, name, value, sheet)
        elif name in table.left:
            reason, harmless = table.left[name]
            if not is_off(value) and typed(value) not in harmless:
                sheet.leave(name, reason)
        elif not is_off(value) and not any(fnmatchcase(name, pattern) for pattern in table.passed):
            unknown.append(name)
    if unknown:
        names = listed(unknown, _LISTED)
        sheet.notes.append(messages.OTHERS_LEFT(program=table.program, count=len(unknown), names=names))


def typed(value: Any) -> Any:
    """A text that is a number or a switch, as such."""
    if not isinstance(value, str):
        return value
    as_word = {"true": True, "false": False}.get(value.strip().lower())
    found = number(value) if as_word is None else as_word
    return value if found is None else found


def _word(table: Table, name: str, value: Any, sheet: Sheet) -> None:
    """A choice by its word."""
    if is_off(value) and str(value).lower() not in table.words[name][1]:
        return
    key, words = table.words[name]
    word = str(value).strip().lower()
    if word in words:
        if words[word] is not None:
            sheet.put(name, key, words[word])
    else:
        sheet.leave(name, Words("there is no such choice here", "対応する選択肢がありません"))


def refuse_family(name: str) -> ConfigError:
    """The refusal of settings for models that can't be trained here."""
    return ConfigError(messages.OTHER_FAMILY(family=name, families=for_family.families()))


def arguments(given: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Arguments of an optimizer as lines: "weight_decay=0.01"; those that are not set are left out."""
    return [f"{name}={given[name]}" for name in names if given.get(name) is not None]
