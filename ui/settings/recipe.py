"""What a preset or an import puts into the form: how to train, and of the user's own what it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.config.schema.option import Option
from ui.parts.options import OPTIONS, defaults
from ui.settings.form import Form
from ui.window import Window

_EMPTY: tuple[object, ...] = (None, "", [], ())


def recipe(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values over the defaults, since a preset or an import names only what differs from them.

    What belongs to the user or to one run and is not named is left alone (Option.is_personal).
    """
    return {key: value for key, value in defaults().items() if not OPTIONS[key].is_personal} | dict(values)


def shown_then(window: Window, form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    """The widget values that these values come to, of the options they change.

    Samples, logging and the like that the preset or import before has brought go back to what the user had.
    """
    now, shown = _now(window, form), form.shown(recipe(values))
    lent = window.draft.lent
    back = {key: own for key, (brought, own) in lent.items() if now.get(key) == brought}
    return {key: shown_value for key, shown_value in back.items() if key not in shown} | shown


def put(
    window: Window, form: Form, values: Mapping[str, Any], act: str, name: str, preset: str = ""
) -> dict[Any, dict[str, Any]]:
    """Keep what a preset or an import comes to; gives the updates that show it. act, name: see Change."""
    now, then = _now(window, form), shown_then(window, form, values)
    before = window.draft.lent
    lent = {}
    for key in values:
        if _goes_back(OPTIONS[key]) and then.get(key) not in _EMPTY:
            brought, own = before.get(key, (None, None))
            lent[key] = (then[key], own if key in before and now.get(key) == brought else now.get(key))
    window.draft.change(act, name, then, lent, preset)
    return form.restore(then)


def _now(window: Window, form: Form) -> dict[str, Any]:
    return form.shown(window.first) | {k: v for k, v in window.draft.values.items() if k in OPTIONS}


def _goes_back(option: Option) -> bool:
    """Whether what one import brings is no matter of the next, which may be about another subject.

    Files and folders stay as long as nothing else names them: there is nothing to train without.
    """
    is_of_one_subject = option.section in ("sample", "log", "train") or option.meta.group == "metadata"
    return option.is_personal and is_of_one_subject
