"""Images by each model of a run at each strength, on one sheet for each prompt."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from core.catalog import Words
from core.control import StopRun
from core.counting import counted
from core.errors import EXIT_DONE, EXIT_STOPPED
from core.models.draw import Drawing, save_png
from core.runs import sample_sheet
from core.runs.sample_prompts import Prompt
from core.tools import messages, try_it
from core.tools.compare_plan import CompareSettings, Comparison, plan
from core.tools.run_models import Lineup, Tried
from core.tools.sample import long_enough
from core.tools.tool import Outcome, Work
from core.tools.try_settings import Shot, Source, TrySettings

LARGEST_CELL = 512
"""Pixels of an image on a sheet; larger ones are shrunk to it. The images themselves lie beside it."""

Cell = tuple[int, float]
"""Number of a model in the lineup and its strength; BASE for the base model."""

BASE: Cell = (-1, 0.0)


@dataclass
class Drawn:
    """The images that are there: (prompt, cell) -> path."""

    places: dict[tuple[Prompt, Cell], Path] = field(default_factory=dict)


def run(settings: CompareSettings, work: Work) -> Outcome:
    """Draw everything, or as much as there was when it was stopped. Raises what `plan` does."""
    comparison, drawn, is_stopped = plan(settings, work), Drawn(), False
    try:
        _draw(comparison, work, drawn)
    except StopRun:
        if not drawn.places:
            raise
        is_stopped = True
    finally:
        sheets = _sheets(comparison, drawn)
    count, total = len(drawn.places), comparison.total
    images, sheet_words = counted(count, "image"), counted(len(sheets), "sheet")
    line = Words(
        f"{images} and {sheet_words}: {comparison.folder}",
        f"画像{count}枚と一覧{len(sheets)}枚：{comparison.folder}",
        f"{count}张图像和{len(sheets)}张总览图：{comparison.folder}",
    )
    problems = (messages.COMPARE_STOPPED(done=count, total=total),) if is_stopped else ()
    code = EXIT_STOPPED if is_stopped else EXIT_DONE
    return Outcome((line,), problems, code, sheets=sheets)


def _draw(comparison: Comparison, work: Work, drawn: Drawn) -> None:
    """Every image, those of one model after each other: each is loaded once, adapters into the same one."""
    prompts = [prompt for same in comparison.prompts for prompt in same]
    steps = sum(prompt.steps for prompt in prompts)
    total, done = steps * (1 + len(comparison.lineup.models) * len(comparison.strengths)), 0
    for cell in _cells(comparison):
        for prompt in prompts:
            start = done

            def progress(timesteps: int, of: int, start: int = start, prompt: Prompt = prompt) -> None:
                work.control.check_stop()
                work.progress("sample", start + round(timesteps / of * prompt.steps), total)

            image, texts = _image(comparison.lineup, cell, prompt, work, progress)
            place = comparison.folder / f"{len(drawn.places):04}_{_slug(comparison.lineup, cell)}.png"
            drawn.places[prompt, cell] = save_png(image, place, texts)
            done += prompt.steps


def _cells(comparison: Comparison) -> Iterator[Cell]:
    yield BASE
    yield from itertools.product(range(len(comparison.lineup.models)), comparison.strengths)


def _image(
    lineup: Lineup, cell: Cell, prompt: Prompt, work: Work, progress: try_it.Timesteps
) -> tuple[Image.Image, Mapping[str, str]]:
    """One image, and what its file tells of it."""
    number, strength = cell
    source = lineup.base if cell == BASE else lineup.models[number].source
    config = long_enough(source.model, [prompt.text, prompt.negative])
    sampler = prompt.sampler or lineup.sampler
    drawing = Drawing(prompt.size, (prompt.seed,), sampler, prompt.steps, prompt.guidance)
    with try_it.painting(source, strength, work) as painter:
        image = painter.image(prompt.text, prompt.negative, config, drawing, progress)
    how = TrySettings(
        prompt=prompt.text,
        negative=prompt.negative,
        steps=prompt.steps,
        scale=prompt.guidance,
        sampler=sampler,
    )
    told = try_it.parameters(Shot(source, strength), how, prompt.seed, prompt.size)
    return image, {"parameters": told}


def _slug(lineup: Lineup, cell: Cell) -> str:
    """The part of a file's name that tells who drew it."""
    number, strength = cell
    if cell == BASE:
        return "base"
    name = lineup.models[number].name.replace(" ", "-")
    return name if lineup.is_whole else f"{name}_{strength:g}"


def _sheets(comparison: Comparison, drawn: Drawn) -> tuple[Path, ...]:
    """One for each prompt of which there is an image."""
    made = []
    for number, same in enumerate(comparison.prompts):
        columns, rows = _layout(comparison, same)
        opened = [(label, [_opened(drawn.places.get(cell)) for cell in cells]) for label, cells in rows]
        sheet = sample_sheet.drawn(columns, opened, sample_sheet.latin(same[0].text))
        if sheet is not None:
            place = comparison.folder / f"sheet-{number + 1:02}.png"
            made.append(save_png(sheet, place, {"Comment": _about(comparison, same)}))
    return tuple(made)


Row = tuple[str, list[tuple[Prompt, Cell]]]


def _layout(comparison: Comparison, seeds: Sequence[Prompt]) -> tuple[list[str], list[Row]]:
    """Labels of the columns, and the rows: models by strengths, or seeds where there is one strength."""
    models, strengths = comparison.lineup.models, comparison.strengths
    if len(strengths) == 1:
        columns = ["base model", *(_shown(model, strengths, comparison) for model in models)]
        cells: list[Cell] = [BASE, *((n, strengths[0]) for n in range(len(models)))]
        return columns, [(f"seed {prompt.seed}", [(prompt, cell) for cell in cells]) for prompt in seeds]
    columns = ["base model", *(f"strength {strength:g}" for strength in strengths)]
    rows: list[Row] = []
    for prompt in seeds:
        for number, model in enumerate(models):
            each = [(prompt, BASE), *((prompt, (number, strength)) for strength in strengths)]
            rows.append((f"{sample_sheet.latin(model.name)}, seed {prompt.seed}", each))
    return columns, rows


def _shown(model: Tried, strengths: Sequence[float], comparison: Comparison) -> str:
    name = sample_sheet.latin(model.name)
    is_told = not comparison.lineup.is_whole and strengths[0] != 1
    return f"{name}, strength {strengths[0]:g}" if is_told else name


def _about(comparison: Comparison, seeds: Sequence[Prompt]) -> str:
    """How the sheet was made; names of files without their folders."""
    prompt, lineup = seeds[0], comparison.lineup
    names = [_file(model.source).name for model in lineup.models]
    lines = [
        f"prompt: {prompt.text}",
        f"negative: {prompt.negative}",
        f"seeds: {', '.join(str(one.seed) for one in seeds)}",
        f"sampler: {prompt.sampler or lineup.sampler}",
        f"steps: {prompt.steps}",
        f"CFG: {prompt.guidance:g}",
        f"size: {prompt.size}",
        f"base model: {Path(lineup.base.model.base).name}",
        f"models: {', '.join(names)}",
    ]
    if not lineup.is_whole:
        lines.append(f"strengths: {', '.join(f'{strength:g}' for strength in comparison.strengths)}")
    return "\n".join(lines)


def _file(source: Source) -> Path:
    """What a run has saved of it."""
    if source.lora is not None:
        return source.lora
    return source.word.path if source.word is not None else Path(source.model.base)


def _opened(path: Path | None) -> Image.Image | None:
    """An image as it is on the sheet; None where it was not drawn."""
    if path is None:
        return None
    with Image.open(path) as file:
        image = file.convert("RGB")
    image.thumbnail((LARGEST_CELL, LARGEST_CELL))
    return image
