"""From a run's settings to what a forecast is worked out from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from core.adapters import ranks
from core.adapters.targets import Ranks
from core.catalog import Role, Size
from core.config.schema.run import RunConfig
from core.data import buckets
from core.data.captions import captions
from core.data.plan.plan import Plan
from core.families import FAMILIES, FamilySpec
from core.forecast import layers
from core.forecast.activations import Activations
from core.forecast.architecture import Architecture
from core.forecast.kept import Kept, kept
from core.forecast.optimizers import FLOAT, HALF
from core.formats.tensor_slots import Shape
from core.limits import KEPT_TEXT_STATES
from core.runs import sample_prompts

NUMBER_BYTES = {
    "no": (FLOAT, FLOAT),
    "fp16": (HALF, FLOAT),
    "bf16": (HALF, FLOAT),
    "full_fp16": (HALF, HALF),
    "full_bf16": (HALF, HALF),
}
"""Precision -> bytes of a number in matrix products, and of a trained weight."""


@dataclass(frozen=True)
class Data:
    """What of the dataset takes memory. size: the largest bucket. batch: samples of a micro-batch.

    cells: of all cached latents together, 0 where the images are not known yet. captions: different ones, as
    far as they are known.
    """

    size: Size
    batch: int
    cells: int = 0
    captions: int = 0

    @classmethod
    def of(cls, config: RunConfig, plan: Plan | None = None) -> Data:
        """By the plan where there is one, else by the settings alone."""
        dataset = config.dataset
        if plan is not None and plan.images:
            sizes = [image.fit.bucket for image in plan.images]
            cells = sum(
                size.width * size.height // 64 * (2 if plan.settings_of(n).flip_aug else 1)
                for n, size in enumerate(sizes)
            )
            return cls(max(sizes, key=_area), plan.batch_size, cells, len(plan.fixed_captions() or ()))
        size = Size(*dataset.resolution)
        if dataset.enable_bucket:
            reso = (dataset.min_bucket_reso, dataset.max_bucket_reso, dataset.bucket_reso_steps)
            size = max(buckets.candidates(size, *reso), key=_area)
        return cls(size, dataset.train_batch_size)


def _area(size: Size) -> int:
    return size.width * size.height


@dataclass(frozen=True)
class Setup:
    """A run as far as its memory goes."""

    config: RunConfig
    architecture: Architecture
    data: Data
    is_gpu: bool

    @cached_property
    def learns(self) -> tuple[str, ...]:
        """The parts of the model in which something has a learning rate, be it only a taught word."""
        spec, config = self.spec, self.config
        of_word = spec.names("text") if config.teaches_word else ()
        names = spec.names("denoiser", "text")
        return tuple(name for name in names if name in of_word or config.rate_of(spec.part(name)) > 0)

    @property
    def spec(self) -> FamilySpec:
        """Facts about the family."""
        return FAMILIES[self.architecture.family]

    def learning(self, role: Role) -> tuple[str, ...]:
        """The parts of a role that have a learning rate."""
        return tuple(part for part in self.learns if part in self.spec.names(role))

    @property
    def is_adapter(self) -> bool:
        return self.config.network.method != "none"

    @property
    def trained_item(self) -> int:
        """Bytes of a number of a trained weight and of its gradient."""
        return NUMBER_BYTES[self.config.train.precision][1]

    @cached_property
    def trained_shapes(self) -> Mapping[str, tuple[Shape, ...]]:
        """Part -> the shapes of its trained weights, for each part that learns."""
        if not self.is_adapter:
            return {part: tuple(self._own_shapes(part)) for part in self.learns}
        return {part: (*self._adapter_shapes(part), *self._word_shapes(part)) for part in self.learns}

    def _own_shapes(self, part: str) -> Iterator[Shape]:
        """The weights of a part itself, less unused ones and those of blocks with a learning rate of 0."""
        spec, train, unused = self.spec.part(part), self.config.train, self.architecture.unused[part]
        for weight in self.architecture.weights:
            is_used = weight.part == part and not weight.name.startswith(unused)
            if is_used and train.rate_at(spec, weight.name) > 0:
                yield weight.shape

    def _adapter_shapes(self, part: str) -> Iterator[Shape]:
        """What the method trains on each layer that gets an adapter."""
        if not self.config.rate_of(self.spec.part(part)):
            return
        for layer in layers.of_part(self.config.network, self.architecture, part):
            yield from layer.shapes

    @cached_property
    def _kept(self) -> Mapping[str, Kept]:
        """Part -> what its adapter keeps till the backward pass beyond a LoRA."""
        network, texts = self.config.network, self.spec.names("text")
        is_checkpointed = self.config.train.gradient_checkpointing
        return {
            part: kept(
                network, self.architecture, part, is_text=part in texts, is_checkpointed=is_checkpointed
            )
            for part in self.learns
            if self.is_adapter and self.config.rate_of(self.spec.part(part)) > 0
        }

    def _word_shapes(self, part: str) -> Iterator[Shape]:
        """The vectors of a taught word, as wide as the table of tokens, which has more rows than all else."""
        if self.config.teaches_word and part in self.spec.names("text"):
            table = max((w.shape for w in self.architecture.weights if w.part == part), key=lambda s: s[0])
            yield self.config.embedding.num_vectors_per_token, table[-1]

    @property
    def _ranks(self) -> Ranks:
        return ranks.of(self.config.network, self.spec)

    @property
    def trained(self) -> tuple[Shape, ...]:
        """The shapes of every trained weight."""
        return tuple(shape for shapes in self.trained_shapes.values() for shape in shapes)

    def trained_bytes(self, *parts: str) -> int:
        """Bytes of the trained weights of some parts, of all without any; as many are their gradients."""
        found = self.trained_shapes
        return self.trained_item * sum(
            math.prod(shape) for part in parts or found for shape in found.get(part, ())
        )

    @property
    def largest_gradient(self) -> int:
        """Bytes of the gradient of the largest trained weight, all there is when weights step one by one."""
        return self.trained_item * max(math.prod(shape) for shape in self.trained)

    @property
    def caches_latents(self) -> bool:
        return self.config.dataset.cache_latents or self.config.dataset.cache_latents_to_disk

    @property
    def keeps_text_encoder(self) -> bool:
        """Whether captions are encoded while it trains, not all of them before."""
        dataset = self.config.dataset
        is_too_much = self.caption_bytes * self._captions > KEPT_TEXT_STATES
        return (
            bool(self.learning("text"))
            or captions.is_endless(dataset)
            or self.config.model.no_token_padding
            or (is_too_much and not dataset.cache_latents_to_disk)
        )

    @property
    def caption_bytes(self) -> int:
        """Bytes of the kept text states of a caption."""
        return self.activations.states(self.tokens) * NUMBER_BYTES[self.config.train.precision][0]

    @property
    def text_states(self) -> int:
        """Bytes of all text states that are kept; of text encoders that learn, those of a prior alone."""
        if self.learning("text") and not self.config.train.has_prior:
            return 0
        return min(KEPT_TEXT_STATES, self.caption_bytes * self._captions)

    @property
    def _captions(self) -> int:
        """Different captions at most; with a class prior each has another one about its class."""
        return self.data.captions * (2 if self.config.train.class_prior_weight else 1)

    @property
    def tokens(self) -> int:
        """Tokens of a caption, padded, with both marks."""
        return self.config.model.max_token_length + 2

    @cached_property
    def sample_size(self) -> Size | None:
        """The largest sample image, None where none is drawn."""
        sample = self.config.sample
        is_drawn = sample.sample_at_first or sample.sample_every_n_steps or sample.sample_every_n_epochs
        if not (is_drawn and sample.sample_prompts):
            return None
        sizes = sample_prompts.sizes(sample.sample_prompts, self.config.dataset.resolution)
        return max(sizes, key=_area, default=None)

    def weights(self, role: Role) -> int:
        """Bytes of the own weights of the parts of a role."""
        return sum(self._weights(part) for part in self.spec.names(role))

    def _weights(self, part: str) -> int:
        """Bytes of a part's own weights while it is used: frozen ones in the compute type, norms float32."""
        is_vae = part in self.spec.names("vae")
        sizes = {True: 0, False: 0}
        for weight in self.architecture.weights:
            if weight.part == part:
                sizes[not is_vae and weight.is_matrix] += weight.numbers
        if not self.is_adapter and part in self.learns:
            return self.trained_item * sum(sizes.values())
        return NUMBER_BYTES[self.config.train.precision][0] * sizes[True] + FLOAT * sizes[False]

    def cells_of(self, size: Size) -> int:
        """Latent cells of an image."""
        stride = self.spec.latent_stride
        return (size.width // stride) * (size.height // stride)

    @cached_property
    def activations(self) -> Activations:
        """What this run's activations take."""
        kind = "lora_conv" if self._ranks.has_convolutions else "lora"
        precision = {"no": "no", "fp16": "mixed", "bf16": "mixed"}.get(self.config.train.precision, "full")
        return Activations(
            self.architecture,
            "gpu" if self.is_gpu else "cpu",
            precision,
            kind if self.is_adapter else "whole",
            bool(self.learning("denoiser")),
            self.config.train.gradient_checkpointing,
            self.config.model.attention == "mem_eff",
            self._kept,
            NUMBER_BYTES[self.config.train.precision][0],
        )
