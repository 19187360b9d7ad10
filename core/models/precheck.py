"""Checks the chosen base model and VAE by their headers, before anything is loaded; no torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from core.config.schema.model import ModelConfig
from core.config.schema.run import OPTIONS
from core.errors import Problem, UserError
from core.families import FAMILIES, FamilySpec
from core.formats.classify import ALONE
from core.formats.identify import identify
from core.models import fit, hub, messages, refusals

_NAMED_V = re.compile(r"v[-_ ]?pred", re.IGNORECASE)
"""As people name models that predict v; not all of them carry the mark of it."""


def problems(config: ModelConfig) -> tuple[Problem, ...]:
    """Everything wrong with the model and the VAE named, or with what is said about them.

    Nothing is fetched, so nothing is said about a Hub id before `fetch`.
    """
    try:
        base, vae = hub.here(config.base), hub.here(config.vae, "model.vae") if config.vae else None
    except UserError as missing:
        return missing.problems
    family = FAMILIES.get(identify(base).family) if base and vae else None
    return (*(of_base(base, config) if base else ()), *(of_vae(vae, family) if vae else ()))


def _about(key: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Problems of a file, which knows no option, as those of the option that names it."""
    return (replace(problem, key=problem.key or key) for problem in problems)


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
        yield from _about("model.base", refused.problems)
        return
    denied = refusals.prediction_denied(path, found, config.prediction)
    if denied is not None:
        yield denied
    spec = FAMILIES[found.family]
    is_told = config.prediction != "auto" or found.tells_prediction
    if found.prediction == "epsilon" and not is_told and _NAMED_V.search(path.stem):
        yield messages.NAMED_V(path=path)
    if spec.text_layer > 1 and config.clip_skip is not None and OPTIONS["model.clip_skip"].is_of(spec.name):
        yield messages.CLIP_SKIP_TWICE(family=spec.words, layers=config.clip_skip)


def of_vae(path: Path, base: FamilySpec | None = None) -> Iterator[Problem]:
    """What is wrong with a file or folder as the VAE; of a whole model its VAE is meant.

    base: the base model's family, None where it is not known.
    """
    found = identify(path)
    yield from _about("model.vae", found.problems)
    if found.problems:
        return
    if found.kind not in ("vae", "model"):
        yield refusals.wrong_kind(path, found, key="model.vae")
    elif found.variant == ALONE:
        yield messages.NO_VAE_IN_UNET(path=path)
    else:
        family = fit.foreign_family(path, found, base)
        if family:
            yield messages.FOREIGN_VAE(path=path, family=family, base=fit.sharing(base))
