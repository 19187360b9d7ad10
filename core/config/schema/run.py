"""The run file as a whole: its sections, each declared in a file beside this one.

Names, units and defaults are the guide's.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict

from core.catalog import Role
from core.config.schema.dataset import DatasetConfig
from core.config.schema.embedding import EmbeddingConfig
from core.config.schema.model import ModelConfig
from core.config.schema.network import NetworkConfig
from core.config.schema.optimizer import OptimizerConfig
from core.config.schema.option import Option, walk
from core.config.schema.save import LogConfig, SampleConfig, SaveConfig
from core.config.schema.train import TrainConfig
from core.families import Part

FORMAT: Literal[1] = 1
"""Version of the run file; raised when a name changes."""


class RunConfig(BaseModel):
    """A whole run file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal[1] = FORMAT
    model: ModelConfig = ModelConfig()
    dataset: DatasetConfig = DatasetConfig()
    network: NetworkConfig = NetworkConfig()
    embedding: EmbeddingConfig = EmbeddingConfig()
    train: TrainConfig = TrainConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    save: SaveConfig = SaveConfig()
    log: LogConfig = LogConfig()
    sample: SampleConfig = SampleConfig()

    @property
    def steps_in_backward(self) -> bool:
        """Whether weights are updated in the backward pass: asked for, and with a method that has it."""
        return self.train.fused_backward_pass and self.network.method == "none"

    @property
    def teaches_word(self) -> bool:
        """Whether a word is taught as vectors of its own: alone, or together with an adapter."""
        return bool(self.embedding.token_string) and self.network.method != "none"

    def rates(self) -> dict[Role, float]:
        """Learning rate of the parts of each role that are trained at all, the denoiser first.

        Of textual inversion alone, which trains no part of the model, that of its vectors.
        """
        if self.network.method != "embedding":
            return self.train.rates()
        return {"text": self.embedding.embedding_lr}

    def rate_of(self, part: Part) -> float:
        """Learning rate of a part of the model; 0: it is not trained."""
        return 0.0 if self.network.method == "embedding" else self.train.rate_of(part)

    @property
    def text_stop(self) -> int | float | None:
        """When the text encoder stops learning: steps, a share of the run, None for never."""
        return None if self.network.method == "embedding" else self.train.stop_text_encoder_training

    @property
    def saves_best(self) -> bool:
        """Whether the model of the lowest validation loss is kept: asked for, and with early stopping."""
        return self.save.save_best or self.train.early_stopping_patience is not None


OPTIONS: Mapping[str, Option] = MappingProxyType({option.key: option for option in walk(RunConfig)})
"""Every option of a run file by its full name, in reading order."""
