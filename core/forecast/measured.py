"""What bench/activations.py measured of a family's real models: shapes of weights, and what a step takes."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from core.formats.tensor_slots import Shape

DEVICES = ("cpu", "gpu")
PRECISIONS = ("no", "mixed", "full")
KINDS = ("lora", "lora_conv", "whole", "frozen")
"""What is trained of the denoiser: an adapter, one on convolutions too, all of it, only what is before it."""


class Moment(NamedTuple):
    """A moment of a step that may be its highest.

    cell, token: bytes of activations for each in a micro-batch. share: bytes of gradients, and of weights'
    copies in half precision, as a share of the denoiser's trained weights.
    """

    cell: int
    token: int
    share: float


class Text(NamedTuple):
    """What a trained text encoder keeps: bytes of a token, and weights' copies as a share of its weights."""

    token: int
    share: float


class Step(NamedTuple):
    """moments: one to three of the denoiser's. text: while they last."""

    moments: tuple[Moment, ...]
    text: Text


class Passes(NamedTuple):
    """Passes without gradients. forward: bytes of a cell in the denoiser. text: of a token in the encoder.

    mem_eff: bytes of a cell that memory-efficient attention adds to a step.
    """

    forward: int
    text: int
    mem_eff: int


class Work(NamedTuple):
    """Floating-point operations of a sample's step: by its cells, and by their square (attention)."""

    cell: int
    square: int


class Vae(NamedTuple):
    """Bytes of a latent cell at the peak of each pass, in float32."""

    encode: int
    decode: int


@dataclass(frozen=True)
class Measured:
    """shapes: part -> name of a weight -> shape. work, passes, steps: by the names below."""

    shapes: Mapping[str, Mapping[str, Shape]]
    vae: Vae
    work: Mapping[str, Work]
    passes: Mapping[str, Passes]
    steps: Mapping[str, Step]


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
    """family: a key of catalog.FAMILIES."""
    found = json.loads(measured_file(family).read_text(encoding="utf-8"))
    shapes: dict[str, dict[str, Shape]] = {}
    for name, shape in found["shapes"].items():
        part, _, weight = name.partition("/")
        shapes.setdefault(part, {})[weight] = tuple(shape)
    return Measured(
        shapes,
        Vae(**found["vae"]),
        {name: Work(*row) for name, row in found["work"].items()},
        {name: Passes(**row) for name, row in found["passes"].items()},
        {
            name: Step(tuple(Moment(*one) for one in row["moments"]), Text(*row["text"]))
            for name, row in found["steps"].items()
        },
    )
