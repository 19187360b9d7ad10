"""Trainings on the stand-in card, in a process of its own, since the card changes torch for all of it.

    python -m tests.stand_in_card.steps FOLDER     prints what the steady step of each did, as JSON

FOLDER: an empty one, for the compiled card, the model and the runs.
"""

from __future__ import annotations

import collections
import gc
import json
import os
import sys
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    os.environ["CARD_CACHE"] = sys.argv[1]

from tests.stand_in_card.card import Card, card  # isort: skip  (before anything uses torch)

import numpy as np
import pytest
import torch
from PIL import Image

from core.config.schema.run import RunConfig
from core.control import RunControl
from core.events import Event, Paused, StepDone, Stepped
from core.train import loop
from core.train.run import run
from core.train.step import BatchLoss
from tests.tiny import make_tiny

ROOT = Path(__file__).resolve().parents[2]
STEPS, STEADY = 3, 1
"""Optimizer steps of a run, and the one that is looked at: neither the first nor the last."""

WHOLE = {"method": "none"}
CASES: dict[str, dict[str, dict[str, Any]]] = (
    {
        f"{method} {precision}": {"network": network, "train": {"precision": precision}}
        for precision in ("no", "bf16", "fp16", "full_bf16", "full_fp16")
        for method, network in (("lora", {}), ("whole", WHOLE))
    }
    | {
        "lora, text encoder left out, samples and validation": {
            "train": {"precision": "bf16", "text_encoder_lr": 0.0, "validate_every_n_steps": STEPS},
            "dataset": {"validation_split": 0.34},
            "sample": {"sample_prompts": ["sls frog --s 2 --w 64 --h 64"], "sample_at_first": True},
        },
        "whole, updated in the backward pass, checkpointing": {
            "network": WHOLE,
            "train": {"precision": "bf16", "gradient_checkpointing": True, "fused_backward_pass": True},
        },
        "whole full_bf16, updated in the backward pass, averages": {
            "network": WHOLE,
            "train": {"precision": "full_bf16", "ema_decay": 0.99, "fused_backward_pass": True},
        },
        "whole, checkpointing, paused": {
            "network": WHOLE,
            "train": {"precision": "bf16", "gradient_checkpointing": True},
        },
    }
    | {
        "sdxl lora bf16, cached text": {"train": {"precision": "bf16", "text_encoder_lr": 0.0}},
        "sdxl lora bf16, both encoders": {"train": {"precision": "bf16"}},
        "sdxl whole full_bf16, checkpointing": {
            "network": WHOLE,
            "train": {"precision": "full_bf16", "gradient_checkpointing": True, "text_encoder_lr": 0.0},
        },
    }
)
"""What differs from the common settings below."""


@dataclass
class Found:
    """Of the steady step; kept_bytes: for its backward pass, syncs: waits of the host and their places."""

    fault: str | None = None
    syncs: dict[str, int] = field(default_factory=dict)
    launches: int = 0
    kept_bytes: int = 0
    finite_losses: int = 0
    paused_bytes: int | None = None
    """What a pause left on the card."""


def config_of(base: Path, images: Path, output: Path, changes: dict[str, dict[str, Any]]) -> RunConfig:
    values: dict[str, dict[str, Any]] = {
        "model": {"base": str(base)},
        "dataset": {"train_data_dir": str(images), "resolution": [64, 64], "train_batch_size": 1,
                    "cache_latents": True, "enable_bucket": False},
        "network": {"rank": 2, "alpha": 2.0},
        "train": {"max_train_steps": STEPS, "learning_rate": 1e-4, "seed": 7},
        "save": {"autosave_minutes": 0, "output_dir": str(output)},
        "log": {"log_every_n_steps": 100},
    }  # fmt: skip
    for section, more in changes.items():
        values.setdefault(section, {}).update(more)
    return RunConfig(**values)


def make_images(folder: Path) -> Path:
    words = folder / "2_sls frog"
    words.mkdir(parents=True)
    for n in range(3):
        pixels = np.random.default_rng(n).integers(40, 100, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(words / f"{n}.png")
    return folder


def watch(machine: Card, patch: pytest.MonkeyPatch, found: Found) -> None:
    """Number the steps of the card's records, and note what a forward pass leaves behind."""
    begin, measure = loop._poll_control, BatchLoss.__call__

    def begins(training: Any, progress: Any, *rest: Any) -> None:
        machine.step = -1
        begin(training, progress, *rest)  # a pause is no part of a step
        machine.step, machine.keeps_ops = progress.step, progress.step == STEADY

    def measured(self: BatchLoss, batch: Any) -> torch.Tensor:
        before = machine.allocated
        loss = measure(self, batch)
        if machine.step == STEADY:
            found.kept_bytes = machine.allocated - before
        return loss

    patch.setattr(loop, "_poll_control", begins)
    patch.setattr(BatchLoss, "__call__", measured)


def train(config: RunConfig, folder: Path, is_paused: bool) -> Found:
    found, control = Found(), RunControl()

    def emit(event: Event) -> None:
        if isinstance(event, StepDone):
            found.finite_losses += bool(np.isfinite(event.loss))
        if is_paused and isinstance(event, Stepped) and found.paused_bytes is None:
            control.pause()
        if isinstance(event, Paused):
            found.paused_bytes = machine.allocated
            control.resume()

    folder.mkdir(parents=True)
    with card.plugged_in("cpu", (str(ROOT / "core"),)) as machine, pytest.MonkeyPatch.context() as patch:
        watch(machine, patch, found)
        try:
            run(config, folder, control, emit)
        except BaseException:
            found.fault = traceback.format_exc()
        waits = (f"{sync.kind} @ {sync.where}" for sync in machine.log.syncs if sync.step == STEADY)
        found.syncs = dict(collections.Counter(waits))
        found.launches = sum(op.launches for op in machine.log.ops if op.step == STEADY)
    return found


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    gc.freeze()  # each run collects garbage several times, for which torch itself would be looked through
    bases = {family: make_tiny(folder / f"{family}.safetensors", family=family) for family in ("sd1", "sdxl")}
    images = make_images(folder / "images")
    results = {}
    for n, (name, changes) in enumerate(CASES.items()):
        base = bases["sdxl" if "sdxl" in name else "sd1"]
        config = config_of(base, images, folder / f"{n}" / "output", changes)
        results[name] = asdict(train(config, folder / f"{n}" / "run", "paused" in name))
    print(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
