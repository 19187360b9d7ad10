"""Images to try a result with; the model stays in memory between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.catalog import SAMPLERS, Size
from core.errors import UserError
from core.events import Event, StageProgress
from core.models import precheck
from core.models.draw import Drawing, save_png
from core.models.family import family_of
from core.tools import words
from core.tools.kept_model import KEPT
from core.tools.sample import Painter, long_enough
from core.tools.tool import Work
from core.tools.try_settings import Shot, Source, TrySettings

Made = Callable[[Path, Shot, int], None]
"""Called with each image: where it lies, what drew it, its seed."""

Timesteps = Callable[[int, int], None]
"""Called with the timesteps done of an image and their number."""


def generate(
    shots: Sequence[Shot],
    settings: TrySettings,
    seed: int,
    work: Work,
    place: Callable[[], Path],
    made: Made,
) -> None:
    """Images of each shot with the same seeds. place: gives a free path for the next PNG.

    Raises UserError for a model or LoRA that can't be read, StopRun when it is stopped.
    """
    with KEPT.job(work.control):
        total = len(shots) * settings.count * settings.steps
        done = 0
        for shot in shots:
            for number in range(settings.count):
                image_seed = (seed + number) % 2**32

                def progress(timesteps: int, of: int, start: int = done) -> None:
                    work.control.check_stop()
                    work.progress("sample", start + round(timesteps / of * settings.steps), total)

                path = _one(shot, settings, image_seed, work, progress, place)
                done += settings.steps
                made(path, shot, image_seed)


def _one(
    shot: Shot,
    settings: TrySettings,
    seed: int,
    work: Work,
    progress: Timesteps,
    place: Callable[[], Path],
) -> Path:
    source = shot.source
    refused = words.problems(source.lora) if source.lora else ()
    if refused:
        raise UserError(*refused)
    config = long_enough(source.model, [settings.prompt, settings.negative])
    with painting(source, shot.strength, work) as painter:
        size = Size(*(settings.resolution or source.size))
        drawing = Drawing(size, (seed,), settings.sampler, settings.steps, settings.scale)
        image = painter.image(settings.prompt, settings.negative, config, drawing, progress)
    return save_png(image, place(), {"parameters": parameters(shot, settings, seed, size)})


@contextmanager
def painting(source: Source, strength: float, work: Work) -> Iterator[Painter]:
    """The source's model in memory, with its LoRA at this strength and its word.

    Loaded once for all that only differ in these. Raises UserError, and StopRun when it is stopped.
    """
    with KEPT.using(_key(source), lambda: _loaded(source, work), work.control) as painter:
        painter.add([(source.lora, strength)] if source.lora and strength else [], word=source.word)
        yield painter


def _key(source: Source) -> object:
    """What another model has to be loaded for. A file that was written anew is another one."""
    try:
        changed = Path(source.model.base).stat().st_mtime_ns
    except OSError:
        changed = 0
    return source.model.model_dump_json(), source.train.model_dump_json(), changed


def _loaded(source: Source, work: Work) -> Painter:
    def report(event: Event) -> None:
        work.control.check_stop()
        if isinstance(event, StageProgress):
            work.progress(event.stage, event.done, event.total)

    precheck.fetch(source.model, lambda done, total: work.at("fetch_model", done, total))
    painter = Painter(family_of(source.model), source.model, source.train, report)
    painter.to_device()
    return painter


def parameters(shot: Shot, settings: TrySettings, seed: int, size: Size) -> str:
    """The settings in the text that image viewers of this field read from a PNG ("parameters").

    Source: the format that AUTOMATIC1111's stable-diffusion-webui writes.
    """
    source, lines = shot.source, [" ".join(settings.prompt.split())]
    if settings.negative.strip():
        lines.append(f"Negative prompt: {' '.join(settings.negative.split())}")
    told = {
        "Steps": settings.steps,
        "Sampler": SAMPLERS[settings.sampler].en,
        "CFG scale": f"{settings.scale:g}",
        "Seed": seed,
        "Size": f"{size.width}x{size.height}",
        "Model": Path(source.model.base).stem,
    }
    if source.lora is not None:
        told["LoRA"] = f"{source.lora.stem}:{shot.strength:g}"
    return "\n".join([*lines, ", ".join(f"{name}: {value}" for name, value in told.items())])
