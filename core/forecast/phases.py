"""What lies in memory in each phase of a run, and in which of them there is most."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from core.forecast import text, unet, vae
from core.forecast.memory import ACTIVATIONS, GRADIENTS, WEIGHTS, Memory
from core.forecast.optimizers import beside, remembered
from core.forecast.setup import Setup
from core.forecast.tape import FLOAT, Rules, Tape, Tensor
from core.limits import CACHED_LATENTS_ON_GPU, ROUNDING_PIECE

OPTIMIZER, OTHER = "optimizer", "other"
KINDS = (WEIGHTS, GRADIENTS, OPTIMIZER, ACTIVATIONS, OTHER)


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
    training, flops = _training(setup, held)
    phases = [_caching(setup), _text(setup), training, _update(setup, held), _sampling(setup, held)]
    return Forecast(tuple(phase for phase in phases if phase is not None), flops)


def trained_bytes(setup: Setup) -> int:
    """Bytes of all trained weights, which are those of their gradients too."""
    return sum(math.prod(shape) for shape in setup.trained) * setup.rules.trained


def _held(setup: Setup) -> dict[str, int]:
    """What lies in memory through the whole training, gradients apart."""
    config, trained = setup.config, trained_bytes(setup)
    weights = setup.weights("unet") + (trained if setup.is_lora else 0)
    if setup.keeps_text_encoder or not setup.is_gpu:
        weights += setup.weights("text_encoder")
    if not setup.caches_latents:
        weights += setup.weights("vae")
    numbers = trained // setup.rules.trained
    averages = numbers * FLOAT if config.train.ema_decay is not None else 0
    # Mean and deviation of each latent.
    latents = 2 * setup.data.cells * setup.architecture.unet.channels * FLOAT if setup.caches_latents else 0
    if latents > CACHED_LATENTS_ON_GPU and setup.is_gpu:
        latents = 0
    memory = remembered(config.optimizer.optimizer_type, setup.trained, setup.is_gpu)
    return {WEIGHTS: weights, OPTIMIZER: memory, OTHER: averages + latents}


def _training(setup: Setup, held: Mapping[str, int]) -> tuple[Phase, int]:
    """Forward and backward pass of the last micro-batch of a step, and the work of a whole step."""
    rules, config = setup.rules, setup.config
    kept = {GRADIENTS: trained_bytes(setup)} if rules.keeps_gradients else {}
    memory = Memory({**held, **kept})
    if not setup.caches_latents:
        _encode(setup, memory, setup.data.batch)
    tape = Tape(rules, memory)
    out = tape.new(setup.latent, FLOAT)
    latents = [tape.new(setup.latent, FLOAT) for _ in range(3)]
    states = _states(setup, tape)
    out = unet.walk(tape, setup.architecture.unet, out, states)
    del states
    tape.end_forward()
    if out.node is not None:
        tape.backward(out)
    del latents
    return Phase("training", memory.at_peak), tape.flops * config.train.gradient_accumulation_steps


def _states(setup: Setup, tape: Tape) -> Tensor:
    """The text states of a micro-batch: with gradients where the text encoder learns, else as kept."""
    batch, tokens, sizes = setup.data.batch, setup.tokens, setup.architecture.text
    if "text_encoder" in setup.learns:
        return text.walk(tape, sizes, batch, tokens)
    return tape.new((batch, tokens, sizes.width), setup.rules.compute)


def _update(setup: Setup, held: Mapping[str, int]) -> Phase:
    """The optimizer's step, and the mean of the weights after it."""
    rules, train = setup.rules, setup.config.train
    name, trained = setup.config.optimizer.optimizer_type, trained_bytes(setup)
    extra = beside(name, setup.trained)
    if rules.trained != FLOAT:
        # Weights, gradients and random bits of a piece in four bytes each; fp16 needs as much again.
        numbers = trained // rules.trained
        largest = max(math.prod(shape) for shape in setup.trained)
        piece = min(numbers, ROUNDING_PIECE // FLOAT + largest)
        extra += piece * FLOAT * (6 if train.precision == "full_fp16" else 3)
        if train.ema_decay is not None:
            extra = max(extra, numbers * FLOAT)
    return Phase("update", {**held, GRADIENTS: trained, ACTIVATIONS: extra})


def _caching(setup: Setup) -> Phase | None:
    """The VAE alone, before the other parts are read."""
    if not setup.caches_latents:
        return None
    memory = Memory({WEIGHTS: setup.weights("vae")})
    _encode(setup, memory, setup.config.dataset.vae_batch_size)
    return Phase("caching", memory.at_peak)


def _encode(setup: Setup, memory: Memory, pictures: int) -> None:
    tape = Tape(_plain(setup), memory, is_recording=False)
    vae.encode(tape, setup.architecture.vae, pictures, *setup.data.size)


def _text(setup: Setup) -> Phase | None:
    """Captions are encoded before the first step, then the text encoder leaves the GPU."""
    if setup.keeps_text_encoder:
        return None
    weights = setup.weights("unet") + setup.weights("text_encoder")
    if setup.is_lora:
        weights += trained_bytes(setup)
    memory = Memory({WEIGHTS: weights})
    tape = Tape(setup.rules, memory, is_recording=False)
    text.walk(tape, setup.architecture.text, 1, setup.tokens)
    return Phase("text", memory.at_peak)


def _sampling(setup: Setup, held: Mapping[str, int]) -> Phase | None:
    """A sample picture: two passes of the U-Net at once for the guidance, then the VAE's decoder."""
    size = setup.sample_size
    if size is None:
        return None
    lent = dict(held)
    if setup.is_gpu:
        lent[WEIGHTS] += 0 if setup.keeps_text_encoder else setup.weights("text_encoder")
        lent[WEIGHTS] += setup.weights("vae") if setup.caches_latents else 0
    memory = Memory(lent)
    sizes = setup.architecture
    tape = Tape(setup.rules, memory, is_recording=False)
    shape = (2, sizes.unet.channels, size.height // 8, size.width // 8)
    states = tape.new((2, text.WINDOW, sizes.text.width), FLOAT)
    unet.walk(tape, sizes.unet, tape.new(shape, FLOAT), states)
    tape.end_forward()
    tape = Tape(_plain(setup), memory, is_recording=False)
    vae.decode(tape, sizes.vae, tape.new((1, *shape[1:]), FLOAT))
    return Phase("sampling", memory.at_peak)


def _plain(setup: Setup) -> Rules:
    """The VAE works in float32."""
    return Rules(is_gpu=setup.is_gpu)
