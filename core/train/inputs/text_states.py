"""Text states of a batch: encoded at every step while the text encoder learns, else once a caption."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor

from core.config.schema.run import ModelConfig
from core.control import RunControl
from core.events import Emit, StageProgress
from core.models.family import Components, Conditioning, Family
from core.train.device.engine import Engine

KEPT_BYTES = 2**30
"""States kept on the device; a caption's are 231 KiB in float32 for SD1, so some thousands of captions."""

KEPT_TOKENS = 65536
"""Captions whose token numbers are kept."""


class TextStates:
    """What the U-Net is told about each caption. is_trained: whether gradients flow into the encoder."""

    def __init__(
        self, family: Family, parts: Components, config: ModelConfig, engine: Engine, is_trained: bool
    ) -> None:
        self.is_trained = is_trained
        self._family, self._parts, self._config, self._engine = family, parts, config, engine
        self._kept: OrderedDict[tuple[str, ...], Tensor] = OrderedDict()
        self._kept_bytes = 0
        self._tokens: dict[tuple[str, ...], Tensor] = {}

    def __call__(self, captions: Sequence[str]) -> Conditioning:
        """States of these captions, (B, T, C)."""
        if self.is_trained:
            return self._encode([*captions])
        if self._config.no_token_padding:
            # Without padding the length of a batch is that of its longest caption, so it is encoded as one.
            return Conditioning(self._state(tuple(captions)))
        return Conditioning(torch.cat([self._state((caption,)) for caption in captions]))

    def keep(self, captions: Sequence[str], control: RunControl, emit: Emit) -> bool:
        """Encode these captions now; whether all of them fit, so that the encoder is not needed any more."""
        if self._config.no_token_padding:
            return False
        for done, caption in enumerate(captions):
            control.check()
            if self._state((caption,)).nbytes * len(captions) > KEPT_BYTES:
                return False
            if done % 16 == 0:
                emit(StageProgress("cache_text", done, len(captions)))
        emit(StageProgress("cache_text", len(captions), len(captions)))
        return True

    def freeze(self) -> None:
        """From now on the encoder does not change."""
        self.is_trained = False
        self._parts.text_encoder.eval()

    def kept(self) -> Sequence[Tensor]:
        """States that lie in memory."""
        return [*self._kept.values()]

    def _state(self, captions: tuple[str, ...]) -> Tensor:
        """Kept states. Each caption is encoded alone: its bits do not depend on what it was batched with."""
        found = self._kept.get(captions)
        if found is not None:
            self._kept.move_to_end(captions)
            return found
        with torch.no_grad():
            # The U-Net's first use of them is a matrix product, which would round them to the compute type
            # anyway.
            found = self._encode([*captions]).encoder_hidden_states.to(self._engine.compute_type)
        self._kept[captions] = found
        self._kept_bytes += found.nbytes
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= oldest.nbytes
        return found

    def _encode(self, captions: list[str]) -> Conditioning:
        with self._engine.autocast():
            return self._family.encode_text(self._parts, self._token_ids(captions), self._config)

    def _token_ids(self, captions: list[str]) -> Tensor:
        """(B, T) on the training device; token numbers of each caption are worked out once."""
        groups = [tuple(captions)] if self._config.no_token_padding else [(caption,) for caption in captions]
        for group in groups:
            if group not in self._tokens:
                if len(self._tokens) >= KEPT_TOKENS:
                    self._tokens.clear()
                ids = self._family.tokenize(self._parts, group, self._config)
                self._tokens[group] = ids.to(self._engine.device)
        return torch.cat([self._tokens[group] for group in groups])
