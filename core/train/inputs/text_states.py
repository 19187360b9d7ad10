"""Text states of a batch: encoded at every step while the text encoders learn, else once a caption."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from core.config.schema.model import ModelConfig
from core.control import RunControl
from core.events import Emit, StageProgress
from core.limits import KEPT_TEXT_STATES
from core.models.family import Family, Model, TextState
from core.train.device.engine import Engine
from core.train.inputs.disk_cache import DiskCache
from core.train.inputs.lending import on_device

FORMAT = 1
"""Version of the cache; raised when what is in an entry changes its meaning."""

NOT_OF_TEXT = {"base", "family", "prediction", "vae", "attention"}
"""Options of [model] that change no text state; the encoders count by their weights."""


class TextStates:
    """What the denoiser is told about each caption. is_trained: whether gradients flow into the encoders."""

    def __init__(
        self,
        family: Family,
        model: Model,
        config: ModelConfig,
        engine: Engine,
        is_trained: bool,
        load: Callable[[str], nn.Module],
    ) -> None:
        """load: reads a part that was dropped. disk: where states may lie already, and are kept."""
        self.is_trained = is_trained
        self._family, self._model, self._config, self._engine = family, model, config, engine
        # Samples of a training without padding are padded: guidance needs two texts of one length.
        self._padded = config.model_copy(update={"no_token_padding": False})
        self._load = load
        self.disk: DiskCache | None = None
        self._kept: OrderedDict[tuple[bool, tuple[str, ...]], list[TextState]] = OrderedDict()
        self._kept_bytes = 0

    def __call__(self, captions: Sequence[str]) -> list[TextState]:
        """The state of each caption."""
        if self.is_trained:
            return self._encode(captions, self._config)
        if self._config.no_token_padding:
            # Without padding the length of a batch is that of its longest caption, so it is encoded as one.
            return self._states(tuple(captions), self._config)
        return self._one_by_one(captions)

    def of_prompts(self, *prompts: str) -> tuple[TextState, ...]:
        """The states of prompts, all of one length, without gradients."""
        if not self.is_trained:
            return tuple(self._one_by_one(prompts))
        with torch.no_grad():
            return tuple(self._encode(prompts, self._padded))

    def are_on_disk(self, texts: Sequence[str]) -> bool:
        """Whether there is an entry for each of these, so that no encoder is needed."""
        disk = self.disk
        if disk is None or self._config.no_token_padding:
            return False
        return all(disk.has(self._shaped_by((text,), self._padded)) for text in texts)

    def keep(self, texts: Sequence[str], control: RunControl, emit: Emit) -> bool:
        """Encode these now; whether all of them fit, on disk or in memory, so that no encoder is needed."""
        if self._config.no_token_padding:
            return False
        for done, text in enumerate(texts):
            control.check()
            (state,) = self._one_by_one([text])
            if self.disk is None and state.nbytes * len(texts) > KEPT_TEXT_STATES:
                return False
            if done % 16 == 0:
                emit(StageProgress("cache_text", done, len(texts)))
            while self.disk is not None and self.disk.notices:
                emit(self.disk.notices.pop(0))
        emit(StageProgress("cache_text", len(texts), len(texts)))
        return True

    def freeze(self) -> None:
        """From now on the encoders do not change."""
        self.is_trained = False
        for module in self._model.of("text"):
            module.eval()

    def kept(self) -> Sequence[Tensor]:
        """States that lie in memory."""
        return [t for states in self._kept.values() for state in states for t in state.tensors.values()]

    def _one_by_one(self, captions: Sequence[str]) -> list[TextState]:
        """Each caption is encoded alone: its bits do not depend on what it was batched with."""
        return [state for caption in captions for state in self._states((caption,), self._padded)]

    def _states(self, captions: tuple[str, ...], config: ModelConfig) -> list[TextState]:
        """Kept states, from memory, from disk, or made now."""
        key = (config.no_token_padding, captions)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        found = self._read(captions, config)
        self._kept[key] = found
        self._kept_bytes += _bytes(found)
        while self._kept_bytes > KEPT_TEXT_STATES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= _bytes(oldest)
        return found

    def _read(self, captions: tuple[str, ...], config: ModelConfig) -> list[TextState]:
        disk, shaped_by = self.disk, self._shaped_by(captions, config)
        is_single = len(captions) == 1
        kept = disk.read(shaped_by) if disk is not None and is_single else None
        if kept is not None:
            return [TextState(kept).to(self._engine.device)]
        with torch.no_grad():
            # The denoiser's first use of them is a matrix product, which would round them to the compute type
            # anyway.
            found = [state.to(self._engine.compute_type) for state in self._encode(captions, config)]
        if disk is not None and is_single:
            disk.write(shaped_by, {name: t.cpu() for name, t in found[0].tensors.items()})
        return found

    def _shaped_by(self, captions: tuple[str, ...], config: ModelConfig) -> dict[str, object]:
        """All that shapes the states of a caption."""
        return {
            "format": FORMAT,
            "caption": captions[0],
            "family": self._model.spec.name,
            "encoders": "" if self.disk is None else self.disk.encoder,
            "is_folder": self._model.source.is_folder,  # some options are about single files
            "options": config.model_dump(mode="json", exclude=NOT_OF_TEXT),
            "dtype": str(self._engine.compute_type),
        }

    def _encode(self, captions: Sequence[str], config: ModelConfig) -> list[TextState]:
        model, device = self._model, self._engine.device
        with on_device(model, model.spec.names("text"), device, self._load), self._engine.autocast():
            return self._family.encode_text(self._model, captions, config)


def _bytes(states: Sequence[TextState]) -> int:
    return sum(state.nbytes for state in states)
