"""What every family of models gives to the training: its parts in memory and the functions on them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from core.adapters.targets import ModuleKey
from core.catalog import Role, Size
from core.config.schema.model import ModelConfig
from core.config.schema.train import TrainConfig
from core.diffusion.objective import Objective
from core.events import Emit
from core.families import FAMILIES, FamilySpec
from core.formats.identify import identify
from core.formats.tensors import Watch
from core.models import hub


@dataclass(frozen=True)
class Source:
    """Where a model came from.

    path: file or folder. save_as: the option value that writes the same format. vae: another VAE's file or
    folder. configs: part -> its Diffusers config. is_standard: whether those are the real model's and need
    not be kept. stamps: size and time of change (ns) of the files when they were read.
    """

    path: Path
    save_as: str
    vae: Path | None
    configs: Mapping[str, dict[str, Any]]
    is_standard: bool
    stamps: Mapping[Path, tuple[int, int]]

    @property
    def is_folder(self) -> bool:
        """Whether it was a Diffusers folder when it was opened; it may be gone since."""
        return self.save_as.startswith("diffusers")


@dataclass
class Model:
    """A model, of which some parts are in memory; the others are on the meta device.

    objective: what its denoiser was trained to predict. modules: by the names of the family's parts.
    tokenizer, files: the family's own, for encode_text and load.
    """

    spec: FamilySpec
    source: Source
    objective: Objective
    modules: dict[str, nn.Module]
    tokenizer: Any
    files: Any = None

    def unused(self, part: str) -> tuple[str, ...]:
        """Starts of the paths in a part whose weights no prediction depends on (Part.unused)."""
        return self.spec.part(part).unused(name for name, _ in self.modules[part].named_parameters())

    def is_here(self, part: str) -> bool:
        """Whether a part is in memory."""
        return not any(parameter.is_meta for parameter in self.modules[part].parameters())

    def drop(self, part: str) -> None:
        """Give the memory of a part back; it can be loaded again."""
        self.modules[part].to("meta")

    def of(self, *roles: Role) -> list[nn.Module]:
        """The modules of these roles, role by role."""
        return [self.modules[part] for part in self.spec.names(*roles)]

    @property
    def denoiser(self) -> nn.Module:
        return self.of("denoiser")[0]

    @property
    def vae(self) -> nn.Module:
        return self.of("vae")[0]

    @property
    def device(self) -> torch.device:
        """Where the denoiser lies."""
        return next(self.denoiser.parameters()).device


@dataclass(frozen=True)
class TextState:
    """What the text encoders make of one caption: named tensors without a batch axis.

    Only the family looks inside; captions of one batch may differ in length.
    """

    tensors: Mapping[str, Tensor]

    @property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors.values())

    def to(self, to: torch.dtype | torch.device) -> TextState:
        """The same on another device, or its real numbers in another type."""
        is_type = isinstance(to, torch.dtype)
        return TextState(
            {n: t if is_type and not t.is_floating_point() else t.to(to) for n, t in self.tensors.items()}
        )


class Frame(NamedTuple):
    """How an image became a sample, in pixels.

    original: size before anything. crop: left and top offset in the resized image, as it is mirrored. target:
    size as trained.
    """

    original: Size
    crop: tuple[float, float]
    target: Size


def frames_tensor(frames: Iterable[Frame]) -> Tensor:
    """(B, 6) float32: original height and width, top and left, target height and width."""
    return torch.tensor([[float(n) for pair in frame for n in reversed(pair)] for frame in frames])


@dataclass(frozen=True)
class Edit:
    """Weights that are changed while a model is written.

    names: part -> names in the module. change: (part, name, weight in float32) -> the new one. metadata: what
    the file says beside what its source said.
    """

    names: Mapping[str, Collection[str]]
    change: Callable[[str, str, Tensor], Tensor]
    metadata: Mapping[str, str]

    def touches(self, part: str, name: str = "") -> bool:
        """Whether a weight of a part is changed; without a name, whether any is."""
        names = self.names.get(part, ())
        return name in names if name else bool(names)


class Family(Protocol):
    """The seam between a family of models and the training, which knows no family."""

    def open(self, config: ModelConfig, emit: Emit) -> Model:
        """The model that config.base names, looked through and not read: all parts are on the meta device.

        Raises UserError for whatever can be refused before a weight is read.
        """
        ...

    def every_module(self, family: str) -> Model:
        """A model without weights that has every module of the models of a family, whatever their depth."""
        ...

    def load(
        self, model: Model, part: str, dtype: torch.dtype, seen: Callable[[str, Tensor], None]
    ) -> nn.Module:
        """Read a part into memory, weight by weight: its `matrices` in dtype, the rest in float32; frozen.

        seen: called with each weight in float32; what it raises ends the reading.
        Raises UserError for weights that are not finite, ResourceFault when the files have changed.
        """
        ...

    def objective(self, model: Model, train: TrainConfig) -> Objective:
        """The objective of a model, under the options of a training."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens a caption takes, without the marks of start and end. Needs no model."""
        ...

    def encode_text(self, model: Model, captions: Sequence[str], config: ModelConfig) -> list[TextState]:
        """What the text encoders make of each caption; keeps gradients when they are trained."""
        ...

    def teach(self, model: Model, word: str, count: int) -> Mapping[str, int]:
        """From now on a text's `word` is read as `count` tokens that no vocabulary has.

        Text encoder -> the number of the first of them; the others follow it. Their vectors are for the
        caller to put in. With "" no word is read so any more.
        """
        ...

    def tokens_of(self, text: str) -> list[int]:
        """The numbers of a text's tokens, without the marks of start and end. Needs no model."""
        ...

    def encode_image(self, model: Model, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the latents, each (B, C, h, w), of pixels (B, 3, H, W) in [-1, 1]."""
        ...

    def decode_image(self, model: Model, latents: Tensor) -> Tensor:
        """Pixels (B, 3, H, W), about [-1, 1], of latents as encode_image gives them."""
        ...

    def predict(
        self,
        model: Model,
        noisy: Tensor,
        timesteps: Tensor,
        texts: Sequence[TextState],
        frames: Tensor,
    ) -> Tensor:
        """What the objective's target is compared with; noisy and the result are (B, C, h, w).

        frames: see frames_tensor.
        """
        ...

    def schedule(self, model: Model, sampler: str, steps: int, size: Size) -> Any:
        """A scheduler of Diffusers, its timesteps set, for an image of this size."""
        ...

    def lora_names(self, model: Model) -> Mapping[str, ModuleKey]:
        """More names that LoRA files of some programs give to the modules."""
        ...

    def lora_file_names(self, model: Model) -> Mapping[ModuleKey, str]:
        """What modules are called in a LoRA file, where that is not their path behind the part's prefix."""
        ...

    def save(
        self,
        model: Model,
        path: Path,
        save_as: str,
        precision: str,
        metadata: Mapping[str, str],
        weights: Mapping[str, Mapping[str, Tensor]] | None = None,
    ) -> Path:
        """Write the whole model; returns where it lies.

        path: the file or folder, with or without its ending, which is set to what save_as needs.
        save_as, precision: the options save_model_as and save_precision. "auto" is the source's format, and
        each part's own precision: a trained part as it is in memory, a part that nobody changed bit for bit
        as in the source.
        weights: part -> module tensor name -> tensor, for parts whose modules carry adapters, or other
        weights (merged, averaged) than those to save; else the modules' own state is taken.
        Raises NumericFault when a weight is NaN or infinite, ResourceFault when the disk is full.
        """
        ...

    def convert(
        self,
        source: Path,
        family: str,
        target: Path,
        save_as: str,
        precision: str,
        watch: Watch | None = None,
        edit: Edit | None = None,
    ) -> Path:
        """Write the model at `source` in another format or precision, tensor by tensor; returns its place.

        save_as: one of save_model_as; "auto" is the source's format. precision: as save_precision; "auto"
        changes no bit but of what `edit` changes.
        """
        ...


def matrices(module: nn.Module) -> set[str]:
    """Names of the weights that are used in the compute type; norms and embeddings are in float32."""
    return {
        f"{path}.{name}"
        for path, layer in module.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d)
        for name, _ in layer.named_parameters(recurse=False)
    }


def family_of(config: ModelConfig) -> Family:
    """The family of a model, found from its file unless config.family names it."""
    base = hub.here(config.base) if config.family == "auto" else None
    found = identify(base).family if base is not None else config.family
    return open_family(found if found in FAMILIES else "auto")


def open_family(name: str) -> Family:
    """The functions of a family of the catalog; "auto" gives the first, which refuses what is not its own.

    Raises KeyError for a name that is not in the catalog.
    """
    module, _, attribute = FAMILIES[next(iter(FAMILIES)) if name == "auto" else name].code.partition(":")
    family: Family = getattr(importlib.import_module(module), attribute)()
    return family
