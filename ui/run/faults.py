"""Which settings of the page have faults, worked out once for the settings as they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from core.config.schema.option import Option
from core.errors import UserError
from ui.parts.options import OPTIONS
from ui.settings import widgets
from ui.settings.form import Form
from ui.window import Window

Result = TypeVar("Result")


def wrong(window: Window) -> tuple[Option, ...]:
    """The options with a fault, in the order of the page."""
    values = shown(window)
    return known(window, "faults", repr(sorted(values.items(), key=str)), lambda: _wrong(window, values))


def shown(window: Window) -> dict[str, Any]:
    """What stands in the widgets: option -> value."""
    first = {key: widgets.shown(OPTIONS[key], value) for key, value in window.first.items() if key in OPTIONS}
    return {**first, **window.draft.values}


def known(window: Window, name: str, of: object, work: Callable[[], Result]) -> Result:
    """What was worked out last of the same; worked out now of anything else."""
    before = window.worked_out.get(name)
    if before is None or before[0] != of:
        before = window.worked_out[name] = (of, work())
    result: Result = before[1]
    return result


def _wrong(window: Window, values: Mapping[str, Any]) -> tuple[Option, ...]:
    try:
        Form(window.paths).check(values, "en")
    except UserError as e:
        keys = {problem.key for problem in e.problems}
        return tuple(option for key, option in OPTIONS.items() if key in keys)
    return ()
