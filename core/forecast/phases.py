"""What lies in memory in each phase of a run, and in which of them there is most."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from core.forecast.optimizers import FLOAT, beside, remembered
from core.forecast.setup import Setup
from core.limits import CACHED_LATENTS_ON_GPU, ROUNDING_PIECE

KINDS = ("weights", "gradients", "optimizer", "activations", "other")
WEIGHTS, GRADIENTS, OPTIMIZER, ACTIVATIONS, OTHER = KINDS

GUIDED = 2
"""Passes of the denoiser at once for a sample image, with and without the prompt."""


@dataclass(frozen=True)
class Phase:
    """name: caching, text, training, update or sampling. held: bytes by kind when there is most of them."""

    name: str
    held: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.held.values())


@dataclass(frozen=True)
class Forecast:
    """phases: in the order of the run. flops: floating-point operations of one optimizer step."""

    phases: tuple[Phase, ...]
    flops: int

    @property
    def peak(self) -> Phase:
        """The phase that needs most."""
        return max(self.phases, key=lambda phase: phase.total)

    @property
    def step(self) -> Phase:
        """What a training step needs at most."""
        return max(
            (phase for phase in self.phases if phase.name in ("training", "update")),
            key=lambda phase: phase.total,
        )


@functools.lru_cache(maxsize=64)
def forecast(setup: Setup) -> Forecast:
    """What the run of a set-up will need. Raises ValueError when nothing is trained.

    Remembered: a page asks for the same one again and again.
    """
    if not setup.trained:
        raise ValueError("nothing is trained")
    held = _held(setup)
    phases = [
        _caching(setup), _text(setup), _training(setup, held), _update(setup, held), _sampling(setup, held),
    ]  # fmt: skip
    samples = setup.data.batch * setup.config.train.gradient_accumulation_steps
    flops = int(samples * _work(setup))
    return Forecast(tuple(phase for phase in phases if phase is not None), flops)


def _work(setup: Setup) -> float:
    """Floating-point operations of a sample's step, with what a prior adds to it.

    Where there are regularization images, half of the samples are of them.
    """
    train, cells = setup.config.train, setup.cells_of(setup.data.size)
    step, frozen = setup.activations.work(cells), setup.activations.forward_work(cells)
    reg = 0.5 if train.prior_prediction or setup.config.dataset.reg_data_dir else 0.0
    work = float(step)
    if train.masked_prior_weight:
        work += frozen
    elif train.prior_prediction:
        work += reg * frozen
    if train.class_prior_weight:
        work += (1 - reg) * (step + frozen)
    return work


def _held(setup: Setup) -> dict[str, int]:
    """What lies in memory through the whole training, gradients apart."""
    config, trained = setup.config, setup.trained_bytes()
    weights = setup.weights("denoiser") + (trained if setup.is_adapter else 0)
    is_kept_on_cpu = not setup.is_gpu and not setup.is_adapter  # what a saved model will hold
    if not setup.caches_latents or is_kept_on_cpu:
        weights += setup.weights("vae")
    if setup.keeps_text_encoder or is_kept_on_cpu:
        weights += setup.weights("text")
    averages = trained // setup.trained_item * FLOAT if config.train.ema_decay is not None else 0
    # Mean and deviation of each latent.
    channels = setup.spec.latent_channels
    latents = 2 * setup.data.cells * channels * FLOAT if setup.caches_latents else 0
    if latents > CACHED_LATENTS_ON_GPU and setup.is_gpu:
        latents = 0
    kept = remembered(config.optimizer.optimizer_type, setup.trained, setup.is_gpu)
    return {WEIGHTS: weights, OPTIMIZER: kept, OTHER: averages + latents + setup.text_states}


def _training(setup: Setup, held: Mapping[str, int]) -> Phase:
    """The highest moment of forward and backward pass, of the last micro-batch of a step."""
    batch, activations = setup.data.batch, setup.activations
    cells, tokens = batch * setup.cells_of(setup.data.size), batch * setup.tokens
    kept = {part: activations.trained_text(part, tokens) for part in setup.learning("text")}
    text = sum(nbytes for nbytes, _ in kept.values())
    copies = sum(share * setup.trained_bytes(part) for part, (_, share) in kept.items())
    trained, of_denoiser = setup.trained_bytes(), sum(map(setup.trained_bytes, setup.learning("denoiser")))
    moments = [
        (int(share * of_denoiser + copies), nbytes + text)
        for nbytes, share in activations.moments(cells, tokens)
    ]
    if setup.config.steps_in_backward:
        # There are no gradients when the pass begins, but the most copies of weights in half precision.
        fewest, stepping = min(gradients for gradients, _ in moments), _stepping(setup)
        moments = [(fewest + setup.largest_gradient, nbytes + stepping) for _, nbytes in moments]
    else:
        moments.append((trained, text))  # the text encoders' own backward pass is the last
    if not setup.caches_latents:
        moments.append((0, activations.vae("encode", cells)))
    # The class prior is a pass of its own, after whose first gradients the second one's activations are made.
    if setup.config.train.gradient_accumulation_steps > 1 or setup.config.train.class_prior_weight:
        moments = [(max(trained, gradients), nbytes) for gradients, nbytes in moments]
    gradients, nbytes = max(moments, key=sum)
    return Phase("training", {**held, GRADIENTS: gradients, ACTIVATIONS: nbytes})


def _update(setup: Setup, held: Mapping[str, int]) -> Phase:
    """The optimizer's step, and the mean of the weights after it."""
    trained, is_over = setup.trained_bytes(), setup.config.steps_in_backward
    extra = 0 if is_over else _stepping(setup)
    if setup.trained_item != FLOAT and setup.config.train.ema_decay is not None:
        extra = max(extra, trained // setup.trained_item * FLOAT)
    return Phase("update", {**held, GRADIENTS: 0 if is_over else trained, ACTIVATIONS: extra})


def _stepping(setup: Setup) -> int:
    """Bytes that the optimizer's step needs beside weights, gradients and what it remembers."""
    extra = beside(setup.config.optimizer.optimizer_type, setup.trained)
    if setup.trained_item == FLOAT:
        return extra
    # Weights, gradients and random bits of a piece in four bytes each; fp16 needs as much again.
    largest = setup.largest_gradient // setup.trained_item
    several = 0 if setup.config.steps_in_backward else ROUNDING_PIECE // FLOAT
    piece = min(setup.trained_bytes() // setup.trained_item, several + largest)
    return extra + piece * FLOAT * (6 if setup.config.train.precision == "full_fp16" else 3)


def _caching(setup: Setup) -> Phase | None:
    """The VAE alone, before the other parts are read."""
    if not setup.caches_latents:
        return None
    cells = setup.config.dataset.vae_batch_size * setup.cells_of(setup.data.size)
    return Phase(
        "caching", {WEIGHTS: setup.weights("vae"), ACTIVATIONS: setup.activations.vae("encode", cells)}
    )


def _text(setup: Setup) -> Phase | None:
    """The text encoders alone, before the denoiser is read; dropped when all captions are encoded."""
    if setup.keeps_text_encoder:
        return None
    kept = setup.activations.text(setup.tokens)
    return Phase("text", {WEIGHTS: setup.weights("text"), ACTIVATIONS: kept})


def _sampling(setup: Setup, held: Mapping[str, int]) -> Phase | None:
    """A sample image: two passes of the denoiser at once for the guidance, the VAE's decoder."""
    if setup.sample_size is None:
        return None
    activations, cells = setup.activations, setup.cells_of(setup.sample_size)
    is_vae_away = setup.caches_latents and (setup.is_gpu or setup.is_adapter)
    weights = held[WEIGHTS] + (setup.weights("vae") if is_vae_away else 0)
    drawing = max(activations.forward(GUIDED * cells), activations.vae("decode", cells))
    return Phase("sampling", {**held, WEIGHTS: weights, ACTIVATIONS: drawing})
