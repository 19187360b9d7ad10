"""Folders dropped on the page or chosen there: their files are sent with the folders' names in their own."""

from __future__ import annotations

import json

from core.data.intake.gather import CAPTION_SUFFIXES, SLASH
from core.data.names import IMAGE_SUFFIXES
from core.errors import Lang
from ui.parts.markup import esc
from ui.text import say

TAKEN = sorted({*IMAGE_SUFFIXES, *CAPTION_SUFFIXES, ".cap", ".zip"})
"""Endings of the files that the page has a use for as images and captions."""


def choose_html(lang: Lang) -> str:
    """The button that lets a user choose a whole folder, with what script/drop_zone.js is to know."""
    facts = f'data-endings="{esc(json.dumps(TAKEN))}" data-slash="{SLASH}"'
    return (
        f'<p class="rw-folder"><button type="button" data-folder {facts}>{esc(say("make.folder", lang))}'
        f"</button><span>{esc(say('make.files.info', lang))}</span></p>"
    )
