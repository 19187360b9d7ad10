"""The samples of a run as a grid of prompt x step; shown large and compared by script/viewer.js."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import Lang
from core.events import Saved
from core.runs.sample_sheet import Row, grid
from ui.parts.images import figure, viewer_words
from ui.parts.markup import esc
from ui.parts.thumbs import Thumbs
from ui.text import say

MOST_STEPS = 12
"""Columns at first, the one before the training among them."""

MORE_STEPS = 36
MOST_PROMPTS = 24
MADE_AT_ONCE = 12
"""Small images that one look makes; the rest come with the next looks, a second later each."""


def sample_grid(
    samples: Sequence[Saved], thumbs: Thumbs, lang: Lang, most: int = MOST_STEPS
) -> tuple[str, bool]:
    """A row for each prompt, a column for each step: the first, before the training, and the last ones.

    Gives the HTML, and whether every small image is made.
    """
    steps, rows = grid(samples)
    shown = [*steps[:1], *steps[1:][-(most - 1) :]]
    maker = _Maker(thumbs)
    drawn = "".join(
        _row(number, row, {step: found.get(step) for step in shown}, maker, lang)
        for number, (row, found) in enumerate([*rows.items()][-MOST_PROMPTS:])
        if any(step in found for step in shown)
    )
    if not drawn:
        return "", maker.is_whole
    compare = ""
    if len(shown) > 1:
        words = esc(say("run.sample.compare", lang))
        compare = f'<button type="button" class="rw-link" data-compare>{words}</button>'
    html = (
        f'<section class="rw-samples" {viewer_words(lang)}><header><h4>{esc(say("run.samples", lang))}</h4>'
        f'{compare}</header><div class="rw-strip"><div>{drawn}</div></div>'
        f"{_older(len(steps) - len(shown), most, lang)}</section>"
    )
    return html, maker.is_whole


def _older(left: int, most: int, lang: Lang) -> str:
    """The button that asks for more columns (script/live.js); nothing when none is left out."""
    if left <= 0:
        return ""
    words = esc(say("run.older", lang, n=min(left, MORE_STEPS)))
    return f'<button type="button" class="rw-copy" data-older="{most + MORE_STEPS}">{words}</button>'


class _Maker:
    """Small images: those that are there, and a few new ones."""

    def __init__(self, thumbs: Thumbs) -> None:
        self._thumbs, self._left = thumbs, MADE_AT_ONCE
        self.is_whole = True

    def __call__(self, path: Path) -> Path | None:
        """The small image of a file; None while it is not made, or when its owner has deleted the file."""
        try:
            known = self._thumbs.known(path)
            if known is not None or self._left <= 0:
                self.is_whole = self.is_whole and known is not None
                return known
            self._left -= 1
            return self._thumbs.of(path)
        except OSError:
            return None


def _row(number: int, row: Row, found: Mapping[int, Path | None], maker: _Maker, lang: Lang) -> str:
    cells = "".join(_cell(step, path and maker(path), lang) for step, path in found.items())
    prompt = esc(row.prompt)
    return (
        f'<div class="rw-prompt" title="{prompt}">{prompt}</div>'
        f'<div class="rw-row" data-row="{number}" data-prompt="{prompt}">{cells}</div>'
    )


def _cell(step: int, file: Path | None, lang: Lang) -> str:
    when = say("run.sample.step", lang, step=step) if step else say("run.sample.before", lang)
    if file is None:
        return f'<figure class="rw-figure is-empty"><i></i><figcaption>{esc(when)}</figcaption></figure>'
    return figure(file, when)
