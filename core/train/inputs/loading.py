"""A model and its micro-batches, in an order that never holds more in memory than the training does."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from core.config.schema.run import RunConfig
from core.control import RunControl
from core.counting import size_text
from core.data.plan.plan import Plan
from core.events import Emit, Event, Warned
from core.limits import KEPT_TEXT_STATES
from core.models.family import Family, Model
from core.models.parts import Reader
from core.patience import of_run
from core.train.device.cpu import lay_channels_last
from core.train.device.engine import Engine
from core.train.inputs import latents as latent_cache
from core.train.inputs import messages
from core.train.inputs.batches import Batches
from core.train.inputs.disk_cache import DiskCache
from core.train.inputs.latents import CachedLatents, EncodedImages
from core.train.inputs.loss_masks import Masks
from core.train.inputs.text_states import TextStates
from core.train.weights import lora_files, trained


class Parts:
    """The parts of a run's model, each read when it is needed and in the type it is used in."""

    def __init__(
        self, family: Family, model: Model, config: RunConfig, engine: Engine, control: RunControl, emit: Emit
    ) -> None:
        """fingerprints: part -> hash that tells, when a run is resumed, whether it is the same.

        is_saved: whether the model that is saved holds every part, so that none may be dropped.
        """
        self.family, self.model, self.config, self.engine = family, model, config, engine
        self.control, self.emit = control, emit
        self.fingerprints: dict[str, str] = {}
        self._read = Reader(family, model, _stopping(control, emit))
        self._added = lora_files.base_loras(model, config.network, emit)
        self.is_saved = config.network.method == "none"
        self._learning = [*trained.rates_of_parts(model.spec, config.train)] if self.is_saved else []

    def load(self, part: str) -> nn.Module:
        """A part on the training device, the LoRAs of base_weights added; a frozen one as it is used."""
        # In float32 always: the fp16 activations of some VAEs overflow.
        is_vae = part in self.model.spec.names("vae")
        frozen = torch.float32 if is_vae else self.engine.compute_type
        dtype = self.engine.weight_type if part in self._learning else frozen
        empty, samples = self.model.modules[part], dict[str, bytes]()

        def merge(name: str, weight: Tensor) -> None:
            lora_files.merge_into(empty, part, name, weight, self._added)
            samples[name] = latent_cache.sample(name, weight)

        module = self._read(part, dtype, merge)
        self.fingerprints.setdefault(part, latent_cache.digest(samples))
        if self.engine.device.type == "cpu" and part not in self._learning:
            lay_channels_last(module)
        return module.to(self.engine.device)

    def load_missing(self, parts: Iterable[str]) -> None:
        """Load those of these parts that are not in memory."""
        missing = [part for part in parts if not self.model.is_here(part)]
        for part in missing:
            self.load(part)
        if missing:
            give_back()  # the float32 weights that passed on the way

    def disk_cache(self, kind: str, parts: Sequence[str]) -> DiskCache | None:
        """Where what these parts make is kept from run to run, if asked; they are read unless known."""
        if not self.config.dataset.cache_latents_to_disk:
            return None
        root = Path(self.config.save.output_dir) / "cache" / kind
        disk = DiskCache(root, is_writer=self.engine.is_main)
        disk.encoder = "-".join(self._content(part, disk) for part in parts)
        return disk

    def _content(self, part: str, disk: DiskCache) -> str:
        """A hash of all weights of a part; the cache remembers it as long as the files look the same."""
        stamps = {str(path): [*stamp] for path, stamp in self.model.source.stamps.items()}
        files = {"part": part, "files": stamps, "dtype": str(self.engine.compute_type)}
        entry = None if self._added else disk.read(files)
        if entry is None:
            content = latent_cache.fingerprint(self.load(part))
            entry = {
                name: torch.tensor([*bytes.fromhex(digest)], dtype=torch.uint8)
                for name, digest in (("content", content), ("sampled", self.fingerprints[part]))
            }
            if not self._added:
                disk.write(files, entry)
        content, sampled = (bytes(entry[name].tolist()).hex() for name in ("content", "sampled"))
        self.fingerprints.setdefault(part, sampled)
        return content


def load_images(parts: Parts, plan: Plan, total_steps: int) -> tuple[Batches, Batches]:
    """Micro-batches of what is trained, and of the validation split, whose latents are always in memory.

    Latents and masks are cached if asked; then the VAE leaves the device. Raises StopRun.
    """
    config, engine, control, emit = parts.config, parts.engine, parts.control, parts.emit
    dataset, model = config.dataset, parts.model
    names = model.spec.names("vae")
    masks = Masks(plan, model.spec.latent_stride, config.train.masked_loss)

    def encode(pixels: Tensor) -> tuple[Tensor, Tensor]:
        on_device = pixels.to(engine.device, non_blocking=True)
        return parts.family.encode_image(model, latent_cache.to_range(on_device))

    if dataset.cache_latents or dataset.cache_latents_to_disk:
        disk = parts.disk_cache("latents", names)
        parts.load_missing(names)
        position = plan.position(total_steps, config.train.gradient_accumulation_steps)
        used = latent_cache.used_entries(plan, position)
        held = latent_cache.build(plan, used, encode, disk, control, emit, engine.device)
        latents: CachedLatents | EncodedImages = held
        if parts.is_saved or engine.device.type != "cpu":
            model.vae.to("cpu")
        else:
            model.drop(names[0])  # samples read it again
        give_back()
    else:
        parts.load_missing(names)
        used = latent_cache.held_entries(plan)
        latents = latent_cache.EncodedImages(plan, encode, engine.device)
        held = latent_cache.build(plan, used, encode, None, control, emit, engine.device)
    masks.keep(used, control, emit)
    # Of several processes none may stop alone within a step: others would wait.
    patience = of_run(control.check_stop if engine.world_size == 1 else None, emit)

    def batches(source: CachedLatents | EncodedImages) -> Batches:
        return Batches(plan, config, source, masks, model.spec, engine, model.objective, patience)

    return batches(latents), batches(held)


def load_texts(parts: Parts, text: TextStates, texts: Sequence[str] | None) -> None:
    """The text encoders, and, unless they learn, what they make of every text that can occur.

    texts: captions and sample prompts, None when they are endless. When all are cached the encoders leave
    the device; those that no saved model will hold are dropped, or not even read.
    """
    model, names = parts.model, parts.model.spec.names("text")
    if not text.is_trained:
        if texts is None:
            parts.emit(Warned(messages.TEXT_AS_IT_COMES()))
        text.freeze()
        text.disk = parts.disk_cache("text", names) if texts else None
    if parts.is_saved or texts is None or not text.are_on_disk(texts):
        parts.load_missing(names)
    is_kept = not text.is_trained and texts is not None and text.keep(texts, parts.control, parts.emit)
    if not (is_kept or text.is_trained or texts is None or parts.config.model.no_token_padding):
        parts.emit(Warned(messages.TEXT_NOT_KEPT(size=size_text(KEPT_TEXT_STATES))))
    for part in names if is_kept else ():
        model.modules[part].to("cpu" if parts.is_saved else "meta")
    give_back()


def _stopping(control: RunControl, emit: Emit) -> Emit:
    """Raises StopRun at an event when asked to stop: a large model on a slow drive takes minutes."""

    def emit_or_stop(event: Event) -> None:
        control.check_stop()
        emit(event)

    return emit_or_stop


def give_back() -> None:
    """Let the system have memory that was freed; the C library of Linux keeps it for later else."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
