"""The sizes of a base model, from its header and configs; and its layers, each counted once."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.adapters.targets import Module
from core.catalog import FAMILIES
from core.errors import UserError
from core.forecast import text, unet, vae
from core.forecast.memory import Memory
from core.forecast.tape import FLOAT, Layer, Rules, Tape
from core.formats.header import read_header
from core.formats.identify import identify
from core.formats.json_file import read_table
from core.models import hub
from core.models.sd.configs import architecture as real
from core.models.sd.configs import refuse_endless
from core.reading import reading

CONFIG_KEY = "rareword.architecture"
"""Metadata of a single file whose sizes are not the real models'; as core.models.sd.load."""

PARTS = ("unet", "text_encoder", "vae")


@dataclass(frozen=True)
class Architecture:
    """The sizes of the three parts of a model of a family."""

    family: str
    unet: unet.UNet
    text: text.TextEncoder
    vae: vae.VAE

    @functools.cached_property
    def layers(self) -> Mapping[tuple[str, str], Layer]:
        """Every layer that has weights, by part and path, in the order of use."""
        tape = Tape(Rules(), Memory(), is_recording=False)
        states = text.walk(tape, self.text, 1, text.WINDOW)
        sample = tape.new((1, self.unet.channels, 8, 8), FLOAT)
        unet.walk(tape, self.unet, sample, states)
        vae.encode(tape, self.vae, 1, 64, 64)
        vae.decode(tape, self.vae, sample)
        return tape.layers

    def of(self, part: str) -> dict[str, Layer]:
        """The layers of a part by path."""
        return {path: layer for (owner, path), layer in self.layers.items() if owner == part}

    def numbers(self, part: str) -> int:
        """How many numbers the weights of a part are."""
        return sum(layer.numbers for layer in self.of(part).values())

    def modules(self, part: str) -> list[Module]:
        """The layers of a part that a LoRA may be put on."""
        return [
            Module(path, layer.kind, layer.kernel)
            for path, layer in self.of(part).items()
            if layer.kind in ("Linear", "Conv2d")
        ]


def of_family(family: str) -> Architecture:
    """The real models' sizes. family: a key of catalog.FAMILIES."""
    return _made(family, real(family))


def of_base(base: str, other_vae: str | None = None) -> Architecture | None:
    """The sizes of a base model on this machine; None where nothing can be said about it yet.

    Nothing is fetched. A file that no config tells more about has its family's sizes; what does not fit is
    refused by the run itself.
    """
    try:
        path = hub.here(base)
        if path is None:
            return None
        found = _of_path(path, _changed(path))
        around = hub.here(other_vae, "model.vae") if other_vae else None
    except (UserError, OSError):
        return None
    if found is None or around is None or not around.is_dir():
        return found
    folder = around / "vae" if (around / "vae").is_dir() else around
    try:
        with reading(folder):
            other = Architecture(found.family, found.unet, found.text, vae.VAE.of(_config(folder)))
            return other if other.layers else None
    except UserError:
        return found


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns


@functools.lru_cache(maxsize=32)
def _of_path(path: Path, changed: int) -> Architecture | None:
    """changed: when the file was; only so that it is looked at anew then."""
    identity = identify(path)
    if identity.kind != "model" or identity.family not in FAMILIES:
        return None
    try:
        with reading(path):
            found = _made(identity.family, _configs(path, identity.family))
            # What no model can be made of shows when its layers are walked through.
            return found if found.layers else None
    except UserError:
        return None


def _configs(path: Path, family: str) -> Mapping[str, Mapping[str, Any]]:
    """As core.models.sd.load.configs finds them, without torch."""
    folder = path if path.is_dir() else path.with_name(f"{path.stem}_config")
    if folder.is_dir():
        return {part: _config(folder / part) for part in PARTS}
    if path.suffix.lower() == ".safetensors":
        kept = read_header(path).metadata.get(CONFIG_KEY)
        if kept is not None:
            found = dict(json.loads(kept))
            for config in found.values():
                refuse_endless(config)
            return found
    return real(family)


def _config(folder: Path) -> dict[str, Any]:
    found = read_table(folder / "config.json")
    refuse_endless(found)
    return found


def _made(family: str, configs: Mapping[str, Mapping[str, Any]]) -> Architecture:
    return Architecture(
        family,
        unet.UNet.of(configs["unet"]),
        text.TextEncoder.of(configs["text_encoder"]),
        vae.VAE.of(configs["vae"]),
    )
