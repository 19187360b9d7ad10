"""The forecast of a training step's memory, against what a step of a narrow model takes on a CPU.

It has the blocks of the real U-Net, which is what activations were measured on; only their width differs.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.config.file import toml_text
from core.forecast import architecture
from core.forecast.phases import forecast
from core.forecast.setup import Data, Setup

ROOT = Path(__file__).resolve().parents[2]

CASES = {
    "lora with convolutions in bf16": ({"network": {"conv_rank": 2}, "train": {"precision": "bf16"}}, 1),
    "lora, recomputed, batch 4": ({"train": {"gradient_checkpointing": True}}, 4),
    "whole model, batch 4": ({"network": {"method": "none"}}, 4),
    "whole model in bf16 throughout, recomputed": (
        {"network": {"method": "none"}, "train": {"precision": "full_bf16", "gradient_checkpointing": True}},
        1,
    ),
    "whole model, updated in the backward pass": (
        {"network": {"method": "none"}, "train": {"fused_backward_pass": True}},
        1,
    ),
    "whole model in bf16 throughout, updated in the backward pass, recomputed": (
        {
            "network": {"method": "none"},
            "train": {
                "precision": "full_bf16",
                "gradient_checkpointing": True,
                "fused_backward_pass": True,
            },
        },
        1,
    ),
}


@pytest.mark.slow
def test_a_step_takes_what_was_forecast(configure, blocks: Path, tmp_path: Path):
    forecasts, run_files = {}, []
    for name, (sections, batch) in CASES.items():
        config = configure(**sections, model={"base": str(blocks)}, dataset={"train_batch_size": batch})
        made = Setup(config, architecture.of_base(config.model.base), Data.of(config), is_gpu=False)
        forecasts[name] = forecast(made).step.total
        run_files.append(tmp_path / f"{len(run_files)}.toml")
        run_files[-1].write_text(toml_text.dumps(toml_text.values_of(config)), encoding="utf-8")
    # In a process of its own: this one holds what other tests have left.
    command = [sys.executable, "-m", "bench.step_memory", *map(str, run_files)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    measured = dict(zip(CASES, json.loads(done.stdout.splitlines()[-1]), strict=True))
    assert measured == pytest.approx(forecasts, rel=0.2)
