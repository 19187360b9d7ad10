"""What a preset or another run would change in the settings on the page, shown before it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.config.schema.kinds import kind
from core.config.schema.option import Option
from core.errors import Lang
from ui.parts.markup import esc, note, table
from ui.parts.options import OPTIONS
from ui.settings import widgets
from ui.settings.form import Form
from ui.text import say

_OPEN_UP_TO = 6


def changes(raw: Mapping[str, Any], shown: Mapping[str, Any]) -> list[tuple[Option, Any, Any]]:
    """Options with their value now and then, where the two differ and the option has an effect then.

    raw: what stands in the widgets. shown: what would stand in some of them then.
    """
    now = Form.read(raw)
    then = now | Form.read(shown)
    return [
        (option, now.get(key), then[key])
        for key, option in OPTIONS.items()
        if key in shown and now.get(key) != then[key] and option.is_used(then)
    ]


def difference_html(changed: Sequence[tuple[Option, Any, Any]], lang: Lang) -> str:
    """The changes as a table; folded up when there are many."""
    if not changed:
        return note(say("diff.none", lang))
    title = say("diff.many", lang, n=len(changed))
    is_open = " open" if len(changed) <= _OPEN_UP_TO else ""
    return (
        f'<details class="rw-diff"{is_open}><summary>{esc(title)}</summary>'
        f"{changes_table(changed, lang)}</details>"
    )


def changes_table(
    changed: Sequence[tuple[Option, Any, Any]], lang: Lang, then_words: str = "diff.then"
) -> str:
    """The changes option by option. then_words: key of the words above the values that would be set."""
    rows = [
        (option.meta.label.of(lang), value_text(option, now, lang), value_text(option, then, lang))
        for option, now, then in changed
    ]
    return table([say(key, lang) for key in ("diff.setting", "diff.now", then_words)], rows)


def value_text(option: Option, value: Any, lang: Lang) -> str:
    """A value as people say it."""
    if value is None or value == "" or value == []:
        return widgets.EMPTY.of(lang)
    if isinstance(value, bool):
        return say("diff.on" if value else "diff.off", lang)
    choices = option.choices or {}
    if choices and value in choices:
        return choices[value].of(lang)
    return " / ".join(value) if kind(option) == "lines" else str(widgets.shown(option, value))
