"""A hundred short trainings in one process: what memory, threads and file handles are left after each.

    nice python -m bench.soak [--runs 100] [--write]

The kinds take turns: a LoRA, a whole model, a LoRA with averaged weights and sample images, a Diffusers
folder, one that is stopped and resumed, and one that fails. Memory is the process's resident memory between
two runs. The exit code is 1 when the memory after the last run is over that after the tenth by more than 5
percent, or a thread or handle is left. Prints JSON; --write keeps it in bench/results.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import platform
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import torch
import tqdm

from bench.kills import make_data
from core.config.file import toml_text
from core.config.schema.run import RunConfig
from core.events import Event, StepDone
from core.runner import RunHandle, Runner

RESULT = Path(__file__).parent / "results" / "soak.json"
MOST_GROWTH = 0.05
SETTLED = 10
"""Runs after which everything that is loaded once is there."""

LORA = {"rank": 2, "alpha": 2.0}
SAMPLES = {"sample_prompts": ["frog --w 64 --h 64 --s 2"], "sample_every_n_steps": 1}
KINDS: tuple[dict[str, dict[str, Any]], ...] = (
    {"network": LORA},
    {"network": {"method": "none"}, "train": {"learning_rate": 1e-4}},
    {"network": LORA, "train": {"ema_decay": 0.9}, "sample": SAMPLES},
    {"network": {"method": "none"}, "save": {"save_model_as": "diffusers_safetensors"}},
    {"network": LORA, "save": {"resume": "auto", "save_state": True}, "log": {"logging_dir": "logs"}},
    {"network": LORA, "train": {"learning_rate": 1e30}},
)


class Stop:
    """Asks the run to stop after its first step, so that the next one of this kind has a state to resume."""

    def __init__(self) -> None:
        self.handle: RunHandle | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepDone) and event.step == 1 and self.handle is not None:
            self.handle.control.stop()

    def close(self) -> None:
        """Nothing is held."""


def config_of(number: int, base: Path, data: Path, place: Path) -> RunConfig:
    kind = number % len(KINDS)
    options: dict[str, dict[str, Any]] = {
        "model": {"base": str(base)},
        "dataset": {
            "train_data_dir": str(data), "resolution": [64, 64], "train_batch_size": 2, "cache_latents": True,
        },
        "train": {"max_train_steps": 2, "learning_rate": 1e-3, "seed": 7},
        "save": {"output_dir": str(place), "output_name": f"kind{kind}-{number // (2 * len(KINDS))}"},
        "log": {"log_every_n_steps": 1},
    }  # fmt: skip
    for section, changes in KINDS[kind].items():
        options[section] = options.get(section, {}) | changes
    if options["log"].get("logging_dir"):
        options["log"]["logging_dir"] = str(place / "logs")
    return RunConfig(**options)


def one_run(number: int, base: Path, data: Path, place: Path) -> str:
    """Train; how it ended."""
    stop = Stop()
    is_stopped = number % len(KINDS) == 4 and number // len(KINDS) % 2 == 0
    handle = Runner().start(
        toml_text.dumps(toml_text.values_of(config_of(number, base, data, place))),
        [],
        [stop] if is_stopped else [],
    )
    stop.handle = handle
    handle.wait()
    assert handle.ended is not None
    return handle.ended.status


def left() -> dict[str, int]:
    """What the process has now. memory: resident, in KiB."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    process = psutil.Process()
    handles = process.num_handles() if sys.platform == "win32" else process.num_fds()
    return {
        "memory": process.memory_info().rss // 1024,
        # tqdm, which diffusers draws its bars with, keeps one of its own.
        "threads": sum(not isinstance(thread, tqdm.TMonitor) for thread in threading.enumerate()),
        "handles": handles,
        "objects": len(gc.get_objects()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    began, rows, ends = time.monotonic(), [], []
    with tempfile.TemporaryDirectory() as name:
        base, data = make_data(Path(name))
        for number in range(args.runs):
            ends.append(one_run(number, base, data, Path(name) / "out"))
            rows.append(left())
            print(number + 1, ends[-1], rows[-1], file=sys.stderr, flush=True)
    settled, last = rows[min(SETTLED, len(rows)) - 1], rows[-1]
    growth = last["memory"] / settled["memory"] - 1
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    report = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine,
        "runs": len(rows),
        "ended": {status: ends.count(status) for status in sorted(set(ends))},
        "after_the_first": rows[0],
        "after_the_tenth": settled,
        "after_the_last": last,
        "growth_percent": round(100 * growth, 2),
        "seconds": round(time.monotonic() - began, 1),
    }
    text = json.dumps(report, indent=1)
    print(text)
    if args.write:
        RESULT.write_text(text + "\n", encoding="utf-8")
    is_left = last["threads"] > settled["threads"] or last["handles"] > settled["handles"]
    return int(growth > MOST_GROWTH or is_left)


if __name__ == "__main__":
    sys.exit(main())
