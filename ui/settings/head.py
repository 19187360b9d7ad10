"""The words of what stands in the row at the head of the page."""

from __future__ import annotations

from core.errors import Lang
from ui.parts.localized import Wording, texts, worded
from ui.parts.options import LEVELS, OPTIONS
from ui.text import say


def brand(_: Lang) -> str:
    """The name, the same in every language."""
    return '<h1 class="rw-brand">Rareword</h1>'


def method_words() -> dict[str, Wording]:
    """The training method in the head: its words there are short."""
    methods = OPTIONS["network.method"].choices or {}
    short: dict[str, Wording] = texts(**{name: f"head.method.{name}" for name in methods})
    return {"choices": lambda lang: [(worded(short[name], lang), name) for name in methods]}


def levels(lang: Lang) -> list[tuple[str, str]]:
    """The levels and their names."""
    return [(say(f"level.{level}", lang), level) for level in LEVELS]
