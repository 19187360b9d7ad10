"""Latents of every image, encoded once: one tensor for each bucket in memory, and entries on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from core.catalog import Size
from core.control import RunControl
from core.data import keyed_random
from core.data.images import load
from core.data.plan.plan import Batch, Plan, PlannedImage, Sample
from core.errors import NumericFault
from core.events import Emit, StageProgress
from core.limits import CACHED_LATENTS_ON_GPU
from core.patience import of_run
from core.train.inputs import messages
from core.train.inputs.disk_cache import DiskCache, bytes_of
from core.train.inputs.read_ahead import ahead

FORMAT = 1
"""Version of the cache; raised when what is in an entry changes its meaning."""

SAMPLED = 64
"""Numbers of each tensor that a quick fingerprint looks at."""

Encode = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Bytes (B, H, W, 3) in host memory -> mean and deviation of their latents on the training device."""

Entry = tuple[int, bool]
"""(number of the image in the plan, mirrored)."""


class CachedLatents:
    """Latents in memory; a batch is an index."""

    reads_files = False

    def __init__(self, buckets: dict[Size, Tensor], rows: dict[Entry, int], device: torch.device) -> None:
        """buckets: (N, 2, C, h, w), mean and deviation. rows: where an entry lies in its bucket's tensor."""
        self._buckets, self._rows, self._device = buckets, rows, device

    def host(self, batch: Batch, samples: Sequence[Sample]) -> Tensor:
        rows = torch.tensor([self._rows[sample.image, sample.flip] for sample in samples])
        return rows.pin_memory() if self._device.type != "cpu" else rows

    def device(self, bucket: Size, prepared: Tensor) -> tuple[Tensor, Tensor]:
        kept = self._buckets[bucket]
        found = kept.index_select(0, prepared.to(kept.device, non_blocking=True))
        mean, std = found.to(self._device, non_blocking=True).unbind(dim=1)
        return mean, std

    def kept(self) -> Sequence[Tensor]:
        return [*self._buckets.values()]


class EncodedImages:
    """Latents made from the images at every step, for what a cache can't hold: random crops and colours."""

    reads_files = True

    def __init__(self, plan: Plan, encode: Encode, device: torch.device) -> None:
        self._plan, self._encode, self._device = plan, encode, device

    def host(self, batch: Batch, samples: Sequence[Sample]) -> Tensor:
        pixels = torch.stack([self._pixels(batch, sample) for sample in samples])
        return pixels.pin_memory() if self._device.type != "cpu" else pixels

    def device(self, bucket: Size, prepared: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            return self._encode(prepared)

    def kept(self) -> Sequence[Tensor]:
        return ()

    def _pixels(self, batch: Batch, sample: Sample) -> Tensor:
        is_held = sample.image in self._plan.held
        rng = None if is_held else keyed_random.rng(self._plan.seed, "color", batch.epoch, sample.index)
        settings = self._plan.settings_of(sample.image)
        return torch.tensor(load.load(self._plan.images[sample.image], sample, settings, rng))


def shaped_by(image: PlannedImage, flip: bool, encoder: str) -> dict[str, object]:
    """All that shapes the latents of an image. encoder: fingerprint of the VAE."""
    fit = image.fit
    return {
        "format": FORMAT,
        "image": image.content,
        "vae": encoder,
        "bucket": [*fit.bucket],
        "resized": [*fit.resized],
        "crop": [fit.crop_left, fit.crop_top],
        "interpolation": fit.interpolation,
        "flip": flip,
        "dtype": "float32",
    }


@dataclass(frozen=True)
class _Chunk:
    """Images encoded together: always the same ones, so that an entry's bits never depend on luck."""

    bucket: Size
    entries: tuple[Entry, ...]


def build(
    plan: Plan,
    used: Iterable[Entry],
    encode: Encode,
    disk: DiskCache | None,
    control: RunControl,
    emit: Emit,
    device: torch.device,
) -> CachedLatents:
    """Encode what will be used, or read it from disk.

    Raises StopRun between two images, NumericFault when one gives NaN, ResourceFault when one is gone.
    """
    wanted = set(used)
    chunks = [chunk for chunk in _chunks(plan) if not wanted.isdisjoint(chunk.entries)]
    total, done = sum(len(chunk.entries) for chunk in chunks), 0
    kept: dict[Size, list[Tensor]] = {}
    rows: dict[Entry, int] = {}
    patience = of_run(control.check_stop, emit)
    with closing(ahead(_read(plan, chunks, disk), depth=2, patience=patience)) as read:
        for chunk, pixels, found in read:
            control.check()
            latents = found if pixels is None else _encode(plan, chunk, pixels, encode, disk)
            before = kept.setdefault(chunk.bucket, [])
            start = sum(len(piece) for piece in before)
            before.append(latents)
            rows |= {entry: start + n for n, entry in enumerate(chunk.entries)}
            done += len(chunk.entries)
            emit(StageProgress("cache_latents", done, total))
            while disk is not None and disk.notices:
                emit(disk.notices.pop(0))
    nbytes = sum(piece.nbytes for pieces in kept.values() for piece in pieces)
    place = device if nbytes <= CACHED_LATENTS_ON_GPU else torch.device("cpu")
    return CachedLatents(
        {bucket: torch.cat(pieces).to(place) for bucket, pieces in kept.items()}, rows, device
    )


def used_entries(plan: Plan, micro_batches: int) -> set[Entry]:
    """Every image and orientation that the first so many micro-batches train on, or validation asks for."""
    every = sum(len(_flips(plan, image)) for image in range(len(plan.images)))
    entries = held_entries(plan)
    for batch in islice(plan.stream(0), micro_batches):
        entries.update((sample.image, sample.flip) for sample in batch.samples)
        if len(entries) == every:
            break
    return entries


def held_entries(plan: Plan) -> set[Entry]:
    """The images held out, which are never mirrored."""
    return {(image, False) for image in plan.validation}


def fingerprint(model: nn.Module) -> str:
    """A hash of every weight of a model, on the CPU."""
    hashed = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(model.state_dict().items()):
        hashed.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        hashed.update(bytes_of(tensor))
    return hashed.hexdigest()


def digest(samples: Mapping[str, bytes]) -> str:
    """A quick hash by a `sample` of every weight, to see that a model is still the one it was."""
    return hashlib.blake2b(b"".join(samples[name] for name in sorted(samples)), digest_size=16).hexdigest()


def sample(name: str, weight: Tensor) -> bytes:
    """Name, shape and some numbers of a weight, evenly spread."""
    flat = weight.detach().reshape(-1)
    some = flat[:: max(1, flat.numel() // SAMPLED)]
    return f"{name} {tuple(weight.shape)}".encode() + bytes_of(some)


def to_range(pixels: Tensor) -> Tensor:
    """Bytes (B, H, W, 3) -> (B, 3, H, W) in [-1, 1], float32."""
    return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1.0


def _chunks(plan: Plan) -> Iterator[_Chunk]:
    """All entries of the plan, bucket by bucket, in groups of vae_batch_size."""
    by_bucket: dict[Size, list[Entry]] = {}
    for number, image in enumerate(plan.images):
        by_bucket.setdefault(image.fit.bucket, []).extend((number, flip) for flip in _flips(plan, number))
    for bucket, entries in by_bucket.items():
        for start in range(0, len(entries), plan.config.vae_batch_size):
            yield _Chunk(bucket, tuple(entries[start : start + plan.config.vae_batch_size]))


def _flips(plan: Plan, image: int) -> tuple[bool, ...]:
    """The orientations in which an image may be used; what is held out is never mirrored."""
    return (False, True) if plan.settings_of(image).flip_aug and image not in plan.held else (False,)


def _read(
    plan: Plan, chunks: Sequence[_Chunk], disk: DiskCache | None
) -> Iterator[tuple[_Chunk, Tensor | None, Tensor]]:
    """Each chunk with its pixels, or without them and with the latents that the disk has."""
    for chunk in chunks:
        found = [None if disk is None else _kept(disk, plan.images[n], flip) for n, flip in chunk.entries]
        if all(latents is not None for latents in found):
            yield chunk, None, torch.stack(found)  # type: ignore[arg-type]
            continue
        pixels = []
        for number, flip in chunk.entries:
            loaded = torch.tensor(load.load(plan.images[number]))
            pixels.append(loaded.flip(1) if flip else loaded)
        yield chunk, torch.stack(pixels), torch.empty(0)


def _kept(disk: DiskCache, image: PlannedImage, flip: bool) -> Tensor | None:
    """Mean and deviation, (2, C, h, w), or None when there is no sound entry."""
    found = disk.read(shaped_by(image, flip, disk.encoder))
    return None if found is None else found.get("latents")


def _encode(plan: Plan, chunk: _Chunk, pixels: Tensor, encode: Encode, disk: DiskCache | None) -> Tensor:
    """(B, 2, C, h, w) on the CPU, all finite, and kept on disk."""
    with torch.no_grad():
        latents = torch.stack(encode(pixels), dim=1).float().cpu()
    for (number, flip), one in zip(chunk.entries, latents, strict=True):
        image = plan.images[number]
        if not one.isfinite().all():
            raise NumericFault(messages.LATENT_NAN(path=image.path))
        if disk is not None:
            disk.write(shaped_by(image, flip, disk.encoder), {"latents": one})
    return latents
