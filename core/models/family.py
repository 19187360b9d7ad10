"""What every family of models gives to the training: its parts in memory and the functions on them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from core.adapters.targets import ModuleKey
from core.catalog import FAMILIES, FamilySpec
from core.config.schema.run import ModelConfig
from core.diffusion.objective import Objective
from core.events import Emit
from core.formats.tensors import Watch


class Stamp(NamedTuple):
    """Size and time of change of a file, to see later whether it is still the same."""

    size: int
    changed_ns: int


@dataclass(frozen=True)
class Source:
    """Where a model came from.

    path: file or folder. save_as: the option value that writes the same format. vae: another VAE's file or
    folder. configs: part -> its Diffusers config. is_standard: whether those are the real model's and need
    not be kept. stamps: what the files looked like when they were read.
    """

    path: Path
    save_as: str
    vae: Path | None
    configs: Mapping[str, dict[str, Any]]
    is_standard: bool
    stamps: Mapping[Path, Stamp]


@dataclass
class Components:
    """A model in memory.

    prediction: "epsilon" or "v", what the U-Net was trained to predict. zero_terminal_snr: whether its noise
    schedule is the one rescaled to end in pure noise (Lin et al. 2023, arXiv:2305.08891, section 3.1).
    """

    spec: FamilySpec
    unet: torch.nn.Module
    text_encoder: torch.nn.Module
    vae: torch.nn.Module
    tokenizer: Any
    prediction: str
    source: Source
    zero_terminal_snr: bool = False

    def modules(self) -> dict[str, torch.nn.Module]:
        """The modules by the name of their part."""
        return {"unet": self.unet, "text_encoder": self.text_encoder, "vae": self.vae}


@dataclass(frozen=True)
class Conditioning:
    """What the caption gives to the U-Net. encoder_hidden_states: (B, tokens, width)."""

    encoder_hidden_states: Tensor


class Family(Protocol):
    """The seam between a family of models and the training, which knows no family."""

    def load(
        self,
        base: str,
        config: ModelConfig,
        emit: Emit,
        with_vae: Callable[[Components], None] | None = None,
        with_text: Callable[[Components], None] | None = None,
    ) -> Components: ...
    def count_tokens(self, text: str) -> int: ...
    def tokenize(self, parts: Components, captions: Sequence[str], config: ModelConfig) -> Tensor: ...
    def encode_text(self, parts: Components, token_ids: Tensor, config: ModelConfig) -> Conditioning: ...
    def encode_image(self, parts: Components, pixels: Tensor) -> tuple[Tensor, Tensor]: ...
    def predict(
        self, parts: Components, noisy_latents: Tensor, timesteps: Tensor, cond: Conditioning
    ) -> Tensor: ...
    def objective(self, parts: Components) -> Objective: ...
    def pipeline(self, parts: Components, sampler: str) -> Any: ...
    def lora_names(self, parts: Components) -> Mapping[str, ModuleKey]: ...
    def save(
        self,
        parts: Components,
        path: Path,
        save_as: str,
        precision: str,
        metadata: Mapping[str, str],
        weights: Mapping[str, Mapping[str, Tensor]] | None = None,
    ) -> Path: ...
    def convert(
        self,
        source: Path,
        family: str,
        target: Path,
        save_as: str,
        precision: str,
        watch: Watch | None = None,
    ) -> Path: ...


def open_family(name: str) -> Family:
    """The functions of a family of the catalog; "auto" gives the one that tells the families apart by itself.

    Raises KeyError for a name that is not in the catalog.
    """
    module, _, attribute = FAMILIES["sd1" if name == "auto" else name].code.partition(":")
    family: Family = getattr(importlib.import_module(module), attribute)()
    return family
