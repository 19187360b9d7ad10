"""What goes with what: a VAE with a family, a resolution with the size a model was trained at; no torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from core.catalog import Size, Words
from core.errors import Problem, UserError
from core.families import FAMILIES, FamilySpec
from core.formats import known_families
from core.formats.identify import Identity
from core.formats.json_file import read_table
from core.formats.known_families import FAMILY_NAMES
from core.formats.weight_file import header_of
from core.models import messages

_OTHER_CHANNELS = {16: ("sd3", "flux")}
"""Channels of the latents of families that can't be trained. Source: their own vae/config.json."""
_OURS = {spec.latent_channels for spec in FAMILIES.values()}
_FULL_SIZE = 300_000_000
"""Parameters; what is smaller is a model made for trials, of a size of its own."""
_STRETCH = 1.7
"""How many times the trained side length may be exceeded before objects are repeated in an image."""
_SHRINK = 0.75


def foreign_family(path: Path, identity: Identity, base: FamilySpec | None) -> str:
    """The name of the family whose VAE this is, where a base model has other latents; else "".

    base: the base model's family, None where it is not known: then of every one that can be trained.
    Families with equal latents share their VAEs. A file of which nothing tells the family is believed.
    """
    channels, family = None, identity.family
    if identity.kind != "model":
        channels, family = _latent_channels(path), known_families.of_metadata(identity.metadata)
    if channels is not None and channels not in _OURS:
        names = (FAMILY_NAMES[name] for name in _OTHER_CHANNELS.get(channels, ()))
        return " / ".join(names) or f"{channels} channels"
    if not family and identity.kind != "model" and (scale := _scale(path)):
        family = next((name for name, spec in FAMILIES.items() if spec.latent_scale == scale), "")
    if family not in FAMILIES:
        return FAMILY_NAMES.get(family, family)
    spec = FAMILIES[family]
    is_alike = base is None or (spec.latent_channels, spec.latent_scale) == (
        base.latent_channels,
        base.latent_scale,
    )
    return "" if is_alike else spec.marks.name


def sharing(base: FamilySpec | None) -> str:
    """The names of the families whose VAEs go with a base model; of all without one."""
    scale = None if base is None else base.latent_scale
    return " / ".join(s.marks.name for s in FAMILIES.values() if scale in (None, s.latent_scale))


def _latent_channels(path: Path) -> int | None:
    """How many channels the decoder takes, from the shape of its first layer."""
    files = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
    for file in files:
        try:
            tensors = header_of(file).tensors
        except UserError:
            continue
        for name, (_, shape) in tensors.items():
            if name.endswith("decoder.conv_in.weight") and len(shape) == 4:
                return shape[1]
    return None


def _scale(path: Path) -> float | None:
    """The latents' factor that a Diffusers folder tells."""
    try:
        told = read_table(path / "config.json").get("scaling_factor")
    except UserError:
        return None
    return float(told) if isinstance(told, int | float) else None


def is_full_size(identity: Identity) -> bool:
    """Whether a model is as large as those that people use, and not one made for trials."""
    return identity.parameters >= _FULL_SIZE


def trained_side(identity: Identity) -> int:
    """Side length in pixels that a full-size model was trained at; 0 when that is not known."""
    if not is_full_size(identity) or identity.family not in FAMILIES:
        return 0
    titles = FAMILIES[identity.family].titles
    return titles[identity.prediction].side if identity.prediction in titles else 0


def is_near(side: int, size: Size) -> bool:
    """Whether a model trained at this side length does well with images of this size."""
    return side * _SHRINK <= math.sqrt(size.width * size.height) <= side * _STRETCH


def resolution(found: Identity, size: Size) -> Iterator[Problem]:
    """The warning when images are trained far from the model's native size."""
    side = trained_side(found)
    if not side or is_near(side, size):
        return
    is_v = found.prediction == "v"
    kind = Words("a v-prediction model trained at", "v-predictionの") if is_v else Words("trained at", "")
    message = messages.SIZE_BELOW if size.width * size.height < side * side else messages.SIZE_ABOVE
    yield message(kind=kind, side=side, width=size.width, height=size.height)
