"""[train] as a whole; pydantic puts the options of the last base first."""

from __future__ import annotations

from typing import ClassVar

from core.config.schema.train_loss import LossOptions
from core.config.schema.train_steps import StepOptions
from core.config.schema.train_validation import ValidationOptions


class TrainConfig(ValidationOptions, LossOptions, StepOptions):
    """[train]: how long, how strongly and by which loss."""

    TAB: ClassVar[str] = "training"
