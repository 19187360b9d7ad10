"""Which model of a run is the best: like the subject, with the class as it was. Says why."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from core.catalog import Words
from core.data.images import decode
from core.errors import Problem, UserError
from core.judges import judge as judges
from core.judges import scores
from core.judges.judge import Judge
from core.judges.scores import Basis, Score
from core.models.draw import Drawing
from core.runs import judgement
from core.runs.judgement import Judged
from core.runs.sample_prompts import Prompt
from core.tools import judge_words, messages, try_it
from core.tools.judge_plan import Asked, JudgeSettings, plan, seeds_of
from core.tools.sample import long_enough
from core.tools.tool import Outcome, Work
from core.tools.try_settings import Source

_LARGEST_SIDE = 1024
"""Pixels; larger images are halved until they are below: no judge sees so many."""
_AT_ONCE, _PIXELS_AT_ONCE = 8, 2 * 512 * 512
"""Images that are drawn together, and the pixels of them all."""
_READ_AT_ONCE = 16
_LOW = 0.5
"""A score below which something is missing in every model of a run."""


@dataclass
class _Steps:
    """How far the drawing is, over all models."""

    work: Work
    total: int
    done: int = 0

    def at(self, steps: int) -> None:
        self.work.control.check_stop()
        self.work.progress("sample", self.done + steps, self.total)


def run(settings: JudgeSettings, work: Work) -> Outcome:
    """Judge the models of a run, and keep what was found beside it.

    Raises UserError for what can't be judged, StopRun when it is stopped: then nothing is kept.
    """
    if settings.as_json:  # nothing but JSON is to be printed then
        work = Work(control=work.control, place=work.place, may_write=work.may_write)
    asked = plan(settings, work)
    run_, base = asked.lineup.run, Path(asked.lineup.base.model.base)
    assert run_ is not None, "only a run is judged"
    name = judges.named(settings.judge, base if base.is_file() else None)
    judges.here(name)
    place = judges.located(name, lambda done, total: work.at("fetch_model", done, total))
    judge = judges.opened(place)
    try:
        basis, found, lost = _looked_at(asked, judge, _Steps(work, asked.steps))
    finally:
        judge.close()
    best = suggested(found)
    models = [_judged(asked, n, score, n == best) for n, score in enumerate(found)]
    about = _about(asked, name, basis)
    judgement.write(run_.folder, models, about)
    if settings.as_json:
        text = json.dumps(judgement.as_json(models, about), ensure_ascii=False, indent=2)
        return Outcome((Words(text, text, text),))
    told = [*lost, *_problems(asked, basis, models)]
    said, rows = tuple(judge_words.lines(models)), judge_words.table(models, asked, basis)
    return Outcome(said, tuple(told), table=rows, about=(judge_words.compared(asked), judge_words.FORMULA))


def suggested(found: Sequence[Score]) -> int | None:
    """The number of the best one: of the highest score, of equal ones the one trained least.

    None where no score is told, or all are 0: then each has learned nothing or kept nothing.
    """
    told = [(score.score, -n) for n, score in enumerate(found) if score.score]
    return -max(told)[1] if told else None


def _looked_at(asked: Asked, judge: Judge, steps: _Steps) -> tuple[Basis, list[Score], list[Problem]]:
    """What the judge says of every model, and which images could not be read."""
    held_out, lost = _features(judge, asked.held_out)
    if len(held_out) < 2:
        raise UserError(messages.JUDGE_NO_IMAGES())
    trained = None
    if judge.is_fine and asked.trained:
        trained = held_out if asked.kind == "trained" else _features(judge, asked.trained)[0]
    subject, classes = _drawn(asked, asked.lineup.base, 0.0, judge, steps)
    basis = Basis(held_out, torch.cat(subject), classes, trained if _is_some(trained) else None)
    found = []
    for model in asked.lineup.models:
        subject, classes = _drawn(asked, model.source, 1.0, judge, steps)
        found.append(scores.score(basis, torch.cat(subject), classes))
    return basis, found, lost


def _is_some(features: Tensor | None) -> bool:
    return features is not None and len(features) > 1


def _drawn(
    asked: Asked, source: Source, strength: float, judge: Judge, steps: _Steps
) -> tuple[list[Tensor], list[Tensor]]:
    """Features of the images of each prompt: of the subject's, and of the class's."""
    made = [
        judge.features(_images(source, strength, prompt, asked, steps))
        for prompt in (*asked.subject, *asked.classes)
    ]
    return made[: len(asked.subject)], made[len(asked.subject) :]


def _images(
    source: Source, strength: float, prompt: Prompt, asked: Asked, steps: _Steps
) -> list[Image.Image]:
    """The images of one prompt by one model."""
    config, seeds = long_enough(source.model, [prompt.text, prompt.negative]), seeds_of(prompt, asked.count)
    at_once = max(1, min(_AT_ONCE, _PIXELS_AT_ONCE // (prompt.size.width * prompt.size.height)))
    sampler = prompt.sampler or asked.lineup.sampler
    images: list[Image.Image] = []
    with try_it.painting(source, strength, steps.work) as painter:
        for start in range(0, len(seeds), at_once):
            some = seeds[start : start + at_once]

            def progress(timesteps: int, of: int, count: int = len(some)) -> None:
                steps.at(round(timesteps / of * prompt.steps * count))

            drawing = Drawing(prompt.size, some, sampler, prompt.steps, prompt.guidance)
            images += painter.images(prompt.text, prompt.negative, config, drawing, progress)
            steps.done += prompt.steps * len(some)
    return images


def _features(judge: Judge, paths: Iterable[Path]) -> tuple[Tensor, list[Problem]]:
    """Of the images that can be read; the others are told of."""
    found, lost = [torch.empty(0, 1)], []
    images: list[Image.Image] = []
    for path in paths:
        image = _opened(path)
        if image is None:
            lost.append(messages.JUDGE_IMAGE(path=path))
            continue
        images.append(image)
        if len(images) == _READ_AT_ONCE:
            found.append(judge.features(images))
            images = []
    found += [judge.features(images)] if images else []
    return torch.cat(found[1:] or found), lost


def _opened(path: Path) -> Image.Image | None:
    """An image upright, in RGB, on white; None when it can't be read."""
    try:
        image = decode.open_image(decode.read(path))
        if image is None or image.width * image.height > decode.MAX_PIXELS:
            return None
        with decode.room_for(image):
            rgb = decode.upright_rgb(image)
    except MemoryError:
        raise
    except Exception:  # Pillow raises nearly anything for a broken file
        return None
    times = max(rgb.size) // _LARGEST_SIDE
    return rgb.reduce(times) if times > 1 else rgb


def _judged(asked: Asked, number: int, score: Score, is_best: bool) -> Judged:
    saved = asked.lineup.models[number].saved
    assert saved is not None, "a model of a run was saved"
    rounded = {name: _rounded(value) for name, value in asdict(score).items()}
    return Judged(saved.path.name, saved.step, **rounded, is_best=is_best)


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


def _about(asked: Asked, name: str, basis: Basis) -> dict[str, Any]:
    """What was compared with what; of paths the last part alone."""
    kept = basis.kept
    return {
        "judge": Path(name).name if Path(name).exists() else name,
        "time": round(time.time()),
        "compared_with": asked.kind,
        "images": len(basis.held_out),
        "prompts": [prompt.text for prompt in asked.subject],
        "class_prompts": [prompt.text for prompt in asked.classes],
        "count": asked.count,
        "learned_from_to": [_rounded(basis.learned.low), _rounded(basis.learned.high)],
        "kept_from_to": None if kept is None else [_rounded(kept.low), _rounded(kept.high)],
    }


def _problems(asked: Asked, basis: Basis, models: Sequence[Judged]) -> Iterable[Problem]:
    """What makes the figures say less, and that even the best is not good."""
    best = max((model.score for model in models if model.score is not None), default=1.0)
    if best < _LOW:
        yield messages.JUDGE_LOW()
    if asked.kind == "trained":
        yield messages.JUDGE_TRAINED()
    if not asked.classes:
        yield messages.JUDGE_NO_CLASS()
    if not basis.learned.is_told:
        yield messages.JUDGE_BLIND_SUBJECT()
    if basis.kept is not None and not basis.kept.is_told:
        yield messages.JUDGE_BLIND_CLASS()
