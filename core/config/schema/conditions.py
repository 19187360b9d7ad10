"""When an option has an effect: the training methods it is for, and what other options must be for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.catalog import Words
from core.counting import joined


@dataclass(frozen=True)
class Condition:
    """One option and what it must be.

    values: as they stand in a run file, true and false for switches; () means "set to anything that is not
    off": not empty, false or 0. is_not: the values it must not be.
    """

    key: str
    values: tuple[str, ...] = ()
    is_not: bool = False

    def holds(self, value: Any) -> bool:
        """Whether an option of this value meets the condition."""
        if not self.values:
            return bool(value)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return (text in self.values) != self.is_not

    def words(self) -> Words:
        """The condition for people: "train.loss_type is huber or smooth_l1"."""
        if not self.values:
            return Words(f"{self.key} is set", f"{self.key}を指定", f"设置了{self.key}")
        if self.is_not:
            return Words(
                f"{self.key} is not {self.values[0]}",
                f"{self.key}を{self.values[0]}以外に",
                f"{self.key}不为{self.values[0]}",
            )
        return Words(
            f"{self.key} is {' or '.join(self.values)}",
            f"{self.key}を{'・'.join(self.values)}に",
            f"{self.key}为{'、'.join(self.values)}",
        )


Need = tuple[Condition, ...]
"""Conditions of which one must hold."""


def parse(text: str) -> tuple[Need, ...]:
    """`needs=` of a declaration: blanks mean "and", | means "or".

    "a.b" set to anything; "a.b=x,y" one of these; "a.b!=x" anything else.
    """
    return tuple(tuple(_condition(part) for part in need.split("|")) for need in text.split())


def _condition(text: str) -> Condition:
    key, separator, values = text.partition("=")
    assert "." in key, f"needs= takes section.key, not {text!r}"
    return Condition(key.removesuffix("!"), tuple(values.split(",")) if separator else (), key.endswith("!"))


def words(need: Need) -> Words:
    """A need for people: "dataset.enable_bucket is set or dataset.dataset_config is set"."""
    either = [condition.words() for condition in need]
    return joined(either, " or ", "するか、")


def unmet(needs: tuple[Need, ...], values: Mapping[str, Any]) -> Need | None:
    """The first need that these values do not meet; an option that is not named meets everything."""
    return next((need for need in needs if not any(_holds(c, values) for c in need)), None)


def _holds(condition: Condition, values: Mapping[str, Any]) -> bool:
    return condition.key not in values or condition.holds(values[condition.key])
