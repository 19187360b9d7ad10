"""Several processes train what one would."""

import subprocess
import sys
from pathlib import Path

import torch

from core.formats import tensors

WORKER = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
from core.config.schema import RunConfig
from core.control import RunControl
from core.train.run import run
run(RunConfig.model_validate_json(sys.argv[1]), Path(sys.argv[2]), RunControl(), lambda event: None)
"""


def test_two_processes_train_what_one_with_twice_the_batch_does(configure, train, tmp_path):
    # 5 pictures an epoch, so that one batch is short and the second process has nothing in it.
    common = {"train_data_dir": str(make_five(tmp_path)), "reg_data_dir": None}
    options = {"train": {"max_train_steps": 4, "learning_rate": 1e-3}, "network": {"dropout": 0.0}}
    train(configure(**options, dataset=common | {"train_batch_size": 2}))
    config = configure(
        **options, dataset=common | {"train_batch_size": 1}, save={"output_dir": str(tmp_path / "two")}
    )
    (tmp_path / "worker.py").write_text(WORKER)
    (tmp_path / "two").mkdir()
    launch = [
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node=2",
        str(tmp_path / "worker.py"),
    ]
    command = [sys.executable, *launch, config.model_dump_json(), str(tmp_path / "two")]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, env={**environment(), "PYTHONPATH": str(root)}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    one = tensors.load(tmp_path / "out" / "last.safetensors")
    two = tensors.load(tmp_path / "two" / "last.safetensors")
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, rtol=0, atol=2e-5)


def environment() -> dict[str, str]:
    import os

    return {**os.environ, "OMP_NUM_THREADS": "1"}


def make_five(tmp_path: Path) -> Path:
    from PIL import Image

    folder = tmp_path / "five" / "1_frog"
    folder.mkdir(parents=True)
    for n in range(5):
        Image.new("RGB", (64, 64), (50 * n, 90, 255 - 50 * n)).save(folder / f"{n}.png")
    return folder.parent
