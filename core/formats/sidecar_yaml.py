"""The .yaml that lies beside a Stable Diffusion 2 file and tells other programs how to run it."""

from __future__ import annotations

import re
from pathlib import Path

MARK = "# Written by Rareword together with the model of the same name; it goes where that goes."
"""First line of a .yaml that we wrote, so that no other is ever removed."""

SINGLE_FILES = (".safetensors", ".ckpt")

YAML = ".yaml"

_LONGEST = 65536
"""Characters that are looked at; a real one has 2,000."""

_PARAMETERIZATION = re.compile(r"""^[ \t]*parameterization[ \t]*:[ \t]*["']?(\w+)""", re.MULTILINE)
_IS_LATENT_DIFFUSION = re.compile(r"^[ \t]*target[ \t]*:.*\.LatentDiffusion[ \t]*$", re.MULTILINE)


def yaml_of(model: Path) -> Path:
    """Where the .yaml of a single file is looked for, there or not."""
    return model.with_suffix(YAML)


def sidecars(model: Path) -> tuple[Path, ...]:
    """What else was written with a single file and has to be removed or renamed with it.

    Nothing while another single file of the same name needs it too.
    """
    if model.suffix not in SINGLE_FILES:
        return ()
    place = yaml_of(model)
    others = (model.with_suffix(suffix) for suffix in SINGLE_FILES if suffix != model.suffix)
    return (place,) if is_ours(place) and not any(other.exists() for other in others) else ()


def is_ours(place: Path) -> bool:
    """Whether a .yaml is one that we wrote."""
    return _read(place).startswith(MARK)


def prediction(model: Path) -> str:
    """What the .yaml beside a single file says that it predicts: "v", "epsilon", or "" when there is none."""
    text = _read(yaml_of(model))
    named = _PARAMETERIZATION.search(text)
    if named is None:
        return "epsilon" if _IS_LATENT_DIFFUSION.search(text) else ""
    return {"v": "v", "eps": "epsilon"}.get(named[1], "")


def _read(place: Path) -> str:
    try:
        with place.open(encoding="utf-8", errors="replace") as file:
            return file.read(_LONGEST)
    except OSError:
        return ""
