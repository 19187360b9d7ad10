"""Past runs beside each other: curves, sample images at the same steps, what was set otherwise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config.schema.option import Option, walk
from core.config.schema.run import RunConfig
from core.events import Saved, StepDone
from core.runs import sample_sheet
from core.runs.past_runs import Record

Point = tuple[float, float]

_PLACES = ("save.output_dir", "save.output_name", "save.resume", "log.logging_dir")
"""Options that say where results go, and nothing about what was learned."""


@dataclass(frozen=True)
class Story:
    """What is compared of a run, small enough to be kept.

    losses, validation: (step, loss), finite ones only. images: for each prompt with its seed, the image
    of each step.
    """

    values: Mapping[str, Any]
    losses: Sequence[Point]
    validation: Sequence[Point]
    images: Mapping[tuple[str, int], Mapping[int, Path]]


def story(record: Record) -> Story:
    """The story of a run that was read."""
    reports = [event for event in record.events if isinstance(event, StepDone)]
    held_out = [(e.step, e.validation_loss) for e in reports if e.validation_loss is not None]
    _, rows = sample_sheet.grid(event for event in record.events if isinstance(event, Saved))
    return Story(
        record.values,
        [(e.step, e.loss) for e in reports if math.isfinite(e.loss)],
        [(step, loss) for step, loss in held_out if math.isfinite(loss)],
        {(row.prompt, row.seed): images for row, images in rows.items()},
    )


def differing(stories: Sequence[Story]) -> list[tuple[Option, tuple[Any, ...]]]:
    """Options that are not the same in all runs, with the value of each run; None where it has no effect.

    An option that a run file does not name has its default. Names and places of results are left out.
    """
    options = list(walk(RunConfig))
    full = [{o.key: _plain(story.values.get(o.key, o.default)) for o in options} for story in stories]
    differing: list[tuple[Option, tuple[Any, ...]]] = []
    for option in options:
        values = tuple(one[option.key] if _is_used(option, one) else None for one in full)
        if option.key not in _PLACES and any(value != values[0] for value in values[1:]):
            differing.append((option, values))
    return differing


def common_steps(stories: Sequence[Story]) -> list[int]:
    """Steps at which every run that drew images drew some."""
    steps = [{step for images in story.images.values() for step in images} for story in stories]
    steps = [one for one in steps if one]
    return sorted(set.intersection(*steps)) if steps else []


def prompts(stories: Sequence[Story]) -> list[tuple[str, int]]:
    """The prompts with their seeds, those that several runs drew first."""
    counts: dict[tuple[str, int], int] = {}
    for story in stories:
        for prompt in story.images:
            counts[prompt] = counts.get(prompt, 0) + 1
    return sorted(counts, key=lambda prompt: -counts[prompt])


def image(story: Story, prompt: tuple[str, int], step: int | None) -> tuple[int, Path] | None:
    """A run's image of a prompt with its step: the one of a step, or the last when step is None."""
    images = story.images.get(prompt, {})
    if step is None:
        step = max(images, default=None)
    return (step, images[step]) if step is not None and step in images else None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _is_used(option: Option, values: Mapping[str, Any]) -> bool:
    try:
        return option.is_used(values)
    except (TypeError, ValueError, AttributeError, KeyError):
        return True  # a foreign run file may hold anything
