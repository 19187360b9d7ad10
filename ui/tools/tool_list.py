"""The list of tools, by group, each with a line of what it does: one card is shown at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple, get_args

import gradio as gr

from core.catalog import Words
from core.errors import Lang
from core.tools.table import TOOLS
from core.tools.tool import Group, Tool
from ui.parts.localized import Page
from ui.parts.markup import esc
from ui.settings.search import Place
from ui.text import WORDS, say


class Entry(NamedTuple):
    """A card: its element id, its group, its name and a line of what it does."""

    card: str
    group: Group
    name: Words
    line: Words


FIRST: Sequence[tuple[str, Group, str]] = (
    ("card-runs", "results", "runs"),
    ("try-it", "results", "try"),
    ("card-caption", "images", "caption"),
    ("card-inspect", "models", "inspect"),
)
"""Cards of their own that stand before the tools of their group: element id, group, key of the words."""

LAST: Sequence[tuple[str, Group, str]] = (
    ("card-tensorboard", "results", "logs"),
    ("hub-card", "more", "hub"),
    ("notice-card", "more", "notice"),
    ("trash-card", "more", "trash"),
)
"""The same of those that stand after them."""

_GROUPS: Sequence[Group] = get_args(Group)
_THERE = "element.dispatchEvent(new CustomEvent('rw-tools', {bubbles: true}));"
"""Told to script/tools.js: which card was shown before a reload, or is asked for by a link."""


def entries() -> list[Entry]:
    """Every card of the tab, as the list has them."""
    tools = [_of_tool(tool) for tool in TOOLS.values() if tool.card is not None]
    found = [*map(_own, FIRST), *tools, *map(_own, LAST)]
    return sorted(found, key=lambda entry: _GROUPS.index(entry.group))


def places() -> list[Place]:
    """The same for the search at the head of the page."""
    return [Place(entry.card, "tools", entry.name, entry.line) for entry in entries()]


def _own(card: tuple[str, Group, str]) -> Entry:
    element, group, key = card
    return Entry(element, group, WORDS[f"tools.{key}"], WORDS[f"tools.{key}.line"])


def _of_tool(tool: Tool[Any]) -> Entry:
    """A tool is called by its own words where the list has none for it."""
    assert tool.card is not None, f"{tool.name} is a tool of the console alone"
    name, key = tool.name, f"tools.{tool.name}"
    line = WORDS.get(f"{key}.line", tool.card.lead)
    return Entry(f"card-{name}", tool.card.group, WORDS.get(key, tool.words), line)


def draw_list(page: Page) -> None:
    """The list, and the style by which it shows the chosen card. Nothing of it asks the server."""
    found = entries()

    def html(lang: Lang) -> str:
        return list_html(found, lang)

    page.add(gr.HTML, {"value": html}, elem_id="tools-list", padding=False, js_on_load=_THERE)


def list_html(found: Sequence[Entry], lang: Lang) -> str:
    """A radio for each card, by group, the first one chosen; and a button that leads back to the list."""
    groups = "".join(
        _group_html(group, [*those], found[0], lang) for group, those in groupby(found, lambda one: one.group)
    )
    rules = "".join(
        f'#tools:has([value="{card}"]:checked) #{card} {{ display: flex !important; }}' for card, *_ in found
    )
    label, back = esc(say("tools.list", lang)), esc(say("tools.all", lang))
    return (
        f'<div class="rw-tool-list" role="radiogroup" aria-label="{label}">{groups}</div>'
        f'<button type="button" class="rw-tool-back">{back}</button><style>{rules}</style>'
    )


def _group_html(group: Group, found: Sequence[Entry], chosen: Entry, lang: Lang) -> str:
    radios = "".join(
        f'<label><input type="radio" name="rw-tool" value="{one.card}"{" checked" if one is chosen else ""}>'
        f"<b>{esc(one.name.of(lang))}</b><output></output><small>{esc(one.line.of(lang))}</small></label>"
        for one in found
    )
    title = esc(say(f"tools.group.{group}", lang))
    return f'<div role="group" aria-label="{title}"><p>{title}</p>{radios}</div>'
