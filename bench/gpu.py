"""What only an NVIDIA GPU can show: memory of fine-tuning in full fp16; xformers beside torch's attention.

    python -m bench.gpu [--folder FOLDER]

Random-weight models of SD1.5's and SD2.1's size, 512 px, batch 1, full_fp16, 8-bit Adam, cached latents,
gradient checkpointing. Peaks against the guide's "under 8 GB" and "under 12 GB". Writes
bench/results/gpu.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "bench" / "results" / "gpu.json"
RESOLUTION, STEPS, WARM_UP, PICTURES = 512, 30, 5, 4
BARS_GB = {"sd1": 8.0, "sd2": 12.0}
LOSS_TOLERANCE = 1e-2


def train(base: Path, folder: Path, attention: str) -> dict[str, Any]:
    """One run: loss of every step, seconds of a step, and peak memory of the GPU in GB (10^9 bytes)."""
    from core.config import toml_io
    from core.events import StepDone
    from core.runner import Runner

    overrides = {
        "model.base": str(base),
        "model.attention": attention,
        "dataset.train_data_dir": str(folder / "pictures"),
        "dataset.reg_data_dir": "",
        "dataset.resolution": [RESOLUTION, RESOLUTION],
        "dataset.train_batch_size": 1,
        "dataset.enable_bucket": False,
        "dataset.cache_latents": True,
        "network.method": "none",
        "optimizer.optimizer_type": "AdamW8bit",
        "train.precision": "full_fp16",
        "train.gradient_checkpointing": True,
        "train.learning_rate": 1e-6,
        "train.max_train_steps": STEPS,
        "train.debiased_estimation_loss": False,
        "save.output_dir": str(folder / "out"),
        "sample.sample_prompts": [],
        "sample.sample_at_first": False,
        "log.log_every_n_steps": 1,
    }
    sets = [f"{key}={toml_io.toml_value(value)}" for key, value in overrides.items()]
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    handle = Runner().start(toml_io.read(ROOT / "demo" / "run.toml"), sets)
    handle.wait()
    end = handle.ended
    if end is None or end.exit_code:
        raise SystemExit(f"{base.name}, {attention}: {end.en if end else 'no end'}")
    steps = [event for event in handle.log.since(0) if isinstance(event, StepDone)]
    return {
        "losses": [step.loss for step in steps],
        "seconds_per_step": statistics.median(step.seconds for step in steps[WARM_UP:]),
        "peak_allocated_gb": torch.cuda.max_memory_allocated() / 1e9,
        "peak_reserved_gb": torch.cuda.max_memory_reserved() / 1e9,
    }


def measure(folder: Path) -> dict[str, Any]:
    """Every model with torch's attention, and with xformers where it is installed."""
    from bench.random_model import make

    draw(folder / "pictures" / f"{PICTURES}_sls frog")
    rows: dict[str, Any] = {}
    for family, bar in BARS_GB.items():
        _, single = make(folder / "model", family)
        row: dict[str, Any] = {"bar_gb": bar, "sdpa": train(single, folder, "sdpa")}
        row["is_under_bar"] = row["sdpa"]["peak_reserved_gb"] < bar
        if has_xformers():
            row["xformers"] = train(single, folder, "xformers")
            pairs = zip(row["sdpa"]["losses"], row["xformers"]["losses"], strict=True)
            row["loss_difference"] = max(abs(a - b) for a, b in pairs)
            row["is_same_loss"] = row["loss_difference"] <= LOSS_TOLERANCE
        rows[family] = row
        print(family, json.dumps({key: value for key, value in row.items() if key != "losses"}), flush=True)
    name = torch.cuda.get_device_name()
    return {"date": time.strftime("%Y-%m-%d"), "gpu": name, "torch": torch.__version__, "rows": rows}


def has_xformers() -> bool:
    try:
        import xformers.ops  # noqa: F401
    except (ImportError, OSError, RuntimeError) as e:
        print(f"xformers is left out: {e}")
        return False
    return True


def draw(folder: Path) -> None:
    """A few pictures of noise."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(PICTURES):
        pixels = np.random.default_rng(number).integers(0, 256, (RESOLUTION, RESOLUTION, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, help="models and outputs; kept for the next time when given")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("bench.gpu needs an NVIDIA GPU and a torch build with CUDA; nothing was measured")
    with tempfile.TemporaryDirectory() as temporary:
        result = measure(args.folder or Path(temporary))
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
