"""The forecast of a training step's memory against what a step takes on a CPU.

    python -m bench.forecast [--real FOLDER]

The demo's tiny model in several settings; with --real also a random-weight model of SD1.5's size (made in
FOLDER on the first use, 4 GB; about 6 GB of memory are needed). Writes bench/results/forecast.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from bench.step_memory import measure
from core.config.schema.run import RunConfig
from core.forecast import architecture
from core.forecast.phases import forecast
from core.forecast.setup import Data, Setup

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "bench" / "results" / "forecast.json"
IMAGES = 4

LORA, WHOLE = {"method": "lora", "rank": 8, "alpha": 8.0}, {"method": "none"}
RECOMPUTED = {"gradient_checkpointing": True}
TINY: dict[str, tuple[int, int, dict[str, Any]]] = {
    "LoRA": (128, 1, {"network": LORA}),
    "LoRA, batch 4": (128, 4, {"network": LORA}),
    "LoRA, gradient checkpointing, batch 4": (128, 4, {"network": LORA, "train": RECOMPUTED}),
    "LoRA with convolutions, batch 4": (128, 4, {"network": {**LORA, "conv_rank": 8}}),
    "LoRA, bf16, batch 4": (128, 4, {"network": LORA, "train": {"precision": "bf16"}}),
    "LoRA, attention in pieces, batch 4": (128, 4, {"network": LORA, "model": {"attention": "mem_eff"}}),
    "whole model": (128, 1, {"network": WHOLE}),
    "whole model, batch 4": (128, 4, {"network": WHOLE}),
    "whole model, gradient checkpointing, batch 4": (128, 4, {"network": WHOLE, "train": RECOMPUTED}),
    "whole model, bf16, batch 4": (128, 4, {"network": WHOLE, "train": {"precision": "bf16"}}),
    "whole model, full_bf16": (128, 1, {"network": WHOLE, "train": {"precision": "full_bf16"}}),
    "whole model, Prodigy": (128, 1, {"network": WHOLE, "optimizer": {"optimizer_type": "Prodigy"}}),
}
"""Name -> side in pixels, batch, sections of the run file."""

REAL: dict[str, tuple[int, int, dict[str, Any]]] = {
    "SD1.5's size, LoRA, 256 px": (256, 1, {"network": LORA}),
    "SD1.5's size, LoRA, 256 px, gradient checkpointing, batch 2": (
        256,
        2,
        {"network": LORA, "train": RECOMPUTED},
    ),
}


def compare(base: Path, cases: dict[str, tuple[int, int, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """A row for each case: bytes forecast and measured, and the error as a share of what was measured."""
    for name, (side, batch, sections) in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            config = _config(base, Path(folder), side, batch, sections)
            found = architecture.of_base(str(base))
            assert found is not None
            step = forecast(Setup(config, found, Data.of(config), is_gpu=False)).step
            measured = measure(config, Path(folder))
        row = {"case": name, "forecast": step.total, "measured": measured.peak, "parts": dict(step.held)}
        row["error"] = round(step.total / measured.peak - 1, 4)
        print(
            f"{name}: {step.total / 1e6:.1f} MB forecast, {measured.peak / 1e6:.1f} MB, {row['error']:+.1%}",
            flush=True,
        )
        yield row


def _config(base: Path, folder: Path, side: int, batch: int, sections: dict[str, Any]) -> RunConfig:
    draw(folder / "images" / "1_frog", side)
    values: dict[str, Any] = {
        "dataset": {
            "train_data_dir": str(folder / "images"),
            "resolution": [side, side],
            "train_batch_size": batch,
            "cache_latents": True,
            "enable_bucket": False,
        },
        "save": {"output_dir": str(folder / "out")},
    }
    values |= {name: dict(section) for name, section in sections.items()}
    values["model"] = {"base": str(base), **sections.get("model", {})}
    values["train"] = {"seed": 1, "max_train_steps": 9, "learning_rate": 1e-4, **sections.get("train", {})}
    return RunConfig(**values)


def draw(folder: Path, side: int) -> None:
    """A few images of noise."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(IMAGES):
        pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--real", type=Path, help="folder for the random-weight model; left out without")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rows = [*compare(ROOT / "demo" / "base.safetensors", TINY)]
    if args.real is not None:
        from bench.random_model import make

        _, single = make(args.real, "sd1")
        rows += compare(single, REAL)
    worst = max(abs(row["error"]) for row in rows)
    result = {"date": time.strftime("%Y-%m-%d"), "torch": torch.__version__, "worst": worst, "rows": rows}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
