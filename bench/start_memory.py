"""The most resident memory from a run's start to its third step, on a model of the real size.

    python -m bench.start_memory FOLDER [--family sdxl] [--code CHECKOUT]... [--threads 2] [--write]

FOLDER keeps the model: random weights, one fp16 file of 2.1 GB (sdxl: 7 GB) and the Diffusers folder that it
was made from, made the first time. Every checkout runs each case in a fresh process, turn by turn with the
others; `bench.metered` reads the peaks. LoRA of rank 16 on U-Net and text encoders, 256 px, batch 1, cached
latents, bf16. The forecast beside them is this checkout's, with what it allows for the process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
STEPS, IMAGES, SIDE = 3, 2, 256

ALONE = "[train]\ntext_encoder_lr = 0.0\n"
CASES = {
    "LoRA": "",
    "LoRA of the U-Net alone": ALONE,
    "LoRA of the U-Net alone, gradient checkpointing": f"{ALONE}gradient_checkpointing = true\n",
    "LoRA of the U-Net alone, from a Diffusers folder": ALONE,
    "LoRA over a LoRA that is merged in": "[network]\nbase_weights = ['{lora}']\n",
}


def model(folder: Path, family: str) -> tuple[Path, Path]:
    """The fp16 file and the Diffusers folder, made unless they are there."""
    from bench.random_model import make_half
    from core.models.family import open_family

    diffusers, single = folder / f"{family}-fp16-diffusers", folder / f"{family}-fp16.safetensors"
    make_half(diffusers, family)
    if not single.is_file():
        open_family(family).convert(diffusers, family, single, "safetensors", "auto")
    return single, diffusers


def write_run(folder: Path, base: Path, more: str) -> Path:
    """A run file in a folder with its images."""
    images = folder / "images" / "1_sls frog"
    images.mkdir(parents=True, exist_ok=True)
    for number in range(IMAGES):
        pixels = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(images / f"{number}.png")
    sections = {
        "model": f"base = '{base}'\n",
        "dataset": f"train_data_dir = '{images.parent}'\nresolution = [{SIDE}, {SIDE}]\n"
        "train_batch_size = 1\ncache_latents = true\n",
        "network": "method = 'lora'\nrank = 16\n",
        "train": "precision = 'bf16'\nseed = 0\nmax_train_steps = 4\n",
        "save": f"output_dir = '{folder / 'out'}'\n",
    }
    if more:
        name, _, entries = more.partition("\n")
        sections[name.strip("[]")] += entries
    run_file = folder / "run.toml"
    run_file.write_text("".join(f"[{name}]\n{entries}" for name, entries in sections.items()))
    return run_file


def lora(folder: Path, base: Path) -> Path:
    """A LoRA file to be merged in, made by one step."""
    made = folder / "merged.safetensors"
    if not made.is_file():
        with tempfile.TemporaryDirectory() as place:
            run_file = write_run(Path(place), base, "[train]\n")
            text = run_file.read_text().replace("max_train_steps = 4", "max_train_steps = 1")
            run_file.write_text(text)
            subprocess.run([sys.executable, "-m", "core", "train", run_file], cwd=ROOT, check=True)
            shutil.copyfile(next(Path(place, "out").glob("*.safetensors")), made)
    return made


def forecast_of(run_file: Path) -> float:
    """GiB that the run is said to need on a CPU."""
    from core.config import check
    from core.forecast import architecture
    from core.forecast.advice import needed
    from core.forecast.machine import Machine
    from core.forecast.setup import Data, Setup

    config = check.load(run_file).config
    found = architecture.of_base(config.model.base)
    assert found is not None
    setup = Setup(config, found, Data.of(config), is_gpu=False)
    return round(needed(setup, Machine(False, "", 0, 0)) / 2**30, 3)


def measure(code: Path, run_file: Path, threads: int) -> dict[str, float]:
    """GiB until the U-Net's first step, and until the last; seconds until the first has ended."""
    log = run_file.with_name("log.json")
    command = [sys.executable, "-m", "bench.metered", log, str(STEPS), "core", "train", run_file]
    own = {"PYTHONPATH": str(code), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(threads)}
    start = time.monotonic()
    done = subprocess.run(command, cwd=code, env=os.environ | own, capture_output=True, check=False)
    if not log.is_file():
        raise SystemExit(f"{code} did not get through its steps:\n{done.stderr.decode()[-2000:]}")
    found = json.loads(log.read_text())
    gib = {name: round(found[f"{name}_kib"] / 2**20, 3) for name in ("loading", "peak")}
    return gib | {"first_step_seconds": round(found["clocks"][0][0] - start)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--family", choices=("sd1", "sd2", "sdxl"), default="sd1")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--code", type=Path, action="append", help="another checkout to be measured beside this"
    )
    parser.add_argument("--cases", nargs="+", choices=[*CASES], default=[*CASES])
    parser.add_argument("--write", action="store_true", help="keep the figures in bench/results/")
    args = parser.parse_args()
    single, diffusers = model(args.folder, args.family)
    cases: dict[str, Any] = {}
    for name in args.cases:
        base, more = diffusers if "folder" in name else single, CASES[name]
        more = more.format(lora=lora(args.folder, base)) if "{lora}" in more else more
        with tempfile.TemporaryDirectory() as place:
            cases[name] = {"forecast": forecast_of(write_run(Path(place), base, more))}
        for code in (*(args.code or ()), ROOT):
            with tempfile.TemporaryDirectory() as place:
                shown = subprocess.run(
                    ["git", "describe", "--always", "--dirty"],
                    cwd=code,
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout.strip()
                run_file = write_run(Path(place), base, more)
                cases[name][shown] = measure(code.resolve(), run_file, args.threads)
                print(name, cases[name], flush=True)
    machine = f"{os.cpu_count()} shared CPU cores ({platform.machine()}), no GPU"
    result = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine,
        "family": args.family,
        "threads": args.threads,
        "gib": cases,
    }
    if args.write:
        name = "start_memory.json" if args.family == "sd1" else f"start_memory_{args.family}.json"
        (ROOT / "bench" / "results" / name).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
