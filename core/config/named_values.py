"""Named values of a text -> values of our options. Every reader of settings goes through here.

Run files, presets, sd-scripts' TOML, pasted commands, kohya_ss's JSON and the metadata of a LoRA name the
same options; what the names mean, and what holds between them, is said here once.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.catalog import Words
from core.config import messages, nearest, sd_scripts
from core.config.pydantic_messages import shown
from core.config.schema.numbers import LARGEST
from core.config.schema.run import OPTIONS
from core.errors import Problem

KeyPath = tuple[str | int, ...]

SECTIONS = tuple(dict.fromkeys(option.section for option in OPTIONS.values()))

_DEEPEST = 8
"""Tables within tables that are looked into; an option stands in the second."""

_MOST_ADVICE = 50
"""Unknown names that a near one is looked for; after these the text is no run file with a slip of the pen."""

_MOST_LETTERS = 80
"""Of a name that is shown."""


@functools.cache
def _by_name() -> Mapping[str, str]:
    """Our options by their bare names, where only one section has that name."""
    names = [option.name for option in OPTIONS.values()]
    return {option.name: key for key, option in OPTIONS.items() if names.count(option.name) == 1}


@dataclass
class Reading:
    """What is gathered while a text is read: values by our key, where each came from, what is wrong.

    is_foreign: the text is another program's, whose own names are passed over. names: every name that was
    known. unknown: the values of those that were not. decided: keys that a switch has set. rates: lists of
    learning rates for several text encoders, which `by_family` divides. defaults: whose defaults hold for
    what is not given, where they are not sd-scripts'.
    """

    is_foreign: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, KeyPath] = field(default_factory=dict)
    problems: list[tuple[KeyPath, Problem]] = field(default_factory=list)
    decided: set[str] = field(default_factory=set)
    unknown: dict[KeyPath, Any] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    rates: list[tuple[KeyPath, tuple[Any, ...]]] = field(default_factory=list)
    defaults: set[str] = field(default_factory=set)

    def say(self, path: KeyPath, problem: Problem) -> None:
        self.problems.append((path, problem))

    def put(self, key: str, value: Any, path: KeyPath, is_switch: bool = False) -> None:
        """Set an option, unless something else has set it otherwise already.

        is_switch: a switch such as network_train_unet_only, which decides whatever else is given.
        """
        if key not in self.values or self.values[key] == value:
            self.values[key], self.origin[key] = value, path
        elif is_switch or key in self.decided:
            self._decide(key, value, path, is_switch)
        elif not (self._is_second_attention(path, key, value) or self._joins_precision(key, value, path)):
            first = ".".join(map(str, self.origin[key]))
            before = shown(self.values[key])
            self.say(path, messages.SET_TWICE(first=first, option=key, value=before))
        if is_switch:
            self.decided.add(key)

    def _decide(self, key: str, value: Any, path: KeyPath, is_switch: bool) -> None:
        """A switch and a value for the same option: the switch counts, as in sd-scripts."""
        switch, other = (path, self.origin[key]) if is_switch else (self.origin[key], path)
        passed_over = shown(self.values[key] if is_switch else value)
        if is_switch:
            self.values[key], self.origin[key] = value, path
        self.say(other, messages.OVERRULED(name=other[-1], value=passed_over, switch=switch[-1]))

    def _is_second_attention(self, path: KeyPath, key: str, value: Any) -> bool:
        """Whether several flags choose the attention; the first in sd-scripts' order counts."""
        flags = list(sd_scripts.ATTENTION_FLAGS)
        before = self.origin[key][-1] if self.origin[key] else ""
        if before not in flags or path[-1] not in flags:
            return False
        if flags.index(str(path[-1])) < flags.index(str(before)):
            self.values[key], self.origin[key] = value, path
        return True

    def _joins_precision(self, key: str, value: Any, path: KeyPath) -> bool:
        """Whether full_fp16 or full_bf16 stands beside a mixed_precision; a wrong one is a problem."""
        both = (value, self.values[key])
        full = next((v for v in both if isinstance(v, str) and v in sd_scripts.FULL_PRECISIONS), "")
        if key != "train.precision" or not full:
            return False
        needed = sd_scripts.FULL_PRECISIONS[full]
        other = value if value != full else self.values[key]
        if other == needed:
            self.values[key] = full
            return True
        self.say(path, messages.PRECISION_NEEDED(full=full, needed=needed, value=shown(other)))
        return True


def leaves(document: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    """Every value of a document with the names that lead to it, in the order of the text."""
    waiting: list[tuple[KeyPath, Any]] = [((str(name),), document[name]) for name in reversed([*document])]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict) and value and len(path) < _DEEPEST:
            waiting += [((*path, str(name)), value[name]) for name in reversed(value)]
        else:
            yield path, value


def take(reading: Reading, path: KeyPath, value: Any) -> None:
    """File one named value of a text under our name for it."""
    key, name = ".".join(map(str, path)), str(path[-1])
    own = key if key in OPTIONS else _by_name().get(name, "") if len(path) <= 2 else ""
    is_known = len(path) <= 2 and sd_scripts.knows(name, reading.is_foreign)
    if isinstance(value, int) and abs(value) > LARGEST:
        reading.say(path, messages.ABOVE_BOUND(key=key, bound=LARGEST, value=shown(value)))
    elif own and (own == key or not is_known) and not (name in sd_scripts.LISTS and isinstance(value, list)):
        reading.put(own, value, path)
    elif is_known:
        reading.names.add(name)
        _translate(reading, path, value)
    elif value != {}:  # an empty [section] asks for nothing
        reading.unknown[path] = value
        reading.problems.append((path, _unknown(path, len(reading.unknown) <= _MOST_ADVICE)))


def _translate(reading: Reading, path: KeyPath, value: Any) -> None:
    """File a value under a name of sd-scripts'."""
    result = sd_scripts.translate(str(path[-1]), value)
    for refused in result.refused:
        reading.say(path, replace(refused, key=".".join(map(str, path))))
    if result.note:
        reading.say(path, result.note)
    if result.defaults:
        reading.defaults.add(result.defaults)
    if result.rates:
        reading.rates.append((path, result.rates))
    for our_key, our_value in result.values.items():
        reading.put(our_key, our_value, path, result.is_switch)


@functools.cache
def _names_of(section: str) -> tuple[str, ...]:
    """Bare names of a section's options; of all options and of sd-scripts' for ""."""
    names = tuple(option.name for option in OPTIONS.values() if section in ("", option.section))
    return names if section else (*names, *sd_scripts.ALIASES)


def _unknown(path: KeyPath, is_advised: bool) -> Problem:
    """No such option: with the nearest names of the same section, or of all and the guide's."""
    key, name = ".".join(map(str, path)), str(path[-1])
    if len(path) == 1 and name in SECTIONS:
        return messages.SECTION_AS_OPTION(key=key, name=name)
    meant = None
    if is_advised:
        near, everywhere = _names_of(str(path[0])), _names_of("")
        meant = nearest.did_you_mean(name, near) or nearest.did_you_mean(name, everywhere)
    advice = meant or Words(
        "remove it, or see the list of options in docs/options.md.",
        "削除するか、docs/options.ja.mdの一覧をご覧ください。",
    )
    if len(key) > _MOST_LETTERS:
        key = f"{key[:_MOST_LETTERS]}…"
    return messages.UNKNOWN_OPTION(key=key, advice=advice)
