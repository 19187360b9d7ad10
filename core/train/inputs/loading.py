"""A model and its micro-batches, in an order that never holds more in memory than the training does."""

from __future__ import annotations

import ctypes
import errno
import gc
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from core.config.schema.run import RunConfig
from core.control import RunControl
from core.data.plan.plan import Plan
from core.events import Emit, Event
from core.models.family import Family, Model
from core.models.parts import Reader
from core.patience import Patience, of_run
from core.train.device.engine import Engine
from core.train.inputs import latents as latent_cache
from core.train.inputs.batches import Batches, Latents
from core.train.inputs.disk_cache import DiskCache
from core.train.inputs.loss_masks import Masks
from core.train.inputs.text_states import TextStates
from core.train.weights import lora_files, trained

ALIGNMENT = 64
"""Bytes; tensors of a file start at multiples of it."""


class Parts:
    """The parts of a run's model, each read when it is needed and in the type it is used in."""

    def __init__(
        self, family: Family, model: Model, config: RunConfig, engine: Engine, control: RunControl, emit: Emit
    ) -> None:
        """fingerprints: part -> hash that tells, when a run is resumed, whether it is the same."""
        self.family, self.model, self.config, self.engine = family, model, config, engine
        self.control, self.emit = control, emit
        self.fingerprints: dict[str, str] = {}
        self._read = Reader(family, model, _stopping(control, emit))
        self._added = lora_files.base_loras(model, config.network, emit)
        is_whole = config.network.method == "none"
        self.learning = frozenset(model.spec.names(*trained.rates(config.train)) if is_whole else ())

    def load(self, part: str) -> nn.Module:
        """A part on the training device, the LoRAs of base_weights added; a frozen one as it is used."""
        is_learning = part in self.learning
        # In float32 always: the fp16 activations of some VAEs overflow.
        is_vae = part in self.model.spec.names("vae")
        dtype = torch.float32 if is_vae else self.engine.compute_type
        first = self.engine.weight_type if is_learning else torch.float32 if self._added else dtype
        samples: dict[str, Tensor] = {}
        module = self._read(part, first, lambda name, w: samples.update({name: latent_cache.sampled(w)}))
        if lora_files.merge_into(module, part, self._added):
            samples = {}
        self.fingerprints.setdefault(part, latent_cache.sampled_fingerprint(module, samples))
        if not is_learning:
            trained.prepare_frozen([module], dtype, self.engine.device)
        return module.to(self.engine.device)

    def disk_cache(self, kind: str, modules: Sequence[nn.Module]) -> DiskCache | None:
        """Where what these modules make is kept from run to run, if asked."""
        if not self.config.dataset.cache_latents_to_disk:
            return None
        root = Path(self.config.save.output_dir) / "cache" / kind
        encoder = "-".join(latent_cache.fingerprint(module) for module in modules)
        return DiskCache(root, encoder, is_writer=self.engine.is_main)


@dataclass(frozen=True)
class Loaded:
    """training, held: micro-batches of what is trained, and of the images held out, always in memory."""

    training: Batches
    held: Batches


def load_images(parts: Parts, plan: Plan, total_steps: int) -> Loaded:
    """Micro-batches of a plan, with latents and masks cached if asked; then the VAE rests.

    Raises StopRun when asked to stop meanwhile.
    """
    config, engine, control, emit = parts.config, parts.engine, parts.control, parts.emit
    dataset, model = config.dataset, parts.model
    (part,) = model.spec.names("vae")
    parts.load(part)
    masks = Masks(plan, model.spec.latent_stride, config.train.masked_loss)

    def encode(pixels: Tensor) -> tuple[Tensor, Tensor]:
        on_device = pixels.to(engine.device, non_blocking=True)
        return parts.family.encode_image(model, latent_cache.to_range(on_device))

    latents: list[Latents] = []
    if dataset.cache_latents or dataset.cache_latents_to_disk:
        disk = parts.disk_cache("latents", model.of("vae"))
        position = plan.position(total_steps, config.train.gradient_accumulation_steps)
        used = latent_cache.used_entries(plan, position)
        latents.append(latent_cache.build(plan, used, encode, disk, control, emit, engine.device))
        rest(model.vae.to("cpu"))
        give_back()
    else:
        used = latent_cache.held_entries(plan)
        latents.append(latent_cache.EncodedImages(plan, encode, engine.device))
        latents.append(latent_cache.build(plan, used, encode, None, control, emit, engine.device))
    masks.keep(used, control, emit)
    patience = _patience(engine, control, emit)
    training, held = (
        Batches(plan, config, source, masks, model.spec, engine, model.objective, patience)
        for source in (latents[0], latents[-1])
    )
    return Loaded(training, held)


def load_texts(parts: Parts, text: TextStates, captions: Sequence[str] | None) -> None:
    """The text encoders, and, unless they learn, what they make of every caption that can occur.

    captions: None when they are endless. When all are cached the encoders are dropped; those that a saved
    model will hold rest.
    """
    model, is_cpu = parts.model, parts.engine.device.type == "cpu"
    names = model.spec.names("text")
    for part in names:
        parts.load(part)
    is_kept = False
    if not text.is_trained:
        text.freeze()
        disk = parts.disk_cache("text", model.of("text")) if captions else None
        is_kept = captions is not None and text.keep(captions, parts.control, parts.emit, disk)
    for part in names:
        if is_kept and parts.config.network.method != "none":
            model.drop(part)
        elif is_kept:
            rest(model.modules[part].to("cpu"))
        elif is_cpu and part not in parts.learning:
            _rest_words(model.modules[part])
    give_back()


def _stopping(control: RunControl, emit: Emit) -> Emit:
    """Raises StopRun at an event when asked to stop: a large model on a slow drive takes minutes."""

    def emit_or_stop(event: Event) -> None:
        control.check_stop()
        emit(event)

    return emit_or_stop


def _patience(engine: Engine, control: RunControl, emit: Emit) -> Patience:
    """While batches are read. Of several processes none may stop alone within a step: others would wait."""
    return of_run(control.check_stop if engine.world_size == 1 else None, emit)


def _rest_words(text_encoder: nn.Module) -> None:
    """Let the embeddings rest, of which a run uses the rows of its own words only.

    On a GPU all of them move there anyway.
    """
    for layer in text_encoder.modules():
        if isinstance(layer, nn.Embedding):
            rest(layer)


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
