"""The place where files are dropped or chosen; scripts find them (drop_zone.js) and send them (sending)."""

from __future__ import annotations

import json
from typing import Any

from core.data.intake.gather import CAPTION_SUFFIXES, SLASH
from core.data.names import IMAGE_SUFFIXES
from core.errors import Lang
from ui.parts.markup import esc
from ui.text import say

TAKEN = sorted({*IMAGE_SUFFIXES, *CAPTION_SUFFIXES, ".cap", ".zip"})
"""Endings of the files that the page has a use for as images and captions."""

MOST_FILES = 20_000
"""Sent at a time."""

_WORDS = (
    *("images", "captions", "zips", "others", "empty", "progress", "done", "again", "lost", "remove", "more"),
    *("resumed", "waiting"),
)


def zone_html(lang: Lang) -> str:
    """The drop zone, with what its scripts are to know."""
    words = {name: say(f"zone.{name}", lang) for name in _WORDS}
    facts = (
        f'data-endings="{esc(json.dumps(TAKEN))}" data-images="{esc(json.dumps(sorted(IMAGE_SUFFIXES)))}" '
        f'data-slash="{SLASH}" data-zone-words="{esc(json.dumps(words))}"'
    )
    return (
        f'<div class="rw-zone" {facts}>'
        f'<input type="file" multiple tabindex="-1" aria-hidden="true">'
        f'<div class="rw-zone-ask"><b>{esc(say("zone.drop", lang))}</b><span class="rw-zone-buttons">'
        f'<button type="button" class="rw-act" data-choose>{esc(say("zone.choose", lang))}</button>'
        f'<button type="button" class="rw-act" data-folder>{esc(say("make.folder", lang))}</button>'
        f'<button type="button" class="rw-act is-quiet" data-forget hidden>'
        f"{esc(say('zone.clear', lang))}</button>"
        f"</span><small>{esc(say('zone.info', lang))}</small></div>"
        f'<div class="rw-zone-sent" data-sent-list></div></div>'
    )


def sent_keys(text: Any) -> tuple[str, ...]:
    """The keys of the files that a page has sent, from the list it writes; nothing for what is no list."""
    try:
        keys = json.loads(text) if isinstance(text, str) and text else []
    except (ValueError, RecursionError):
        return ()
    return tuple(str(key) for key in keys[:MOST_FILES]) if isinstance(keys, list) else ()
