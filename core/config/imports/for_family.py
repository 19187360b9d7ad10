"""What an import leaves out and states for the family of the models that it is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.catalog import Words
from core.config.by_family import learning_rate, origin
from core.config.imports import messages
from core.config.named_values import Reading
from core.config.pydantic_messages import shown
from core.config.schema.run import OPTIONS
from core.counting import joined
from core.families import FAMILIES, FamilySpec

_NEVER_ABSENT = frozenset(("dataset.resolution",))
"""sd-scripts has no default for it."""
_DEFAULTS = {key: option.default for key, option in OPTIONS.items()}
AS_SD_SCRIPTS: Mapping[str, Any] = {
    "train.size_condition": "sd_scripts",
    "model.pooled_as_sd_scripts": True,
    "network.unused_layers": True,
}
"""Options -> the value with which a training computes as sd-scripts does where that departs from the model.

An import says that they are there and leaves them alone: it is to reproduce what was meant.
"""


def families() -> Words:
    """The families that can be trained."""
    words = [family.words for family in FAMILIES.values()]
    return joined(words)


def fit(reading: Reading, family: FamilySpec, is_like_sd_scripts: bool) -> None:
    """Drop what the family does not have, and state sd-scripts' defaults where the family has others.

    A form that has the family's own defaults in it would keep them where an import says nothing.
    is_like_sd_scripts: what they leave out is as in sd-scripts; a training here records what differs from the
    options' defaults, and other programs have defaults of their own.
    """
    for key in [key for key in reading.values if not OPTIONS[key].is_of(family.name)]:
        name = origin(reading, key) or key
        value = shown(reading.values.pop(key))
        reading.say((name,), messages.NOT_OF_FAMILY(name=name, value=value, family=family.words))
    stated = {}
    for key, better in family.defaults.items():
        default = OPTIONS[key].default
        is_idle = not OPTIONS[key].is_used(_DEFAULTS | reading.values)
        if key in reading.values or key in _NEVER_ABSENT or default == better or is_idle:
            continue
        value = learning_rate(reading) if default is None else default
        reading.put(key, value, ())
        stated[key] = value
    if not is_like_sd_scripts:
        return
    if stated:
        reading.say((), messages.SCRIPT_DEFAULTS(values=_listed(stated)))
    method = reading.values.get("network.method", "none")
    unlike = {
        key: value
        for key, value in AS_SD_SCRIPTS.items()
        if family.name in OPTIONS[key].meta.families
        and key not in reading.values
        and method in (OPTIONS[key].meta.methods or (method,))
    }
    if unlike:
        reading.say((), messages.UNLIKE_SD_SCRIPTS(family=family.words, options=_listed(unlike)))


def _listed(values: Mapping[str, Any]) -> str:
    """As a run file would have them: a = 1, b = "x"."""
    return ", ".join(f"{key} = {_toml(value)}" for key, value in values.items())


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
