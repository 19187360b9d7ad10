"""What can be said against the chosen base model from its header, before anything is loaded; no torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.config.schema import ModelConfig
from core.errors import Problem, UserError
from core.formats.identify import Identity, identify
from core.models.sd import hub, refuse


def problems(config: ModelConfig) -> tuple[Problem, ...]:
    """Everything wrong with the model and the VAE named, or with what is said about them.

    A Hub id is not fetched, so nothing is said about one.
    """
    try:
        base, vae = hub.here(config.base), hub.here(config.vae, "model.vae") if config.vae else None
    except UserError as missing:
        return missing.problems
    return (*(_of_base(base, config) if base else ()), *(_of_vae(vae) if vae else ()))


def _of_base(path: Path, config: ModelConfig) -> Iterator[Problem]:
    found = identify(path)
    try:
        refuse.check_model(path, found, config)
    except UserError as refused:
        yield from refused.problems
        return
    denied = refuse.prediction_denied(path, found, config.prediction)
    if denied is not None:
        yield denied
    if found.family == "sd2" and config.clip_skip is not None:
        yield _skipped(found, config.clip_skip)


def _of_vae(path: Path) -> Iterator[Problem]:
    found = identify(path)
    yield from found.problems
    if not found.problems and found.kind not in ("vae", "model"):
        yield refuse.wrong_kind(path, found, key="model.vae")


def _skipped(found: Identity, layers: int) -> Problem:
    return Problem(
        "W-MODEL-CLIPSKIP",
        f"Stable Diffusion 2 already uses the layer before the last; clip_skip = {layers} counts from there, "
        "which its models were not trained for. Leave it empty unless you mean that.",
        f"Stable Diffusion 2はもともと最後から2番目の層を使います。clip_skip = {layers}はそこから数えるため、"
        "モデル本来の学習とは異なります。意図したものでなければ空欄にしてください。",
        key="model.clip_skip",
    )
