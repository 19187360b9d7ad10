"""A second run in a process is the first run of a fresh one."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.control import RunControl
from core.formats import tensors
from core.train.run import run

FRESH = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
from core.config.schema.run import RunConfig
from core.control import RunControl
from core.train.run import run
run(RunConfig.model_validate_json(sys.argv[1]), Path(sys.argv[2]), RunControl(), lambda event: None)
"""


def digest(path: Path) -> str:
    found = hashlib.sha256()
    for name, tensor in sorted(tensors.load(path).items()):
        found.update(name.encode() + tensor.numpy().tobytes())
    return found.hexdigest()


@pytest.mark.slow
def test_a_run_after_one_in_bf16_gives_the_bits_of_a_fresh_process(configure, tmp_path):
    def out(name: str, **sections):
        (tmp_path / name).mkdir()
        sections.setdefault("train", {})["max_train_steps"] = 3
        return configure(**sections, save={"output_dir": str(tmp_path / name)}, network={"dropout": 0.1})

    config = out("fresh")
    command = [sys.executable, "-c", FRESH, config.model_dump_json(), str(tmp_path / "fresh")]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], capture_output=True)
    run(out("bf16", train={"precision": "bf16"}), tmp_path / "bf16", RunControl(), lambda event: None)
    torch.manual_seed(99)
    expected = torch.get_rng_state()
    run(out("second"), tmp_path / "second", RunControl(), lambda event: None)
    assert digest(tmp_path / "second" / "last.safetensors") == digest(tmp_path / "fresh" / "last.safetensors")
    assert digest(tmp_path / "bf16" / "last.safetensors") != digest(tmp_path / "fresh" / "last.safetensors")
    assert torch.equal(torch.get_rng_state(), expected)
