"""Loss masks at the size of the latents: what each part of an image counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from core.control import RunControl
from core.data.images import load
from core.data.plan.plan import Plan, PlannedImage, Sample
from core.errors import Problem
from core.events import Emit, StageProgress
from core.patience import in_order, of_run
from core.train.inputs import messages
from core.train.inputs.latents import Entry


class Masks:
    """Masks of the samples of a batch, kept in memory or read with their images."""

    def __init__(self, plan: Plan, stride: int, uses_files: bool) -> None:
        """stride: pixels of a latent cell. uses_files: whether mask files count, train.masked_loss."""
        self._plan, self._stride, self._uses_files = plan, stride, uses_files
        self._kept: dict[Entry, Tensor] = {}

    def keep(self, entries: Iterable[Entry], control: RunControl, emit: Emit) -> None:
        """Read the masks of these images now, so that no step does. Raises StopRun between two of them."""
        wanted = sorted(entry for entry in entries if self._has_mask(entry[0]))
        plain = [self._plain(entry) for entry in wanted]
        with closing(in_order(self._read, plain, of_run(control.check, emit), "masks")) as read:
            for done, (entry, mask) in enumerate(zip(wanted, read, strict=True)):
                emit(StageProgress("read_masks", done, len(wanted)))
                self._kept[entry] = mask
        if wanted:
            emit(StageProgress("read_masks", len(wanted), len(wanted)))

    def host(self, samples: Sequence[Sample]) -> Tensor | None:
        """(B, 1, h, w) float32 from 0 to 1, None when every part of every image counts in full."""
        if not any(self._has_mask(sample.image) for sample in samples):
            return None
        return torch.stack([self._of(sample) for sample in samples])

    def _plain(self, entry: Entry) -> Sample:
        """An image as it is cut where nothing is drawn."""
        fit = self._plan.images[entry[0]].fit
        return Sample(entry[0], 0, entry[1], "", (fit.crop_left, fit.crop_top))

    def _of(self, sample: Sample) -> Tensor:
        kept = self._kept.get((sample.image, sample.flip))
        return self._read(sample) if kept is None else kept

    def _read(self, sample: Sample) -> Tensor:
        """(1, h, w), each cell the mean of its pixels, as in sd-scripts."""
        mask = load.load_mask(self._image(sample.image), sample, self._plan.settings_of(sample.image))
        pixels = torch.tensor(mask, dtype=torch.float32)[None]
        return avg_pool2d(pixels, self._stride) / 255.0

    def _image(self, index: int) -> PlannedImage:
        """The image as its mask is loaded: with masked_loss off its mask file is passed over."""
        image = self._plan.images[index]
        return image if self._uses_files else replace(image, mask_path=None)

    def _has_mask(self, index: int) -> bool:
        return self._image(index).mask_path is not None or self._plan.settings_of(index).alpha_mask


def missing(plan: Plan) -> tuple[Problem, ...]:
    """What is wrong when masked_loss is on: that no image has any mask."""
    if any(image.mask_path or plan.settings[image.settings].alpha_mask for image in plan.images):
        return ()
    return (messages.NO_MASK(),)
