"""What a saved file says about itself: modelspec.* for every model, ss_* for how a LoRA was trained."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.families import FAMILIES


@dataclass(frozen=True)
class ModelSpec:
    """Facts for modelspec.*.

    family: a key of the catalog. prediction: one of the family's titles. resolution: (width, height) in
    pixels. date: seconds since 1970. timesteps: (first, end) when not all were trained. clip_skip: layers
    from the end, None for the last. is_embedding: the vectors of a word (textual inversion).
    """

    family: str
    prediction: str
    is_lora: bool
    title: str
    resolution: tuple[int, int]
    date: float
    timesteps: tuple[int, int] | None = None
    clip_skip: int | None = None
    is_embedding: bool = False
    author: str | None = None
    description: str | None = None
    license: str | None = None
    tags: str | None = None


def modelspec(spec: ModelSpec) -> dict[str, str]:
    """Metadata named by Stability AI's model metadata standard 1.0.1, with the values sd-scripts gives."""
    width, height = spec.resolution
    family = FAMILIES[spec.family]
    kind = "/lora" if spec.is_lora else "/textual-inversion" if spec.is_embedding else ""
    found = {
        "sai_model_spec": "1.0.1",
        "architecture": family.titles[spec.prediction].architecture + kind,
        "implementation": family.lora_implementation
        if spec.is_lora
        else "https://github.com/Stability-AI/generative-models",
        "title": spec.title,
        "resolution": f"{width}x{height}",
        "date": time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(spec.date)),
        "prediction_type": spec.prediction,
        "implementation_version": "rareword",
    }
    if spec.timesteps is not None:
        found["timestep_range"] = f"{spec.timesteps[0]},{spec.timesteps[1]}"
    if spec.clip_skip is not None:
        found["encoder_layer"] = str(spec.clip_skip)
    texts = {
        "author": spec.author,
        "description": spec.description,
        "license": spec.license,
        "tags": spec.tags,
    }
    found |= {name: text for name, text in texts.items() if text}
    return {f"modelspec.{name}": value for name, value in found.items()}


def base_model_version(family: str, prediction: str) -> str:
    """The value of ss_base_model_version, by which other programs tell what a LoRA is for."""
    return FAMILIES[family].titles[prediction].base_version


def training(values: Mapping[str, object]) -> dict[str, str]:
    """Values as ss_* metadata: text as it is, tables and lists as JSON, all else as Python writes it."""
    return {f"ss_{name}": _text(value) for name, value in values.items()}


THUMBNAIL = "modelspec.thumbnail"
"""An image that the model drew, as the text of a data URL."""

_HASH = "modelspec.hash_sha256"


def carried(texts: Mapping[str, str], *, is_changed: bool) -> dict[str, str]:
    """What a file made from another says of what that one said: all but the hashes of its bytes.

    is_changed: it holds other weights and not the same ones in another form, so that the image is not its.
    """
    gone = {_HASH, THUMBNAIL} if is_changed else {_HASH}
    return {n: text for n, text in texts.items() if n not in gone and not n.startswith("sshs_")}


def minimum(metadata: Mapping[str, str]) -> dict[str, str]:
    """What stays when a user wants no metadata: what other programs need to use the file at all."""
    needed = {
        "ss_v2",
        "ss_base_model_version",
        "ss_network_module",
        "ss_network_dim",
        "ss_network_alpha",
        "ss_network_args",
    }
    return {
        name: value for name, value in metadata.items() if name in needed or name.startswith("modelspec.")
    }


def short_hash(path: Path) -> str:
    """A1111's old model hash: 8 digits of the SHA-256 of 64 KiB from the first MiB on."""
    with path.open("rb") as file:
        file.seek(0x100000)
        return hashlib.sha256(file.read(0x10000)).hexdigest()[:8]


def sha256(path: Path) -> str:
    """SHA-256 of a whole file, as A1111 shows it; some seconds for a model."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
