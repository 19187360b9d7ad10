"""Features of images by CLIP or DINO, through the transformers library. Runs no code of a model's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor
from torch.nn.functional import normalize

from core.errors import UserError
from core.judges import messages

_CLIP = frozenset({"clip", "clip_vision_model"})
_DINO = frozenset({"dinov2", "dinov2_with_registers", "dinov3_vit", "vit"})
KINDS = _CLIP | _DINO
"""The model_type of models whose features are known to tell how alike images are. DINO of 2021 is a "vit"."""

_AT_ONCE = 16
"""Images in a batch."""


class Transformer:
    """A vision model in memory, in float32. Of CLIP the projected embedding, of DINO the class token."""

    is_fine = True

    def __init__(self, folder: Path, kind: str, device: torch.device) -> None:
        """kind: one of KINDS. Raises UserError."""
        self._is_clip, self._device = kind in _CLIP, device
        try:
            self._load(folder)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as e:
            if isinstance(e, torch.OutOfMemoryError):
                raise
            lines = str(e).strip().splitlines()
            why = lines[0][:200].rstrip(".") if lines else type(e).__name__
            raise UserError(messages.NOT_LOADED(path=folder, why=why)) from e

    def _load(self, folder: Path) -> None:
        from transformers import AutoConfig, AutoImageProcessor, AutoModel, CLIPVisionModelWithProjection

        here: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        images: Any = AutoImageProcessor
        self._processor: Any = images.from_pretrained(folder, **here)
        kind: Any = CLIPVisionModelWithProjection if self._is_clip else AutoModel
        config: Any = AutoConfig.from_pretrained(folder, **here)
        if config.model_type == "clip":  # with the text encoder, which is not read
            config.vision_config.projection_dim = config.projection_dim
            config = config.vision_config
        how: dict[str, Any] = {"config": config, "dtype": torch.float32, "use_safetensors": True}
        model: Any = kind.from_pretrained(folder, **how, **here)
        self._model: Any = model.eval().requires_grad_(False).to(self._device)

    def features(self, images: Sequence[Image.Image]) -> Tensor:
        """(N, D), float32 on the CPU, each of length 1."""
        batches = [images[n : n + _AT_ONCE] for n in range(0, len(images), _AT_ONCE)]
        return torch.cat([self._batch(batch) for batch in batches])

    @torch.no_grad()
    def _batch(self, images: Sequence[Image.Image]) -> Tensor:
        pixels = self._processor(images=list(images), return_tensors="pt")["pixel_values"].to(self._device)
        made = self._model(pixel_values=pixels)
        found: Tensor = made.image_embeds if self._is_clip else made.last_hidden_state[:, 0]
        return normalize(found.float(), dim=-1).cpu()

    def close(self) -> None:
        """Give its memory back."""
        self._model = self._processor = None
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
