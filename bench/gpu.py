"""What only an NVIDIA GPU can show: memory of fine-tuning in full fp16, xformers beside torch's attention,
and the forecast of memory against what torch counts.

    python -m bench.gpu [--folder FOLDER]

Random-weight models of SD1.5's and SD2.1's size, 512 px, batch 1, full_fp16, 8-bit Adam, cached latents,
gradient checkpointing. Peaks against the guide's "under 8 GB" and "under 12 GB". Then SD1.5's size in
several settings: the forecast against max_memory_allocated, within a tenth. Writes bench/results/gpu.json.
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
RESOLUTION, STEPS, WARM_UP, IMAGES = 512, 30, 5, 4
BARS_GB = {"sd1": 8.0, "sd2": 12.0}
LOSS_TOLERANCE = 1e-2
FORECAST_TOLERANCE = 0.1

LORA = {"network.method": "lora", "network.rank": 8, "optimizer.optimizer_type": "AdamW"}
USUAL = {"train.precision": "fp16", "train.gradient_checkpointing": False}
FORECASTS: dict[str, dict[str, Any]] = {
    "whole model, full_fp16, 8-bit Adam, gradient checkpointing": {},
    "whole model, fp16, 8-bit Adam": USUAL,
    "whole model, float32, AdamW, batch 2": {
        **USUAL,
        "train.precision": "no",
        "optimizer.optimizer_type": "AdamW",
        "dataset.train_batch_size": 2,
    },
    "whole model, fp16, 2 batches a step, EMA": {
        **USUAL,
        "train.gradient_accumulation_steps": 2,
        "train.ema_decay": 0.99,
    },
    "LoRA, fp16": {**LORA, **USUAL},
    "LoRA, fp16, batch 4": {**LORA, **USUAL, "dataset.train_batch_size": 4},
    "LoRA, fp16, batch 4, gradient checkpointing": {
        **LORA,
        "train.precision": "fp16",
        "dataset.train_batch_size": 4,
    },
    "LoRA with convolutions, float32, U-Net only": {
        **LORA,
        **USUAL,
        "train.precision": "no",
        "network.conv_rank": 8,
        "train.text_encoder_lr": 0.0,
    },
    "LoRA, fp16, latents not cached": {**LORA, **USUAL, "dataset.cache_latents": False},
}
"""Name -> what differs from the settings of `train`."""

LARGE = {
    "dataset.resolution": [1024, 1024],
    "train.precision": "bf16",
    "train.text_encoder_lr": 0.0,
}
WHOLE_XL = {
    **LARGE,
    "train.precision": "full_bf16",
    "train.fused_backward_pass": True,
    "optimizer.optimizer_type": "Adafactor",
    "optimizer.optimizer_args": ["scale_parameter=False", "relative_step=False", "warmup_init=False"],
}
FORECASTS_XL: dict[str, dict[str, Any]] = {
    "SDXL, LoRA, bf16, 1024 px": {**LARGE, **LORA, "train.gradient_checkpointing": False},
    "SDXL, LoRA, bf16, 1024 px, gradient checkpointing": {**LARGE, **LORA},
    "SDXL, whole U-Net, full_bf16, Adafactor, updated in the backward pass, 1024 px": WHOLE_XL,
}
"""The last has to fit on a card with 24 GB."""


def run_file(base: Path, folder: Path, attention: str, changes: dict[str, Any]) -> str:
    """The run file of the settings above, but for the changes."""
    from core.config.file import toml_text

    overrides = {
        "model.base": str(base),
        "model.attention": attention,
        "dataset.train_data_dir": str(folder / "images"),
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
        "save.output_dir": str(folder / "out"),
        "log.log_every_n_steps": 1,
    } | changes
    return toml_text.dumps(overrides)


def train(base: Path, folder: Path, attention: str, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """One run: loss of every step, seconds of a step, and peak memory of the GPU in GB (10^9 bytes)."""
    from core.events import StepDone
    from core.runner import Runner

    text = run_file(base, folder, attention, changes or {})
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    handle = Runner().start(text)
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
    from bench.random_model import make, make_half

    draw(folder / "images" / f"{IMAGES}_sls frog")
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
    _, single = make(folder / "model", "sd1")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "gpu": name,
        "torch": torch.__version__,
        "rows": rows,
        "forecasts": forecasts(single, folder, FORECASTS)
        + forecasts(make_half(folder / "sdxl", "sdxl"), folder, FORECASTS_XL),
    }


def forecasts(base: Path, folder: Path, cases: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Forecast and measured peak of every setting, in GB, and the error as a share of what was measured."""
    from core.config import check
    from core.forecast import architecture
    from core.forecast.phases import forecast
    from core.forecast.setup import Data, Setup

    rows = []
    for name, changes in cases.items():
        config = check.check(run_file(base, folder, "sdpa", changes)).config
        sizes = architecture.of_base(str(base))
        assert sizes is not None
        peak = forecast(Setup(config, sizes, Data.of(config), is_gpu=True)).peak
        found = train(base, folder, "sdpa", changes)
        measured = found["peak_allocated_gb"]
        row = {"case": name, "phase": peak.name, "forecast_gb": peak.total / 1e9, "measured_gb": measured}
        row["seconds_per_step"] = found["seconds_per_step"]
        row["error"] = peak.total / 1e9 / measured - 1
        row["is_within"] = abs(row["error"]) <= FORECAST_TOLERANCE
        rows.append(row)
        print(
            f"{name}: {peak.total / 1e9:.2f} GB forecast, {measured:.2f} GB, {row['error']:+.1%}", flush=True
        )
    return rows


def has_xformers() -> bool:
    try:
        import xformers.ops  # noqa: F401
    except (ImportError, OSError, RuntimeError) as e:
        print(f"xformers is left out: {e}")
        return False
    return True


def draw(folder: Path) -> None:
    """A few images of noise."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(IMAGES):
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
