"""The list of tools at the head of the tab: one card is shown at a time, chosen there."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from core.catalog import Words
from core.errors import Lang
from core.tools.table import TOOLS
from ui.parts.localized import Page
from ui.parts.markup import esc
from ui.text import WORDS, say

Entry = tuple[str, Words | str]
"""Element id of a card, and its words or their key."""

FIRST: Sequence[Entry] = (
    ("card-runs", "tools.runs"),
    ("try-it", "tools.try"),
    ("card-caption", "tools.caption"),
    ("card-inspect", "tools.inspect"),
)
LAST: Sequence[Entry] = (
    ("hub-card", "tools.hub"),
    ("notice-card", "tools.notice"),
    ("card-tensorboard", "tools.logs"),
    ("trash-card", "tools.trash"),
)

_THERE = "element.dispatchEvent(new CustomEvent('rw-tools', {bubbles: true}));"
"""Told to script/tools.js: which card was shown before a reload, or is asked for by a link."""


def draw_list(page: Page) -> None:
    """The list, and the style by which it shows the chosen card. Nothing of it asks the server."""
    tools = [(f"card-{name}", _short(name, tool.words)) for name, tool in TOOLS.items() if tool.card]
    entries = [*FIRST, *tools, *LAST]

    def html(lang: Lang) -> str:
        return list_html(entries, lang)

    page.add(gr.HTML, {"value": html}, elem_id="tools-list", padding=False, js_on_load=_THERE)


def _short(name: str, words: Words) -> Words:
    """What the list calls a tool: a word, where it has one."""
    return WORDS.get(f"tools.{name}", words)


def list_html(entries: Sequence[Entry], lang: Lang) -> str:
    """A radio for each card; the first is chosen."""
    radios = "".join(
        f'<label><input type="radio" name="rw-tool" value="{card}"{"" if n else " checked"}>'
        f"{esc(say(words, lang) if isinstance(words, str) else words.of(lang))}</label>"
        for n, (card, words) in enumerate(entries)
    )
    rules = "".join(
        f'#tools:has([value="{card}"]:checked) #{card} {{ display: flex !important; }}' for card, _ in entries
    )
    label = esc(say("tools.list", lang))
    listed = f'<div class="rw-tool-list rw-switch" role="radiogroup" aria-label="{label}">{radios}</div>'
    return f"{listed}<style>{rules}</style>"
