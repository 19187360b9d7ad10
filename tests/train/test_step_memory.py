"""The forecast of a training step's memory, against what a step of the tiny model takes on a CPU."""

import warnings
from pathlib import Path

import pytest

from bench.step_memory import measure
from core.forecast import architecture
from core.forecast.phases import forecast
from core.forecast.setup import Data, Setup

CASES = {
    "lora with convolutions in bf16": ({"network": {"conv_rank": 2}, "train": {"precision": "bf16"}}, 1),
    "lora, recomputed, batch 4": ({"train": {"gradient_checkpointing": True}}, 4),
    "whole model, batch 4": ({"network": {"method": "none"}}, 4),
    "whole model in bf16 throughout, recomputed": (
        {"network": {"method": "none"}, "train": {"precision": "full_bf16", "gradient_checkpointing": True}},
        1,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_step_takes_what_was_forecast(name, configure, tmp_path: Path):
    sections, batch = CASES[name]
    config = configure(**sections, dataset={"train_batch_size": batch})
    made = Setup(config, architecture.of_base(config.model.base), Data.of(config), is_gpu=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert forecast(made).step.total == pytest.approx(measure(config, tmp_path).peak, rel=0.2)
