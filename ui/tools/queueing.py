"""A tool put into the queue from its card: what it is called there, and what the card says of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePath
from typing import Any

from core.errors import Lang
from core.tools.tool import Tool
from ui.parts.markup import called, note
from ui.text import say
from ui.window import Window


def about_of(tool: Tool[Any], values: Mapping[str, Any], but: Collection[str] = ()) -> str:
    """The name of the first file or folder among the settings. but: options that are passed over."""
    for option in tool.options:
        value = values.get(option.name)
        if option.meta.path and option.name not in but and value:
            many = [value] if isinstance(value, str) else list(value)
            names = [PurePath(str(one)).name or str(one) for one in many]
            return names[0] + (" …" if len(names) > 1 else "")
    return ""


def queued_html(window: Window, tool: Tool[Any], values: Mapping[str, Any], about: str, lang: Lang) -> str:
    """Add the work to the queue; what is said of that."""
    added = window.queue.add_tool(tool.name, values, about)
    key = "queue.added.already" if added.is_again else "queue.added"
    return note(say(key, lang, name=called(tool.words, about, lang)), "good")
