"""Settings that the chosen level hides although they differ from their defaults: counted and named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.config.schema.option import Option
from core.errors import Lang
from ui.parts.markup import esc, goto
from ui.parts.options import LEVELS, OPTIONS, defaults
from ui.settings.difference import value_text
from ui.settings.form import Form
from ui.text import say
from ui.window import Window


def unshown_html(window: Window, form: Form, raw: Mapping[str, Any], level: str, lang: Lang) -> str:
    """A line for each tab that hides some, folded; style/options.css shows the one of the open tab."""
    by_tab: dict[str, list[str]] = {}
    for option, value in unshown(window, form, raw, level):
        label, shown = esc(option.meta.label.of(lang)), esc(value_text(option, value, lang))
        link = f'<button type="button" class="rw-link" {goto(option)}>{label}</button>'
        by_tab.setdefault(option.tab, []).append(f"<li>{link} <span>{shown}</span></li>")
    return "".join(
        f'<details class="rw-unshown" data-of="{tab}"><summary>'
        f"{esc(say('unshown.count', lang, n=len(items)))}</summary><ul>{''.join(items)}</ul></details>"
        for tab, items in by_tab.items()
    )


def unshown(window: Window, form: Form, raw: Mapping[str, Any], level: str) -> Iterator[tuple[Option, Any]]:
    """Options with an effect that the level hides, with a value that is not the default."""
    reach = LEVELS.index(level) if level in LEVELS else 0
    usual = Form.read(form.shown(defaults() | {"save.output_dir": str(window.output)}))
    values, known = Form.read(raw), form.facts(raw)
    for key, option in OPTIONS.items():
        is_hidden = LEVELS.index(option.meta.level) > reach and option.is_used(known)
        if is_hidden and key in raw and values.get(key) != usual.get(key):
            yield option, values.get(key)
