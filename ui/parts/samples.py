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
LATER = Path()
MADE_AT_ONCE = 12
"""Small images that one look makes; the rest come with the next looks, a second later each."""


def sample_grid(
    samples: Sequence[Saved], thumbs: Thumbs, lang: Lang, most: int = MOST_STEPS
) -> tuple[str, bool]:
    """A row for each prompt, a column for each step: the first, before the training, and the last ones.

    Prompts that began later stand apart, in columns of their own: drawn once or from then on. Gives the HTML,
    and whether every small image is made.
    """
    _, rows = grid(samples)
    strips = _strips([*rows.items()][-MOST_PROMPTS:])
    maker = _Maker(thumbs)
    drawn, left, is_comparable = "", 0, False
    for strip in strips:
        steps = sorted({step for _, found in strip for step in found})
        shown = [*steps[:1], *steps[1:][-(most - 1) :]]
        lines = "".join(
            _row(row, {step: found.get(step) for step in shown}, maker, lang) for row, found in strip
        )
        drawn += f'<div class="rw-strip"><div>{lines}</div></div>'
        left, is_comparable = max(left, len(steps) - len(shown)), is_comparable or len(shown) > 1
    if not drawn:
        return "", maker.is_whole
    compare = ""
    if is_comparable:
        words = esc(say("run.sample.compare", lang))
        compare = f'<button type="button" class="rw-link" data-compare>{words}</button>'
    html = (
        f'<section class="rw-samples" {viewer_words(lang)}><header><h3>{esc(say("run.samples", lang))}</h3>'
        f"{compare}</header>{drawn}{_older(left, most, lang)}</section>"
    )
    return html, maker.is_whole


Found = tuple[Row, dict[int, Path]]


def _strips(rows: Sequence[Found]) -> list[list[Found]]:
    """Rows that began at the same step together, the earliest first."""
    strips: dict[int, list[Found]] = {}
    for row in rows:
        strips.setdefault(min(row[1]), []).append(row)
    return [strips[began] for began in sorted(strips)]


def _older(left: int, most: int, lang: Lang) -> str:
    """The button that asks for more columns (script/live.js); nothing when none is left out."""
    if left <= 0:
        return ""
    words = esc(say("run.older", lang, n=min(left, MORE_STEPS)))
    return f'<button type="button" class="rw-copy" data-older="{most + MORE_STEPS}">{words}</button>'


class _Maker:
    """Small images: those that are there, and a few new ones.

    Gives the file, LATER when it is still to be made, None when its owner has deleted the image.
    """

    def __init__(self, thumbs: Thumbs) -> None:
        self._thumbs, self._left = thumbs, MADE_AT_ONCE
        self.is_whole = True

    def __call__(self, path: Path) -> Path | None:
        try:
            known = self._thumbs.known(path)
            if known is not None:
                return known
            if self._left <= 0:
                self.is_whole = False
                return LATER
            self._left -= 1
            return self._thumbs.of(path)
        except OSError:
            return None


def _row(row: Row, found: Mapping[int, Path | None], maker: _Maker, lang: Lang) -> str:
    cells = "".join(_cell(step, path and maker(path), lang) for step, path in found.items())
    prompt, seed = esc(row.prompt), esc(say("run.sample.seed", lang, seed=row.seed))
    whole = f"{prompt} · {seed}"
    return (
        f'<div class="rw-prompt" title="{whole}">{prompt} <small>{seed}</small></div>'
        f'<div class="rw-row" data-row="{row.number}" data-prompt="{whole}">{cells}</div>'
    )


def _cell(step: int, file: Path | None, lang: Lang) -> str:
    """An image of a step; room alone where there is none."""
    if file is None:
        return '<figure class="rw-figure" aria-hidden="true"></figure>'
    when = say("run.sample.step", lang, step=step) if step else say("run.sample.before", lang)
    if file is LATER:
        return f'<figure class="rw-figure is-empty"><i></i><figcaption>{esc(when)}</figcaption></figure>'
    return figure(file, when)
