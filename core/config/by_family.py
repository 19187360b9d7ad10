"""What settings under sd-scripts' names mean by the family of the model that they are for."""

from __future__ import annotations

from typing import Any

from core.config import base_family, messages, sd_scripts
from core.config.named_values import Reading
from core.config.pydantic_messages import shown
from core.config.schema.numbers import number
from core.config.schema.run import OPTIONS
from core.counting import joined
from core.families import FAMILIES, FamilySpec

_FIRST, *_OTHERS = dict.fromkeys(key for family in FAMILIES.values() for key in family.text_rates)


def of(reading: Reading, reads_base: bool) -> FamilySpec | None:
    """The family that the values name, or that of their base model, whose header is read for it."""
    base, name = (reading.values.get(key) for key in ("model.base", "model.family"))
    named = name if isinstance(name, str) else "auto"
    return base_family.of(base if reads_base and isinstance(base, str) else "", named)


def settle(reading: Reading, family: FamilySpec | None) -> None:
    """Decide what is left open while the family is not known: which text encoders are trained, and how fast.

    family: of the base model; None where that can't be told.
    """
    if family and reading.is_foreign:
        _rest(reading, family)
    _divide(reading, family)
    if _FIRST in reading.decided and reading.values[_FIRST] == 0:
        for key in _OTHERS:
            if key in reading.values:
                reading.put(key, 0.0, reading.origin[_FIRST], is_switch=True)
    elif family and reading.is_foreign:
        _fill(reading, family)


def _rest(reading: Reading, family: FamilySpec) -> None:
    """A text without a network, for models whose script leaves the text encoders alone unless told."""
    is_whole = reading.values.get("network.method", "none") == "none" and not any(
        name.startswith(("network.", "network_"))
        for name in (*reading.values, *reading.names)
        if name != "network.method"
    )
    is_given = "train_text_encoder" in reading.names or _FIRST in reading.decided
    is_ours = _FIRST in reading.values and origin(reading, _FIRST) != _TE1
    if not family.script_prefix or not is_whole or is_given or is_ours:
        return
    why = f"{family.script_prefix}train.py without train_text_encoder"
    rests = sd_scripts.text_encoder_rests(why)
    for key, value in rests.values.items():
        reading.put(key, value, (why,), is_switch=True)
    if rests.note:
        reading.say((why,), rests.note)


_TE1, _TE2 = "learning_rate_te1", "learning_rate_te2"
"""Options of sd-scripts' scripts that train a whole model with two text encoders; each is the general
learning rate where it is absent."""


def origin(reading: Reading, key: str) -> str:
    """The name that a value was given under."""
    path = reading.origin[key]
    return str(path[-1]) if path else ""


def _divide(reading: Reading, family: FamilySpec | None) -> None:
    """Several learning rates, one for each text encoder that the family has."""
    keys = family.text_rates if family else []
    for path, given in reading.rates:
        if len(keys) < 2:
            several = [spec.words for spec in FAMILIES.values() if len(spec.text_rates) > 1]
            families = joined(several)
            reading.say(path, messages.FIRST_RATE(name=path[-1], value=shown(given[0]), families=families))
            continue
        rates = dict(zip(keys, given, strict=False))
        for key, value in list(rates.items())[1:]:
            reading.put(key, value, path)
        told = ", ".join(f"{key} = {value}" for key, value in rates.items())
        reading.say(path, messages.RATE_OF_EACH(name=path[-1], value=told))
    reading.rates.clear()


def learning_rate(reading: Reading) -> Any:
    """The general one, as a number where it is one."""
    option = OPTIONS["train.learning_rate"]
    given = reading.values.get(option.key, option.default)
    as_number = number(given) if isinstance(given, str) else None
    return given if as_number is None else as_number


def _fill(reading: Reading, family: FamilySpec) -> None:
    """The second text encoder's rate where only the first one's is given: here it would follow the first."""
    for key in family.text_rates[1:]:
        if key not in reading.values and _FIRST in reading.values and origin(reading, _FIRST) == _TE1:
            rate = learning_rate(reading)
            reading.put(key, rate, (_TE2,))
            why = f"{_TE1} without {_TE2}"
            reading.say((_TE2,), messages.READ_AS(name=why, value=f"{key} = {rate}"))
