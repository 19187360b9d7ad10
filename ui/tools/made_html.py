"""What a tool has done, as its card shows it: the lines in one box."""

from __future__ import annotations

from collections.abc import Sequence

from core.catalog import Words
from core.errors import Lang
from ui.parts.markup import esc, prose
from ui.text import say

_LINES = 4
"""Lines that stand there; the others, such as one for each module, are folded away."""


def lines_html(lines: Sequence[Words], lang: Lang) -> str:
    """The lines in one box, the first of them large: where the result lies."""
    first, more = "".join(_lines(lines[:_LINES], lang)), "".join(_lines(lines[_LINES:], lang))
    folded = f"<details><summary>{esc(say('tool.details', lang))}</summary>{more}</details>" if more else ""
    return f'<div class="rw-note is-good rw-made">{first}{folded}</div>'


def _lines(lines: Sequence[Words], lang: Lang) -> list[str]:
    return [f"<p>{prose(words.of(lang))}</p>" for words in lines]
