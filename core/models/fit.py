"""What goes with what: a VAE with a family, a resolution with the size a model was trained at; no torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.catalog import Size, Words
from core.errors import Problem, UserError
from core.formats.identify import FAMILY_NAMES, Identity, table
from core.formats.json_file import read_table
from core.models import messages

_LATENT_CHANNELS = 4
_SDXL_SCALE = 0.13025
"""Factor of SDXL's latents; that of SD1 and SD2 is 0.18215. Source: the models' own vae/config.json."""
_FULL_SIZE = 300_000_000
"""Parameters; what is smaller is a model made for trials, of a size of its own."""
_STRETCH = 1.7
"""How many times the trained side length may be exceeded before objects are repeated in an image."""
_SHRINK = 0.75


def family_of_vae(path: Path, found: Identity) -> str:
    """The name of the family whose VAE this is where it is not SD1's and SD2's own, else ""."""
    if found.kind == "model":
        return "" if found.family in ("sd1", "sd2", "") else FAMILY_NAMES.get(found.family, found.family)
    channels = _latent_channels(path)
    if channels not in (None, _LATENT_CHANNELS):
        return f"{FAMILY_NAMES['sd3']} / {FAMILY_NAMES['flux']}" if channels == 16 else f"{channels} channels"
    named = found.metadata.get("modelspec.architecture", "").lower()
    if _scale(path) == _SDXL_SCALE or "-xl-" in named or "sdxl" in named:
        return FAMILY_NAMES["sdxl"]
    return ""


def _latent_channels(path: Path) -> int | None:
    """How many channels the decoder takes, from the shape of its first layer."""
    files = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
    for file in files:
        try:
            tensors, _ = table(file)
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


def trained_side(found: Identity) -> int:
    """Side length in pixels that a full-size model was trained at; 0 when that is not known."""
    if found.parameters < _FULL_SIZE:
        return 0
    if found.family == "sd2":
        return {"v": 768, "epsilon": 512}.get(found.prediction, 0)
    return 512 if found.family == "sd1" else 0


def resolution(found: Identity, size: Size) -> Iterator[Problem]:
    """The warning when images are trained far from the model's native size."""
    side = trained_side(found)
    actual = (size.width * size.height) ** 0.5
    if not side or side * _SHRINK <= actual <= side * _STRETCH:
        return
    is_v = found.prediction == "v"
    kind = Words("a v-prediction model trained at", "v-predictionの") if is_v else Words("trained at", "")
    message = messages.SIZE_BELOW if actual < side else messages.SIZE_ABOVE
    yield message(kind=kind, side=side, width=size.width, height=size.height)
