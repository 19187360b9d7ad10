"""A model and its micro-batches, in an order that never holds more in memory than the training does."""

from __future__ import annotations

import ctypes
import errno
import gc
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from core.config.schema.run import RunConfig
from core.control import RunControl
from core.data.plan.plan import Plan
from core.diffusion.objective import Objective
from core.events import Emit, Event
from core.models.family import Components, Family
from core.patience import Patience, of_run
from core.train.device.engine import Engine
from core.train.inputs import latents as cache
from core.train.inputs.batches import Batches, Latents
from core.train.inputs.loss_masks import Masks
from core.train.weights import trained

ALIGNMENT = 64
"""Bytes; tensors of a file start at multiples of it."""


@dataclass(frozen=True)
class Loaded:
    """training, held: micro-batches of what is trained, and of the pictures held out, always in memory.

    vae: hash that tells, when a run is resumed, whether the VAE (which may rest by now) is the same.
    resting: numbers of those of the text encoder's weights that rest, see cache.sampled_fingerprint.
    """

    parts: Components
    objective: Objective
    training: Batches
    held: Batches
    vae: str
    resting: dict[str, Tensor]


def load(
    config: RunConfig,
    plan: Plan,
    total_steps: int,
    family: Family,
    engine: Engine,
    control: RunControl,
    emit: Emit,
) -> Loaded:
    """The model of a run file, and latents and masks of its pictures.

    When latents are cached that is done before text encoder and U-Net are read, and the VAE rests after it.
    Raises StopRun when asked to stop meanwhile.
    """
    dataset = config.dataset
    latents: list[Latents] = []
    masks: list[Masks] = []
    vae: list[str] = []
    resting: dict[str, Tensor] = {}

    def with_vae(parts: Components) -> None:
        vae.append(cache.sampled_fingerprint(parts.vae))
        masks.append(Masks(plan, parts.spec.latent_stride, config.train.masked_loss))
        trained.prepare_frozen([parts.vae.to(engine.device)], torch.float32, engine.device)

        def encode(pixels: Tensor) -> tuple[Tensor, Tensor]:
            # In float32 always: the fp16 activations of some VAEs overflow.
            return family.encode_image(parts, cache.to_range(pixels.to(engine.device, non_blocking=True)))

        if not (dataset.cache_latents or dataset.cache_latents_to_disk):
            held = cache.held_entries(plan)
            latents.append(cache.EncodedPictures(plan, encode, engine.device))
            latents.append(cache.build(plan, held, encode, None, control, emit, engine.device))
            masks[0].keep(held, control, emit)
            return
        disk = None
        if dataset.cache_latents_to_disk:
            root = Path(config.save.output_dir) / "cache" / "latents"
            disk = cache.DiskCache(root, cache.fingerprint(parts.vae), is_writer=engine.is_main)
        used = cache.used_entries(plan, plan.position(total_steps, config.train.gradient_accumulation_steps))
        latents.append(cache.build(plan, used, encode, disk, control, emit, engine.device))
        masks[0].keep(used, control, emit)
        rest(parts.vae.to("cpu"))
        give_back()

    def with_text(parts: Components) -> None:
        if engine.device.type == "cpu" and not _learns_words(config):
            resting.update(_rest_words(parts.text_encoder))

    parts = family.load(config.model.base, config.model, _stopping(control, emit), with_vae, with_text)
    parts.zero_terminal_snr = config.train.zero_terminal_snr
    objective = family.objective(parts).to(engine.device)
    patience = _patience(engine, control, emit)
    training, held = (
        Batches(plan, config, source, masks[0], parts.spec, engine, objective, patience)
        for source in (latents[0], latents[-1])
    )
    return Loaded(parts, objective, training, held, vae[0], resting)


def _stopping(control: RunControl, emit: Emit) -> Emit:
    """Raises StopRun at an event when asked to stop: a large model on a slow drive takes minutes."""

    def emit_or_stop(event: Event) -> None:
        control.check_stop()
        emit(event)

    return emit_or_stop


def _patience(engine: Engine, control: RunControl, emit: Emit) -> Patience:
    """While batches are read. Of several processes none may stop alone within a step: others would wait."""
    return of_run(control.check_stop if engine.world_size == 1 else None, emit)


def _learns_words(config: RunConfig) -> bool:
    """Whether the text encoder's embeddings are trained; a LoRA has none for them."""
    return config.network.method == "none" and trained.TEXT_ENCODER in trained.rates(config.train)


def _rest_words(text_encoder: nn.Module) -> dict[str, Tensor]:
    """Let the embeddings rest, of which a run uses the rows of its own words only; what they held, sampled.

    On a GPU all of them move there anyway.
    """
    found = {}
    for name, layer in text_encoder.named_modules():
        if isinstance(layer, nn.Embedding):
            found[f"{name}.weight"] = cache.sampled(layer.weight)
            rest(layer)
    return found


def rest(module: nn.Module) -> None:
    """Move a module's frozen weights out of memory into a file that is mapped in their place.

    They are as usable as before; the system reads what is used, and drops it again when memory is short. The
    file has no name any more when this returns, so it goes with the last of its tensors. On Windows, which
    can't do that, and on a full disk nothing is moved.
    """
    if sys.platform == "win32":
        return
    tensors = [*module.parameters(), *module.buffers()]
    places, size = [], 0
    for tensor in tensors:
        places.append(size)
        size += -(-tensor.nbytes // ALIGNMENT) * ALIGNMENT
    try:
        with tempfile.NamedTemporaryFile() as file:
            for tensor, place in zip(tensors, places, strict=True):
                file.seek(place)
                file.write(_bytes(tensor))
            file.truncate(size)
            file.flush()
            storage = torch.UntypedStorage.from_file(file.name, shared=False, nbytes=size)
    except OSError as e:
        if e.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        return
    for tensor, place in zip(tensors, places, strict=True):
        mapped = torch.empty(0, dtype=tensor.dtype)
        offset = place // tensor.itemsize
        tensor.data = mapped.set_(storage, offset, tensor.shape, tensor.stride())


def give_back() -> None:
    """Let the system have memory that was freed; the C library of Linux keeps it for later else."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _bytes(tensor: Tensor) -> memoryview:
    """As they lie in memory, whatever the layout is; a weight has no gaps."""
    flat = tensor.detach().as_strided((tensor.numel(),), (1,), tensor.storage_offset())
    return memoryview(flat.view(torch.uint8).numpy())
