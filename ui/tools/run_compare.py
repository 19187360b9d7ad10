"""Runs that were ticked beside each other: curves, images and settings as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from core.config.schema.option import Option
from core.errors import Lang
from core.runs.compare import Story, common_steps, differing, image, prompts
from ui.parts.chart import Line, plot, smoothed, thinned
from ui.parts.curve import Point
from ui.parts.images import figure
from ui.parts.localized import worded
from ui.parts.markup import esc, note, table
from ui.parts.thumbs import Thumbs
from ui.settings.difference import value_text
from ui.text import say

MOST_PROMPTS = 8
MOST_STEPS = 8
LAST = "last"
"""The choice of a step that means: the last images of each run."""

SIDE = 384
"""Pixels of a small image; many stand beside each other."""


def curves_html(names: Sequence[str], stories: Sequence[Story], lang: Lang) -> str:
    """The losses of the runs over each other, smoothed or raw, and those of held-out images."""
    kinds: dict[str, list[Sequence[Point]]] = {
        "smooth": [smoothed(told.losses) if len(told.losses) > 1 else () for told in stories],
        "raw": [told.losses if len(told.losses) > 1 else () for told in stories],
        "validation": [told.validation for told in stories],
    }
    panels = [
        (say(f"runs.curve.{kind}", lang), _chart(names, curves, lang))
        for kind, curves in kinds.items()
        if any(curves)
    ]
    if not panels:
        return note(say("runs.curve.none", lang))
    return f'<div class="rw-curves">{switched("rw-curve", panels)}</div>'


def _chart(names: Sequence[str], curves: Sequence[Sequence[Point]], lang: Lang) -> str:
    lines = [
        Line(f"r{n}", name, thinned(points))
        for n, (name, points) in enumerate(zip(names, curves, strict=True), 1)
        if points
    ]
    last = max(x for line in lines for x, _ in line.points)
    return plot(say("runs.curve", lang), lines, float(last) or 1.0)


def switched(name: str, panels: Sequence[tuple[str, str]]) -> str:
    """Panels of which one is seen at a time, by radio buttons and the style sheet alone."""
    if len(panels) == 1:
        return panels[0][1]
    radios = "".join(
        f'<label><input type="radio" name="{name}"{" checked" if n == 0 else ""}>{esc(title)}</label>'
        for n, (title, _) in enumerate(panels)
    )
    shown = "".join(f"<div>{html}</div>" for _, html in panels)
    return f'<div class="rw-switched"><div class="rw-switch">{radios}</div>{shown}</div>'


def images_html(
    names: Sequence[str], stories: Sequence[Story], step: int | None, thumbs: Thumbs, lang: Lang
) -> str:
    """A row for each prompt, a column for each run, all at one step (None: the last of each run).

    A single run has a column for each of its steps instead.
    """
    found = prompts(stories)
    if not found:
        return ""
    if len(stories) == 1:
        steps = sorted({step for images in stories[0].images.values() for step in images})
        columns: list[tuple[Story, int | None]] = [(stories[0], one) for one in _spread(steps)]
        pick = ""
    else:
        columns = [(told, step) for told in stories]
        pick = _steps_html(common_steps(stories), step, lang)
    rows = "".join(_row(prompt, names, columns, thumbs, lang) for prompt in found[:MOST_PROMPTS])
    more = len(found) - MOST_PROMPTS
    rest = note(say("runs.images.more", lang, n=more)) if more > 0 else ""
    title = esc(say("runs.images", lang))
    drawn = f'<div class="rw-prompts n{len(names)}">{rows}</div>'
    return f'<section class="rw-beside"><h4>{title}</h4>{pick}{drawn}{rest}</section>'


def _spread(steps: Sequence[int], most: int = MOST_STEPS) -> list[int]:
    """At most so many steps, evenly over all, the first and the last among them."""
    if len(steps) <= most:
        return list(steps)
    return [steps[round(n * (len(steps) - 1) / (most - 1))] for n in range(most)]


def _steps_html(steps: Sequence[int], chosen: int | None, lang: Lang) -> str:
    """Buttons for the steps at which all runs drew."""
    buttons = [(LAST, say("runs.images.last", lang), chosen is None)]
    buttons += [(str(step), _step_text(step, lang), step == chosen) for step in _spread(steps)]
    drawn = "".join(
        f'<button type="button" data-step="{value}" aria-pressed="{str(is_on).lower()}">{esc(text)}</button>'
        for value, text, is_on in buttons
    )
    return f'<div class="rw-switch">{drawn}</div>'


def _step_text(step: int, lang: Lang) -> str:
    return say("runs.images.step", lang, step=step) if step else say("runs.images.start", lang)


def _row(
    prompt: tuple[str, int],
    names: Sequence[str],
    columns: Iterable[tuple[Story, int | None]],
    thumbs: Thumbs,
    lang: Lang,
) -> str:
    text, seed = prompt
    cells = []
    is_one = len(names) == 1
    for n, (told, step) in enumerate(columns):
        found = image(told, prompt, step)
        file = _small(found[1], thumbs) if found else None
        if found is None or file is None:
            missing = esc(say("runs.images.none", lang))
            cells.append("" if is_one else f'<div class="rw-blank r{n + 1}">{missing}</div>')
            continue
        when = _step_text(found[0], lang)
        name = "" if is_one else names[n]
        cells.append(f'<div class="r{n + 1}">{figure(file, f"{name} · {when}" if name else when)}</div>')
    columns_kind = "is-steps" if is_one else "is-runs"
    return (
        f'<div><div class="rw-prompt">{esc(text)} <small>seed {seed}</small></div>'
        f'<div class="rw-cells {columns_kind}">{"".join(cells)}</div></div>'
    )


def _small(path: Path, thumbs: Thumbs) -> Path | None:
    try:
        return thumbs.of(path, SIDE)
    except OSError:
        return None  # deleted by its owner, or no image; the others are shown


def settings_html(names: Sequence[str], stories: Sequence[Story], lang: Lang, form: Story | None) -> str:
    """A table of what was set otherwise; of a single run, otherwise than in the form."""
    if form is not None and len(stories) == 1:
        found = differing([*stories, form])
        headers = [*names, say("runs.settings.form", lang)]
        title, same = say("runs.settings.now", lang), say("runs.settings.now.same", lang)
    else:
        found = differing(stories)
        headers = list(names)
        title, same = say("runs.settings", lang, n=len(found)), say("runs.settings.same", lang)
    if not found:
        return note(same)
    rows = [
        (worded(option.meta.label, lang), *(_value(option, value, lang) for value in values))
        for option, values in found
    ]
    body = table([say("diff.setting", lang), *headers], rows)
    return f'<section class="rw-beside rw-settings"><h4>{esc(title)}</h4>{body}</section>'


def _value(option: Option, value: Any, lang: Lang) -> str:
    if value is None:
        # What is not set reads as the form says it; what has no effect in a run is a dash.
        return (
            say("runs.settings.unused", lang)
            if option.default is not None
            else value_text(option, None, lang)
        )
    try:
        return value_text(option, value, lang)
    except (TypeError, ValueError, AttributeError):
        return str(value)  # a foreign run file may hold anything
