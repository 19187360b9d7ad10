"""Resize, crops, ToTensor, Normalize and Compose, as torchvision.transforms has them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import numpy as np
import torch
from PIL import Image


class InterpolationMode(Enum):
    """Names of Pillow's filters."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    LANCZOS = "lanczos"


class Compose:
    """One after the other."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, image: Any) -> Any:
        for transform in self.transforms:
            image = transform(image)
        return image


class Resize:
    """The shorter side to `size` pixels."""

    def __init__(
        self, size: int, interpolation: InterpolationMode = InterpolationMode.BILINEAR, **_: Any
    ) -> None:
        self.size, self.filter = size, Image.Resampling[interpolation.name]

    def __call__(self, image: Image.Image) -> Image.Image:
        scale = self.size / min(image.size)
        return image.resize((round(image.width * scale), round(image.height * scale)), self.filter)


class CenterCrop:
    """The middle square of `size` pixels."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __call__(self, image: Image.Image) -> Image.Image:
        left, top = self.corner(image.width - self.size, image.height - self.size)
        return image.crop((left, top, left + self.size, top + self.size))

    def corner(self, spare_width: int, spare_height: int) -> tuple[int, int]:
        return spare_width // 2, spare_height // 2


class RandomCrop(CenterCrop):
    """Any square of `size` pixels."""

    def corner(self, spare_width: int, spare_height: int) -> tuple[int, int]:
        return random.randint(0, spare_width), random.randint(0, spare_height)


class ToTensor:
    """An image as (3, H, W) in [0, 1]."""

    def __call__(self, image: Image.Image) -> torch.Tensor:
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


class Normalize:
    """(x - mean) / std."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        self.mean, self.std = mean, std

    def __call__(self, tensor: torch.Tensor) -> torch.Tensor:
        mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (self.mean, self.std))
        return (tensor - mean) / std
