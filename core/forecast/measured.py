"""What bench/activations.py measured of a family's real models: shapes of weights, and what a step takes."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from core.formats.tensor_slots import Shape

DEVICES = ("cpu", "gpu")
PRECISIONS = ("no", "mixed", "full")
KINDS = ("lora", "lora_conv", "whole", "frozen")
"""What is trained of the denoiser: an adapter, one on convolutions too, all of it, only what is before it."""


class Measured(NamedTuple):
    """A family's file; bytes unless said otherwise.

    shapes: part -> name of a weight -> shape.
    vae: "encode", "decode" -> of a latent cell at the peak of the pass, in float32.
    work: work_name -> floating-point operations of a sample's step, by its cells and by their square.
    states: numbers of a caption's text states, "token" of each and "caption" beside them.
    passes: passes_name -> without gradients, "forward" of a cell in the denoiser and "text" of a token in all
    text encoders; and "mem_eff" of a cell, what memory-efficient attention adds to a step.
    steps: step_name -> "moments", the few that may be the highest of a step: of a cell, of a token, and of
    gradients and of weights' copies in half precision as a share of the denoiser's trained weights.
    "text", what each trained text encoder keeps meanwhile: of a token, and of copies as a share of its
    weights.
    """

    shapes: Mapping[str, Mapping[str, Shape]]
    vae: Mapping[str, int]
    work: Mapping[str, tuple[int, int]]
    states: Mapping[str, int]
    passes: Mapping[str, Mapping[str, int]]
    steps: Mapping[str, Mapping[str, Any]]


def work_name(kind: str, is_checkpointed: bool) -> str:
    return f"{kind} checkpointed" if is_checkpointed else kind


def passes_name(device: str, precision: str) -> str:
    return f"{device} {precision}"


def step_name(device: str, precision: str, kind: str, is_checkpointed: bool) -> str:
    return f"{passes_name(device, precision)} {work_name(kind, is_checkpointed)}"


def measured_file(family: str) -> Path:
    """Where the measurements of a family lie."""
    return Path(__file__).parent / "measured" / f"{family}.json"


@functools.cache
def measured(family: str) -> Measured:
    """family: a key of families.FAMILIES."""
    found = json.loads(measured_file(family).read_text(encoding="utf-8"))
    shapes: dict[str, dict[str, Shape]] = {}
    for name, shape in found.pop("shapes").items():
        part, _, weight = name.partition("/")
        shapes.setdefault(part, {})[weight] = tuple(shape)
    return Measured(shapes, **found)
