"""What can be said against the chosen base model from its header, before anything is loaded; no torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.config.schema.run import ModelConfig
from core.errors import Problem, UserError, plain_problem
from core.formats.identify import Identity, identify
from core.models import fit, hub, refusals


def problems(config: ModelConfig) -> tuple[Problem, ...]:
    """Everything wrong with the model and the VAE named, or with what is said about them.

    Nothing is fetched, so nothing is said about a Hub id before `fetch`.
    """
    try:
        base, vae = hub.here(config.base), hub.here(config.vae, "model.vae") if config.vae else None
    except UserError as missing:
        return missing.problems
    return (*(of_base(base, config) if base else ()), *(of_vae(vae) if vae else ()))


def fetch(config: ModelConfig, report: hub.Report) -> bool:
    """Download what is named by a Hub id and is not here yet; whether there was any.

    Raises UserError when the Hub has no such model or can't be reached, and whatever `report` raises.
    """
    named = [("model.base", config.base), *([("model.vae", config.vae)] if config.vae else [])]
    missing = [(key, name) for key, name in named if hub.here(name, key) is None]
    for key, name in missing:
        hub.locate(name, key, report)
    return bool(missing)


def of_base(path: Path, config: ModelConfig) -> Iterator[Problem]:
    """What is wrong with a file or folder as the base model."""
    found = identify(path)
    try:
        refusals.check_model(path, found, config)
    except UserError as refused:
        yield from refused.problems
        return
    denied = refusals.prediction_denied(path, found, config.prediction)
    if denied is not None:
        yield denied
    if found.family == "sd2" and config.clip_skip is not None:
        yield _skipped(found, config.clip_skip)


def of_vae(path: Path) -> Iterator[Problem]:
    """What is wrong with a file or folder as the VAE; of a whole model its VAE is meant."""
    found = identify(path)
    yield from found.problems
    if found.problems:
        return
    if found.kind not in ("vae", "model"):
        yield refusals.wrong_kind(path, found, key="model.vae")
    elif found.variant == "unet":
        yield _no_vae_inside(path)
    else:
        family = fit.family_of_vae(path, found)
        if family:
            yield _foreign_vae(path, family)


def _no_vae_inside(path: Path) -> Problem:
    return plain_problem(
        "E-MODEL-KIND",
        f"{path}: this is only a U-Net and holds no VAE. Choose a VAE, or leave it empty.",
        f"{path}：U-NetだけでVAEが含まれていません。VAEを選ぶか、空欄にしてください。",
        key="model.vae",
        path=str(path),
    )


def _foreign_vae(path: Path, family: str) -> Problem:
    return plain_problem(
        "E-MODEL-VAE",
        f"{path}: this VAE is of {family}; its latents mean something else to SD1 and SD2. Choose a VAE made "
        "for those (they share one kind), or leave it empty.",
        f"{path}：これは{family}用のVAEで、SD1・SD2のlatentsとは互換性がありません。"
        "SD1・SD2用のVAE（両者共通）を選ぶか、空欄にしてください。",
        key="model.vae",
        path=str(path),
    )


def _skipped(found: Identity, layers: int) -> Problem:
    return plain_problem(
        "W-MODEL-CLIPSKIP",
        f"Stable Diffusion 2 already uses the layer before the last; clip_skip = {layers} counts from there, "
        "which its models were not trained for. Leave it empty unless you mean that.",
        f"Stable Diffusion 2はもともと最後から2番目の層を使います。clip_skip = {layers}はそこから数えるため、"
        "モデル本来の学習とは異なります。意図したものでなければ空欄にしてください。",
        key="model.clip_skip",
    )
