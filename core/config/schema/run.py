"""The run file as a whole: its sections, each declared in a file beside this one.

Names, units and defaults are the guide's.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict

from core.config.schema.dataset import DatasetConfig
from core.config.schema.model import ModelConfig
from core.config.schema.network import NetworkConfig
from core.config.schema.optimizer import OptimizerConfig
from core.config.schema.option import Option, walk
from core.config.schema.save import LogConfig, SampleConfig, SaveConfig
from core.config.schema.train import TrainConfig

FORMAT: Literal[1] = 1
"""Version of the run file; raised when a name changes."""


class RunConfig(BaseModel):
    """A whole run file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal[1] = FORMAT
    model: ModelConfig = ModelConfig()
    dataset: DatasetConfig = DatasetConfig()
    network: NetworkConfig = NetworkConfig()
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
    def saves_best(self) -> bool:
        """Whether the model of the lowest validation loss is kept: asked for, and with early stopping."""
        return self.save.save_best or self.train.early_stopping_patience is not None


OPTIONS: Mapping[str, Option] = MappingProxyType({option.key: option for option in walk(RunConfig)})
"""Every option of a run file by its full name, in reading order."""
