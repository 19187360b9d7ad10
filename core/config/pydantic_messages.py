"""What pydantic found wrong -> one sentence in each language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.config import messages
from core.config.schema.run import OPTIONS
from core.errors import Message, Problem

_MOST_LETTERS = 60

_BOUNDS = ("ge", "gt", "le", "lt", "multiple_of")

_MESSAGES: Mapping[str, Message] = {
    "int_type": messages.NOT_WHOLE,
    "int_from_float": messages.NOT_WHOLE,
    "float_type": messages.NOT_A_NUMBER,
    "finite_number": messages.NOT_FINITE,
    "bool_type": messages.NOT_A_SWITCH,
    "string_type": messages.NOT_TEXT,
    "tuple_type": messages.NOT_A_SIZE,
    "missing": messages.ONE_NUMBER,
    "too_long": messages.MORE_THAN_TWO,
    "steps_or_share": messages.NOT_STEPS,
    "pattern": messages.NOT_A_PATTERN,
    "literal_error": messages.NOT_A_CHOICE,
    "greater_than_equal": messages.BELOW_BOUND,
    "greater_than": messages.NOT_ABOVE_BOUND,
    "less_than_equal": messages.ABOVE_BOUND,
    "less_than": messages.NOT_BELOW_BOUND,
    "multiple_of": messages.NO_MULTIPLE,
}
"""Pydantic's type of error -> what is said of it."""


_NUMBERS = (messages.NOT_WHOLE, messages.NOT_A_NUMBER, messages.NOT_A_SIZE)


def _default(value: Any) -> str:
    """A default as people write it: 1600, 1e-6; a size as 512,512."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"


def _plain(bound: float) -> str:
    """A bound as people write it: 0 and not 0.0, 1,000,000,000 with its commas."""
    return f"{int(bound):,}" if float(bound).is_integer() else f"{bound:g}"


def problems_of(error: ValidationError) -> list[Problem]:
    """One Problem for each fault, with the option's full name."""
    problems: list[Problem] = []
    for detail in error.errors():
        problem = _problem(detail)
        if problem not in problems:
            problems.append(problem)
    return problems


def _problem(detail: ErrorDetails) -> Problem:
    place = detail["loc"]
    key = ".".join(str(part) for part in place[:2])
    kind, value = detail["type"], detail["input"]
    if kind.startswith(("greater", "less")) and isinstance(value, float) and abs(value) < 1e15:
        value = int(value) if value.is_integer() else value  # -1, as the bound beside it is 0 and not 0.0
    message = _MESSAGES.get(kind, messages.BAD_VALUE)
    if kind in ("tuple_type", "string_type") and key in OPTIONS and OPTIONS[key].default == ():
        message = messages.NOT_A_LIST
    if value == "" and message in _NUMBERS and key in OPTIONS:
        return messages.EMPTY(key=key, default=_default(OPTIONS[key].default))
    context = detail.get("ctx", {})
    bound = next((_plain(context[name]) for name in _BOUNDS if name in context), "")
    choices = context.get("expected", "")
    return message(key=key, value=shown(value), bound=bound, choices=choices, detail=detail["msg"])


def shown(value: Any) -> str:
    """The value as a user typed it, cut short; also one that Python itself will not write out."""
    try:
        text = repr(list(value)) if isinstance(value, tuple) else repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits, lists in lists without end
        return "a number of too many digits" if isinstance(value, int) else "…"
    text = {"True": "true", "False": "false"}.get(text, text)
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 3] + "..."
