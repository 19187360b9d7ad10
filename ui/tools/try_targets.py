"""What images can be generated with: every saved model, those of runs first, and the base model alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.config import check
from core.config.check import typed
from core.config.schema.model import ModelConfig
from core.config.schema.train import TrainConfig
from core.errors import UserError
from core.families import FAMILIES
from core.formats.identify import identify
from core.runs import checkpoints, past_runs
from core.runs.past_runs import PastRun
from core.tools import run_models
from core.tools.try_settings import Source
from ui.settings.form import Form
from ui.tools import messages
from ui.window import Window
from ui.window.results import Result

BASE = "base"
"""Names the base model of the settings among the targets."""

MOST_RUNS = 30
_BESIDE = ("model.", "dataset.resolution")


@dataclass(frozen=True)
class Target:
    """One model. id: as the page names it. run: that has saved it, None for a file by itself.

    step: of the run. is_lora: whether it has a strength.
    """

    id: str
    path: Path
    label: str
    run: PastRun | None
    step: int
    is_lora: bool


def targets(runs: Sequence[PastRun], results: Mapping[str, Result]) -> list[Target]:
    """Every model that can be fetched, those of the newest run first. results: of `by_place`."""
    left = {place: result for place, result in results.items() if result.kind in ("model", "folder")}
    found = []
    for run in runs[:MOST_RUNS]:
        for one in checkpoints.of_run(run):
            result = left.pop(os.path.realpath(one.path), None)
            if result is not None:
                is_lora = run.method not in ("none", "embedding")
                found.append(Target(result.id, one.path, one.path.name, run, one.step, is_lora))
    others = [result for result in left.values() if result.path.suffix != ".yaml"]
    found += [Target(r.id, r.path, r.path.name, None, 0, _is_lora(r.path)) for r in others]
    return found


def _is_lora(path: Path) -> bool:
    try:
        return identify(path).kind in ("lora", "embedding")
    except (UserError, OSError):
        return False


def sources(window: Window, target: Target | None) -> tuple[Source, Source]:
    """The base model alone, and what the target adds to it. target: None for the base model of the settings.

    Raises UserError for a base model that may not be read, or none.
    """
    if target is None:
        base = _of_settings(window)
        return base, base
    if target.run is not None:
        config = check.load(target.run.folder / past_runs.RUN_FILE).config
        model = config.model.model_copy(update=_paths(window, config.model))
        base = Source(model, config.train, config.dataset.resolution)
        return base, run_models.source_of(base, target.path, config)
    if target.is_lora:
        base = _of_settings(window)
        return base, replace(base, lora=target.path)
    base = _plain(target.path)
    return base, base


def _paths(window: Window, model: ModelConfig) -> dict[str, str | None]:
    paths = window.paths
    return {
        "base": paths.model(model.base, "model.base"),
        "vae": paths.model(model.vae, "model.vae") if model.vae else None,
    }


def _of_settings(window: Window) -> Source:
    """The base model of the form, read and sized as that says."""
    wanted = {key: v for key, v in window.settings.items() if key.startswith(_BESIDE)}
    config, _ = typed(Form.read(wanted))
    if not config.model.base:
        raise UserError(messages.NO_BASE())
    model = config.model.model_copy(update=_paths(window, config.model))
    return Source(model, TrainConfig(), config.dataset.resolution)


def _plain(path: Path) -> Source:
    """A model by itself, at its family's own size."""
    side = FAMILIES.get(identify(path).family, next(iter(FAMILIES.values()))).default_size
    return Source(ModelConfig(base=str(path)), TrainConfig(), (side.width, side.height))
