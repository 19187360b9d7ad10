"""A paused training gives the GPU back: what it holds there waits in host memory, and returns bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.control import RunControl, SampleRequest
from core.events import Emit, Paused, Warned
from core.train import messages

if TYPE_CHECKING:
    from core.train.training import Training


Draw = Callable[[SampleRequest], None]


def pause(
    training: Training, step: int, control: RunControl, emit: Emit, save: Callable[[], None], draw: Draw
) -> None:
    """Wait while the run is paused, between two steps, with the GPU free. Raises StopRun.

    What is wished meanwhile is done at once: a save from host memory, for samples (draw) the training comes
    back to the GPU for as long as it takes. A run that is stopped stays in host memory: its state is saved
    from there. When the GPU has no room for it any more because of another program, that is said and the
    pause goes on.
    """
    if not control.is_paused:
        control.check_stop()
        return
    aside = Aside(training)
    freed = aside.put(emit)
    if training.engine.is_main:
        emit(Paused(step, freed))
    while True:
        goes_on = control.wait()
        if not goes_on and control.take_save_now():
            save()
        wish = None if goes_on else control.take_sample_now()
        if not goes_on and wish is None:
            continue
        try:
            aside.fetch()
        except torch.OutOfMemoryError:
            aside.put(emit)
            control.pause()
            emit(Warned(messages.NO_GPU_MEMORY()))
            continue
        if wish is None:
            return
        draw(wish)
        aside.put(emit)


class Aside:
    """Moves everything large of a training between its device and host memory; nothing to do on a CPU."""

    def __init__(self, training: Training) -> None:
        device = training.engine.device
        self._device = device
        self._tensors: list[Tensor] = []
        if is_worth_it(device):
            # Memory that bitsandbytes may page out leaves the GPU by itself.
            found = {
                id(t): t
                for t in tensors_of(training)
                if t.device == device and not t.__dict__.get("is_paged", False)
            }
            self._tensors = [*found.values()]

    def put(self, emit: Emit) -> int:
        """To host memory; the bytes that this gave back. When there is no room there, all stays."""
        try:
            moved = self._move(torch.device("cpu"))
        except (MemoryError, RuntimeError):
            self._move(self._device)
            emit(Warned(messages.NO_HOST_MEMORY()))
            return 0
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        return moved

    def fetch(self) -> None:
        """Back to the device. Raises torch.OutOfMemoryError; then some of it is there and some is not."""
        self._move(self._device)

    def _move(self, device: torch.device) -> int:
        """Tensors stay who they are, so whoever holds one need not know; those that share memory still do."""
        copies: dict[int, torch.UntypedStorage] = {}
        for tensor in self._tensors:
            storage = tensor.untyped_storage()
            if is_there(storage, device):
                continue
            if storage.data_ptr() not in copies:
                copies[storage.data_ptr()] = copied(storage, device)
            place = torch.empty(0, dtype=tensor.dtype, device=device)
            copy = copies[storage.data_ptr()]
            tensor.data = place.set_(copy, tensor.storage_offset(), tensor.shape, tensor.stride())
        return sum(copy.nbytes() for copy in copies.values())


def tensors_of(training: Training) -> Iterator[Tensor]:
    """What a training holds between two steps: weights, what the optimizer remembers, means, caches."""
    for module in training.model.modules.values():
        yield from module.parameters()
        yield from module.buffers()
    for group in training.trainee.groups:
        yield from group.parameters.values()
    optimizer = training.optimizer
    for memory in (*optimizer.state.values(), *optimizer.param_groups):
        yield from (value for value in memory.values() if isinstance(value, Tensor))
    yield from training.averages.tensors().values()
    yield from training.text.kept()
    if training.batch_loss.prior is not None:
        yield from training.batch_loss.prior.text.kept()
    yield from training.batches.kept()
    yield from training.validation.batches.kept()


def is_worth_it(device: torch.device) -> bool:
    """Whether there is anything to give back."""
    return device.type != "cpu"


def is_there(storage: torch.UntypedStorage, device: torch.device) -> bool:
    """Whether memory lies on a device already."""
    return storage.device == device


def copied(storage: torch.UntypedStorage, device: torch.device) -> torch.UntypedStorage:
    """The same bytes on another device."""
    copy: torch.UntypedStorage = storage.to(device=device)
    return copy
