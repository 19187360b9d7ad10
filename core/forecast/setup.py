"""From a run's settings to what a forecast is worked out from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from core.adapters import ranks
from core.adapters.targets import targets
from core.catalog import FAMILIES, Size
from core.config.schema.run import RunConfig
from core.data import buckets
from core.data.captions import captions
from core.data.plan.plan import Plan
from core.forecast.architecture import Architecture
from core.forecast.optimizers import lora_shapes, shapes_of
from core.forecast.tape import FLOAT, Rules
from core.runs import sample_prompts

HALVES = {
    "no": (FLOAT, FLOAT),
    "fp16": (2, FLOAT),
    "bf16": (2, FLOAT),
    "full_fp16": (2, 2),
    "full_bf16": (2, 2),
}
"""Precision -> bytes of a number in matrix products, and of a trained weight."""


@dataclass(frozen=True)
class Data:
    """What of the data set takes memory. size: the largest bucket. batch: samples of a micro-batch.

    cells: of all cached latents together, 0 where the pictures are not known yet.
    """

    size: Size
    batch: int
    cells: int = 0

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
            return cls(max(sizes, key=_area), plan.batch_size, cells)
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
        """The parts of the model that are trained at all."""
        return tuple(self.config.train.rates())

    @property
    def is_lora(self) -> bool:
        return self.config.network.method != "none"

    @cached_property
    def rules(self) -> Rules:
        compute, trained = HALVES[self.config.train.precision]
        return Rules(
            compute=compute,
            trained=trained,
            is_gpu=self.is_gpu,
            checkpoints=self.config.train.gradient_checkpointing,
            pieces=self.config.model.attention == "mem_eff",
            ranks=self._ranks() if self.is_lora else {},
            parts=frozenset() if self.is_lora else frozenset(self.learns),
            keeps_gradients=self.config.train.gradient_accumulation_steps > 1,
        )

    def _ranks(self) -> dict[tuple[str, str], int]:
        wanted = ranks.of(self.config.network)
        return {
            (part, target.path): target.rank
            for part in self.learns
            for target in targets(part, self.architecture.modules(part), wanted)
            if target.rank
        }

    @cached_property
    def trained(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of every trained weight."""
        layers = self.architecture.layers
        if self.is_lora:
            found = [
                shape for key, rank in self.rules.ranks.items() for shape in lora_shapes(layers[key], rank)
            ]
        else:
            found = [
                s for (part, _), layer in layers.items() if part in self.learns for s in shapes_of(layer)
            ]
        return tuple(found)

    @property
    def caches_latents(self) -> bool:
        return self.config.dataset.cache_latents or self.config.dataset.cache_latents_to_disk

    @property
    def keeps_text_encoder(self) -> bool:
        """Whether captions are encoded while it trains, not all of them before."""
        endless = captions.is_endless(self.config.dataset)
        return "text_encoder" in self.learns or endless or self.config.model.no_token_padding

    @property
    def tokens(self) -> int:
        """Tokens of a caption, padded, with both marks."""
        return self.config.model.max_token_length + 2

    @cached_property
    def sample_size(self) -> Size | None:
        """The largest sample picture, None where none is drawn."""
        sample = self.config.sample
        is_drawn = sample.sample_at_first or sample.sample_every_n_steps or sample.sample_every_n_epochs
        if not (is_drawn and sample.sample_prompts):
            return None
        sizes = sample_prompts.sizes(sample.sample_prompts, self.config.dataset.resolution)
        return max(sizes, key=_area, default=None)

    def weights(self, part: str) -> int:
        """Bytes of a part's own weights while it is used: frozen ones in the compute type, norms float32."""
        rules, found = self.rules, 0
        for layer in self.architecture.of(part).values():
            is_matrix = layer.kind in ("Linear", "Conv2d")
            if part in rules.parts:
                item = rules.trained
            elif part != "vae" and is_matrix:
                item = rules.compute
            else:
                item = FLOAT
            # On a CPU a frozen text encoder's embeddings are mapped from a file: train.inputs.loading.
            is_mapped = layer.kind == "Embedding" and not self.is_gpu and part not in rules.parts
            found += 0 if is_mapped else layer.numbers * item
        return found

    @property
    def latent(self) -> tuple[int, int, int, int]:
        """The shape of a micro-batch of latents."""
        stride = FAMILIES[self.architecture.family].latent_stride
        width, height = self.data.size
        return (self.data.batch, self.architecture.unet.channels, height // stride, width // stride)
