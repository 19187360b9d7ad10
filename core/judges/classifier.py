"""A small classifier of drawn things, as lies beside the demo's base model: its verdict is the feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, one_hot

from core.errors import UserError
from core.formats.header import read_header
from core.judges import messages

_BODY, _HEAD = "body.", "kind."
_STRIDES = (2, 2, 2, 1)
_SIDE = 64
"""Pixels of the square that it looks at, the middle of an image."""


class Classifier:
    """Says which of its kinds an image shows. Two images are alike, 1, when the verdict is the same, else 0.

    Layers as in demo/judge.py: four 3x3 convolutions, each with a batch norm and ReLU; a mean over 2x2;
    two linear layers. What else such a file holds is not looked at.
    """

    is_fine = False

    def __init__(self, file: Path) -> None:
        """Raises UserError."""
        try:
            tensors = {name: t.float() for name, t in load_file(file).items() if _is_used(name)}
            widths = [tensors[f"{_BODY}{3 * n}.weight"].shape[0] for n in range(len(_STRIDES))]
            self._body, self._head = _body(widths), _head(tensors)
            self._body.load_state_dict(_below(tensors, _BODY))
            self._head.load_state_dict(_below(tensors, _HEAD))
        except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
            lines = str(error).strip().splitlines()
            why = lines[0][:200].rstrip(".:") if lines else type(error).__name__
            raise UserError(messages.NOT_LOADED(path=file, why=why)) from error

    @staticmethod
    def can_read(file: Path) -> bool:
        """Whether a file is one of these, by its header."""
        if file.suffix.lower() != ".safetensors":
            return False
        try:
            names = set(read_header(file).places)
        except UserError:
            return False
        return {f"{_BODY}9.weight", f"{_HEAD}1.weight", f"{_HEAD}3.weight"} <= names

    @torch.no_grad()
    def features(self, images: Sequence[Image.Image]) -> Tensor:
        """(N, kinds), float32: 1 at the verdict, 0 elsewhere."""
        pixels = torch.from_numpy(np.stack([np.asarray(_square(one)) for one in images]))
        scores = self._head(avg_pool2d(self._body(pixels.permute(0, 3, 1, 2).float() / 127.5 - 1), 2))
        return one_hot(scores.argmax(1), scores.shape[1]).float()

    def close(self) -> None:
        """It is too small to be worth it."""


def _is_used(name: str) -> bool:
    return name.startswith((_BODY, _HEAD))


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _body(widths: Sequence[int]) -> nn.Module:
    layers: list[nn.Module] = []
    last = 3
    for width, stride in zip(widths, _STRIDES, strict=True):
        layers += [nn.Conv2d(last, width, 3, stride, 1), nn.BatchNorm2d(width), nn.ReLU()]
        last = width
    return nn.Sequential(*layers).eval()


def _head(tensors: Mapping[str, Tensor]) -> nn.Module:
    first, second = (nn.Linear(*tensors[f"{_HEAD}{n}.weight"].shape[::-1]) for n in (1, 3))
    return nn.Sequential(nn.Flatten(), first, nn.ReLU(), second).eval()


def _square(image: Image.Image) -> Image.Image:
    """The middle square of an image."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side)).resize((_SIDE, _SIDE), Image.Resampling.BOX)
