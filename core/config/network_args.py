"""sd-scripts' `network_args`, a list of name=value -> options of [network]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.catalog import Words
from core.config import lycoris_args, messages, nearest
from core.config.pydantic_messages import shown
from core.config.schema.numbers import number
from core.config.schema.run import OPTIONS
from core.errors import Problem

_OF_THE_SCRIPT = frozenset(
    ("dim_from_weights", "base_weights", "base_weights_multiplier", "scale_weight_norms")
)
"""Arguments of train_network.py itself, beside those called network_...; networks.lora takes the others."""

ARGUMENTS: Mapping[str, str] = {
    name: option.name
    for option in OPTIONS.values()
    if option.section == "network"
    for name in option.meta.sd_scripts
    if not name.startswith("network_") and name not in _OF_THE_SCRIPT
}
"""Arguments of networks.lora: name -> the option of [network]."""


def read(given: Any) -> tuple[dict[str, Any], list[Problem]]:
    """Our keys and values, and what is wrong.

    given: a list of "name=value", one such text, or a table. A value that is no number stays text, so that
    the checker names the option.
    """
    values: dict[str, Any] = {}
    of_lycoris: dict[str, str] = {}
    problems: list[Problem] = []
    for item in _items(given):
        name, separator, text = (part.strip() for part in str(item).partition("="))
        if not separator or not isinstance(item, str):
            problems.append(messages.NETWORK_ARGUMENT_SYNTAX(value=shown(item)))
        elif name in ARGUMENTS and name not in lycoris_args.NAMES:
            text = text.strip("'\"")
            as_number = number(text)
            values[f"network.{ARGUMENTS[name]}"] = text if as_number is None else as_number
        elif name in lycoris_args.NAMES:
            of_lycoris[name] = text
        else:
            problems.append(_unknown(name))
    theirs, refused = lycoris_args.read(of_lycoris)
    return values | theirs, problems + refused


def _items(given: Any) -> list[Any]:
    if isinstance(given, dict):
        return [f"{name}={value}" for name, value in given.items()]
    return list(given) if isinstance(given, list | tuple) else [given]


def _unknown(name: str) -> Problem:
    listed = ", ".join(ARGUMENTS)
    names = Words(f"there are: {listed}.", f"指定できるもの：{listed}。", f"可用的有：{listed}。")
    advice = nearest.did_you_mean(name, ARGUMENTS) or names
    return messages.UNKNOWN_NETWORK_ARGUMENT(name=shown(name)[1:-1], advice=advice)
