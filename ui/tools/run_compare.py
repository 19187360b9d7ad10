"""Runs that were ticked beside each other: curves, images and settings as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.config.schema.option import Option
from core.errors import Lang
from core.runs.compare import Story, common_steps, differing, image, prompts
from ui.parts.chart import Line, plot, smoothed
from ui.parts.curve import Curve, Point
from ui.parts.images import figure
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
    """The losses of the runs over each other, smoothed or raw, and those of validation images.

    One panel is seen at a time, by radio buttons and the style sheet alone.
    """
    losses: list[Sequence[Point]] = [story.losses if len(story.losses) > 1 else () for story in stories]
    kinds: dict[str, list[Sequence[Point]]] = {
        "runs.curve.smooth": [smoothed(points) for points in losses],
        "runs.curve.raw": losses,
        "runs.curve.validation": [story.validation for story in stories],
    }
    panels = [(say(key, lang), _chart(names, curves, lang)) for key, curves in kinds.items() if any(curves)]
    if not panels:
        return note(say("runs.curve.none", lang))
    radios = "".join(
        f'<label><input type="radio" name="rw-curve"{" checked" if n == 0 else ""}>{esc(title)}</label>'
        for n, (title, _) in enumerate(panels)
    )
    shown = "".join(f"<div>{html}</div>" for _, html in panels)
    return (
        f'<div class="rw-curves"><div class="rw-switched"><div class="rw-switch">{radios}</div>{shown}'
        "</div></div>"
    )


def _chart(names: Sequence[str], curves: Sequence[Sequence[Point]], lang: Lang) -> str:
    lines = [
        Line(f"r{n}", name, Curve(points).ends)
        for n, (name, points) in enumerate(zip(names, curves, strict=True), 1)
        if points
    ]
    last = max(x for line in lines for x, _ in line.points)
    return plot(say("runs.curve", lang), lines, float(last) or 1.0)


def images_html(
    names: Sequence[str], stories: Sequence[Story], step: int | None, thumbs: Thumbs, lang: Lang
) -> str:
    """A row for each prompt, a column for each run, all at one step (None: the last of each run).

    A single run has a column for each of its steps instead.
    """
    asked = prompts(stories)
    if not asked:
        return ""
    columns: list[tuple[str, Story, int | None]]
    if len(stories) == 1:
        steps = sorted({step for images in stories[0].images.values() for step in images})
        columns, pick = [("", stories[0], one) for one in _spread(steps)], ""
    else:
        columns = [(name, story, step) for name, story in zip(names, stories, strict=True)]
        pick = _steps_html(common_steps(stories), step, lang)
    rows = "".join(_row(prompt, columns, thumbs, lang) for prompt in asked[:MOST_PROMPTS])
    more = len(asked) - MOST_PROMPTS
    rest = note(say("runs.images.more", lang, n=more)) if more > 0 else ""
    return (
        f'<section class="rw-beside"><h3>{esc(say("group.sample", lang))}</h3>{pick}'
        f'<div class="rw-compared n{len(names)}">{rows}</div>{rest}</section>'
    )


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
    return say("run.sample.step", lang, step=step) if step else say("runs.images.start", lang)


def _row(
    prompt: tuple[str, int],
    columns: Sequence[tuple[str, Story, int | None]],
    thumbs: Thumbs,
    lang: Lang,
) -> str:
    """columns: name of the run, "" for the only one; the run; the step, None for its last."""
    text, seed = prompt[0], say("run.sample.seed", lang, seed=prompt[1])
    cells = []
    for n, (name, story, step) in enumerate(columns, 1):
        found = image(story, prompt, step)
        file = _small(found[1], thumbs) if found else None
        if found and file:
            when = _step_text(found[0], lang)
            cells.append(f'<div class="r{n}">{figure(file, f"{name} · {when}" if name else when)}</div>')
        elif name:
            cells.append(f'<div class="rw-blank r{n}">{esc(say("runs.images.none", lang))}</div>')
    kind = "is-runs" if columns[0][0] else "is-steps"
    return (
        f'<div><div class="rw-prompt">{esc(text)} <small>{esc(seed)}</small></div>'
        f'<div class="rw-cells {kind}">{"".join(cells)}</div></div>'
    )


def _small(path: Path, thumbs: Thumbs) -> Path | None:
    try:
        return thumbs.of(path, SIDE)
    except OSError:
        return None  # deleted by its owner, or no image; the others are shown


def settings_html(names: Sequence[str], stories: Sequence[Story], lang: Lang, form: Story) -> str:
    """A table of the options that differ between the runs; of a single run, from the form."""
    if len(stories) == 1:
        differences = differing([*stories, form])
        names = [*names, say("runs.settings.form", lang)]
        title, same = say("runs.settings.now", lang), say("runs.settings.now.same", lang)
    else:
        differences = differing(stories)
        title = say("runs.settings", lang, n=len(differences))
        same = say("runs.settings.same", lang)
    if not differences:
        return note(same)
    rows = [
        (option.meta.label.of(lang), *(_value(option, value, lang) for value in values))
        for option, values in differences
    ]
    body = table([say("diff.setting", lang), *names], rows)
    return f'<section class="rw-beside rw-settings"><h3>{esc(title)}</h3>{body}</section>'


def _value(option: Option, value: Any, lang: Lang) -> str:
    # What is not set reads as the form shows it; what has no effect in a run is a dash.
    if value is None and option.default is not None:
        return say("runs.settings.unused", lang)
    try:
        return value_text(option, value, lang)
    except (TypeError, ValueError, AttributeError):
        return str(value)  # a foreign run file may hold anything
