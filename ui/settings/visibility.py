"""What is on the page at a time: options that apply at the chosen level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.config.schema.option import Option
from ui.parts.options import LEVELS, OPTIONS, element_id
from ui.settings.form import Form
from ui.settings.picking import PICKED


def hidden_style(form: Form, raw: Mapping[str, Any], level: str) -> str:
    """A style sheet that hides the options without effect, and cards of which nothing is shown.

    A sheet and not the components' own visibility: one small update, also for tabs that are not open yet.
    """
    values = form.facts(raw)
    unused = {key for key, option in OPTIONS.items() if not option.is_used(values)}
    reach = LEVELS.index(level) if level in LEVELS else 0

    def is_shown(option: Option) -> bool:
        return option.key not in unused and LEVELS.index(option.meta.level) <= reach

    names = [element_id(OPTIONS[key]) for key in sorted(unused)]
    names += [f"{element_id(OPTIONS[key])}-pick" for key in sorted(unused) if key in PICKED]
    names += [name for name, options in form.cards.items() if not any(map(is_shown, options))]
    return (
        f"<style>{','.join(f'#{name}' for name in names)}{{display:none!important}}</style>" if names else ""
    )
