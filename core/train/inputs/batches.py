"""From the plan to tensors: what a micro-batch needs, drawn from (seed, epoch, index) and read ahead."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.config.schema.run import RunConfig
from core.data.plan import class_words
from core.data.plan.plan import Batch, Plan, Sample
from core.diffusion.noise import sample_latents
from core.diffusion.objective import Objective
from core.families import FamilySpec
from core.models.family import frames_tensor
from core.patience import Patience
from core.train.device.engine import Engine
from core.train.inputs.draws import Chance, Draws
from core.train.inputs.frames import frame
from core.train.inputs.latents import CachedLatents, EncodedImages
from core.train.inputs.loss_masks import Masks
from core.train.inputs.read_ahead import ahead

READ_AHEAD = 3
"""Micro-batches made ready before they are asked for."""


@dataclass(frozen=True)
class Rows:
    """Some samples of a micro-batch: their places in it, and the same as an index (R,) on the device."""

    places: tuple[int, ...]
    index: Tensor

    def of(self, tensor: Tensor) -> Tensor:
        """Their part of a tensor whose first axis is the samples; the host does not wait for it."""
        return tensor.index_select(0, self.index)


@dataclass(frozen=True)
class MicroBatch:
    """One forward and backward pass of one process.

    latents, noise: (B, C, h, w) float32. timesteps: (B,). weights: (B,), loss weight of each sample.
    total: samples of this micro-batch over all processes. frames: (B, 6), see frames_tensor. shift,
    shift_strength, perturbation: see Draws. mask: (B, 1, h, w), what each part of an image counts, or None.
    regularizing: the samples whose target is the frozen model's prediction. classes: those with a caption
    about their class, and class_captions these captions.
    """

    epoch: int
    captions: tuple[str, ...]
    frames: Tensor
    latents: Tensor
    noise: Tensor
    timesteps: Tensor
    weights: Tensor
    total: int
    shift: Tensor | None = None
    shift_strength: Tensor | None = None
    perturbation: Tensor | None = None
    mask: Tensor | None = None
    regularizing: Rows | None = None
    classes: Rows | None = None
    class_captions: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Prepared:
    """A micro-batch in host memory, pinned where there is a GPU."""

    batch: Batch
    samples: tuple[Sample, ...]
    source: Tensor
    draws: Draws
    weights: Tensor
    frames: Tensor
    mask: Tensor | None
    regularizing: Rows | None
    classes: Rows | None
    class_captions: tuple[str, ...]


class Batches:
    """Micro-batches of this process, from any position on."""

    def __init__(
        self,
        plan: Plan,
        config: RunConfig,
        latents: CachedLatents | EncodedImages,
        masks: Masks,
        spec: FamilySpec,
        engine: Engine,
        objective: Objective,
        patience: Patience | None = None,
    ) -> None:
        self._patience = patience
        self._plan, self._latents, self._spec, self._engine = plan, latents, spec, engine
        self._masks = masks
        self._chance = Chance(config.train, objective, engine.is_asynchronous)
        self._prior_loss_weight = config.dataset.prior_loss_weight
        self._size_condition = config.train.size_condition
        self._predicts_prior = config.train.prior_prediction
        self._class_words = class_words.of(plan, config.train)

    def stream(self, position: int) -> Generator[MicroBatch | None]:
        """Micro-batches from number `position` on, without end; None: no sample in it for this process."""
        batches = self._plan.stream(position)
        prepared: Iterator[_Prepared | None] = map(self._prepare, batches)
        if self._latents.reads_files or self._engine.is_asynchronous:
            prepared = ahead(prepared, READ_AHEAD, self._patience)
        return (None if item is None else self._load(item) for item in prepared)

    def one(self, batch: Batch) -> MicroBatch | None:
        """This very batch; None: no sample in it for this process."""
        prepared = self._prepare(batch)
        return None if prepared is None else self._load(prepared)

    def kept(self) -> Sequence[Tensor]:
        """The latents that lie in memory for the whole run."""
        return self._latents.kept()

    def _prepare(self, batch: Batch) -> _Prepared | None:
        samples = batch.samples[self._engine.rank :: self._engine.world_size]
        if not samples:
            return None
        spec, images = self._spec, self._plan.images
        width, height = (side // spec.latent_stride for side in batch.bucket)
        weights = torch.tensor([self._prior_loss_weight if images[s.image].is_reg else 1.0 for s in samples])
        mask = self._masks.host(samples)
        about_class = self._about_class(samples)
        return _Prepared(
            batch,
            samples,
            self._latents.host(batch, samples),
            self._chance(batch.epoch, samples, (spec.latent_channels, height, width)),
            self._pinned(weights),
            self._pinned(frames_tensor(frame(images[s.image], s, self._size_condition) for s in samples)),
            None if mask is None else self._pinned(mask),
            self._rows(n for n, s in enumerate(samples) if self._predicts_prior and images[s.image].is_reg),
            self._rows(about_class),
            tuple(about_class.values()),
        )

    def _about_class(self, samples: Sequence[Sample]) -> dict[int, str]:
        """The captions about the class of the samples that have one, by their places."""
        words = self._class_words
        if words is None:
            return {}
        found = (words.caption(self._plan.images[sample.image], sample.caption) for sample in samples)
        return {place: caption for place, caption in enumerate(found) if caption is not None}

    def _rows(self, places: Iterable[int]) -> Rows | None:
        """Samples at these places, in host memory; None for none."""
        found = tuple(places)
        return Rows(found, self._pinned(torch.tensor(found))) if found else None

    def _load(self, item: _Prepared) -> MicroBatch:
        """To the device, without waiting for it."""
        draws = item.draws
        noise, vae_noise = self._to_device(draws.noise)
        mean, std = self._latents.device(item.batch.bucket, item.source)
        return MicroBatch(
            epoch=item.batch.epoch,
            captions=tuple(sample.caption for sample in item.samples),
            frames=self._to_device(item.frames),
            latents=sample_latents(mean, std, vae_noise),
            noise=noise,
            timesteps=self._to_device(draws.timesteps),
            weights=self._to_device(item.weights),
            total=len(item.batch.samples),
            shift=self._maybe_to_device(draws.shift),
            shift_strength=self._maybe_to_device(draws.shift_strength),
            perturbation=self._maybe_to_device(draws.perturbation),
            mask=self._maybe_to_device(item.mask),
            regularizing=self._rows_on_device(item.regularizing),
            classes=self._rows_on_device(item.classes),
            class_captions=item.class_captions,
        )

    def _pinned(self, tensor: Tensor) -> Tensor:
        return tensor.pin_memory() if self._engine.is_asynchronous else tensor

    def _to_device(self, tensor: Tensor) -> Tensor:
        return tensor.to(self._engine.device, non_blocking=True)

    def _rows_on_device(self, rows: Rows | None) -> Rows | None:
        return None if rows is None else Rows(rows.places, self._to_device(rows.index))

    def _maybe_to_device(self, tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else self._to_device(tensor)
