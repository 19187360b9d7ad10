"""What of the settings is still the demo's, when a user comes with images or a model of their own."""

from __future__ import annotations

from core.errors import UserError
from ui.parts.options import OPTIONS
from ui.settings import widgets
from ui.window import Window


def is_demos(window: Window, key: str) -> bool:
    """Whether an option still has the value with which the demo opens the window, and which is not empty.

    One that only an offer for the base model's family has replaced (SuitedCard) counts as the demo's still.
    """
    first = window.first.get(key)
    if not window.has_demo or first in (None, "", (), []):
        return False
    if key not in window.draft.values:
        return True
    option, typed = OPTIONS[key], window.draft.values[key]
    brought, own = window.draft.lent.get(key, (None, None))
    now = widgets.read(option, own if brought == typed and not option.is_personal else typed)
    if option.meta.path and isinstance(now, str) and now:
        try:
            return bool(window.paths.absolute(now) == first)
        except UserError:
            return False
    as_list, first_as_list = (list(value) if isinstance(value, tuple) else value for value in (now, first))
    return bool(as_list == first_as_list)
