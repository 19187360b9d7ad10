"""The most resident memory from a run's start to its third step, on the real Stable Diffusion 1's sizes.

    python -m bench.start_memory FOLDER [--code CHECKOUT]... [--write]

FOLDER keeps the model: random weights, one fp16 file of 2.1 GB, made the first time. Every checkout runs each
case in a fresh process, turn by turn with the others; `bench.metered` reads the peaks. LoRA of rank 16 on
U-Net and text encoder, 256 px, batch 1, cached latents, bf16.
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

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "bench" / "results" / "start_memory.json"
STEPS, IMAGES, SIDE = 3, 2, 256

CASES = {
    "LoRA": "",
    "LoRA of the U-Net alone": "[train]\ntext_encoder_lr = 0.0\n",
    "LoRA over a LoRA that is merged in": "[network]\nbase_weights = ['{lora}']\n",
}


def model(folder: Path) -> Path:
    """The fp16 file, made unless it is there."""
    from bench.random_model import make
    from core.models.family import open_family

    single = folder / "sd1-fp16.safetensors"
    if not single.is_file():
        diffusers, full = make(folder, "sd1")
        open_family("sd1").convert(diffusers, "sd1", single, "safetensors", "fp16")
        full.unlink()
        shutil.rmtree(diffusers)
    return single


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


def measure(code: Path, run_file: Path) -> dict[str, float]:
    """GiB until the first step of the U-Net, and until the last of the steps."""
    log = run_file.with_name("log.json")
    command = [sys.executable, "-m", "bench.metered", log, str(STEPS), "core", "train", run_file]
    environment = os.environ | {"PYTHONPATH": str(code), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=code, env=environment, capture_output=True, check=False)
    if not log.is_file():
        raise SystemExit(f"{code} did not get through its steps:\n{done.stderr.decode()[-2000:]}")
    kib = json.loads(log.read_text())
    return {name: round(kib[f"{name}_kib"] / 2**20, 3) for name in ("loading", "peak")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--code", type=Path, action="append", help="another checkout to be measured beside this"
    )
    parser.add_argument("--cases", nargs="+", choices=[*CASES], default=[*CASES])
    parser.add_argument("--write", action="store_true", help="keep the figures in bench/results/")
    args = parser.parse_args()
    base, cases = model(args.folder), {}
    for name in args.cases:
        more = CASES[name].format(lora=lora(args.folder, base)) if "{lora}" in CASES[name] else CASES[name]
        cases[name] = {}
        for code in (*(args.code or ()), ROOT):
            with tempfile.TemporaryDirectory() as place:
                shown = subprocess.run(
                    ["git", "describe", "--always", "--dirty"],
                    cwd=code,
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout.strip()
                cases[name][shown] = measure(code.resolve(), write_run(Path(place), base, more))
                print(name, shown, cases[name][shown], flush=True)
    machine = f"{os.cpu_count()} shared CPU cores ({platform.machine()}), no GPU"
    result = {"date": time.strftime("%Y-%m-%d"), "machine": machine, "gib": cases}
    if args.write:
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
