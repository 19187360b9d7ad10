"""Times our training beside diffusers' example scripts: same model, same images, same machine, one run.

    python -m bench.speed --examples FOLDER [--write]

FOLDER holds `train_dreambooth.py` and `train_dreambooth_lora.py` as they are in `examples/dreambooth` of a
checkout of diffusers. Every contestant runs in fresh processes, turn by turn, and is measured from outside by
`bench.metered`. Needs 16 GiB of free memory and 9 GB of disk.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
RESULT, PAGE = ROOT / "bench" / "results" / "speed.json", ROOT / "docs" / "speed.md"
PROMPT, RESOLUTION, RANK, SEED, IMAGES = "sls frog", 128, 16, 1, 4
WARM_UP = 2
"""Steps at the start of a process that are not counted."""

LOADING_BAR_GIB = 4.2
LIBRARIES = ("torch", "diffusers", "transformers", "peft", "accelerate")


@dataclass(frozen=True)
class Race:
    """One kind of training. bar: our process-CPU seconds per step may be so many times the script's."""

    name: str
    script: str
    script_options: tuple[str, ...]
    ours: Mapping[str, Mapping[str, Any]]
    bar: float


RACES = {
    "lora": Race(
        "LoRA rank 16, U-Net and text encoder",
        "train_dreambooth_lora.py",
        (f"--rank={RANK}", "--train_text_encoder"),
        {"network": {"method": "lora", "rank": RANK, "alpha": RANK}, "train": {"learning_rate": 1e-4}},
        0.75,
    ),
    "full": Race(
        "Fine-tuning, whole U-Net",
        "train_dreambooth.py",
        (),
        {"network": {"method": "none"}, "train": {"learning_rate": 1e-6, "text_encoder_lr": 0.0}},
        0.9,
    ),
}


@dataclass
class Figures:
    """What one contestant was measured at, over all its processes. Seconds per step; GiB for each process."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    loading: dict[str, float] = field(default_factory=dict)
    peak: list[float] = field(default_factory=list)

    def add(self, found: Mapping[str, Any], base: str) -> None:
        """Take in a log of bench.metered. base: which form of the model was loaded."""
        clocks = found["clocks"][WARM_UP - 1 :]
        for before, after in itertools.pairwise(clocks):
            self.wall.append(after[0] - before[0])
            self.cpu.append(after[1] - before[1])
        gib = found["loading_kib"] / 2**20
        self.loading[base] = round(max(gib, self.loading.get(base, 0.0)), 3)
        self.peak.append(found["peak_kib"] / 2**20)

    def summary(self) -> dict[str, Any]:
        return {
            "cpu_seconds": round(statistics.median(self.cpu), 3),
            "wall_seconds": round(statistics.median(self.wall), 3),
            "cpu_seconds_range": [round(min(self.cpu), 3), round(max(self.cpu), 3)],
            "steps": len(self.cpu),
            "loading_gib": self.loading,
            "peak_gib": round(max(self.peak), 2),
        }


class Track:
    """Everything the contestants need, in one folder."""

    def __init__(self, folder: Path, examples: Path, threads: int, steps: int) -> None:
        from bench.random_model import make

        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._examples, self._steps = folder, examples, steps + WARM_UP
        diffusers, single = make(folder / "model", "sd1")
        self._bases = {"folder": diffusers, "file": single}
        self._images = folder / "images"
        _draw(self._images / f"{IMAGES}_{PROMPT}")
        self._environment = os.environ | {
            "OMP_NUM_THREADS": str(threads),
            # Threads that wait would burn the very processor time that is measured.
            "OMP_WAIT_POLICY": "PASSIVE",
            "PYTHONPATH": str(ROOT),
            "HF_HUB_OFFLINE": "1",
        }

    def theirs(self, race: Race) -> dict[str, Any]:
        """One run of the example script."""
        return self._run(
            str(self._examples / race.script),
            f"--pretrained_model_name_or_path={self._bases['folder']}",
            f"--instance_data_dir={self._images / f'{IMAGES}_{PROMPT}'}",
            f"--instance_prompt={PROMPT}",
            f"--output_dir={self._folder / 'theirs'}",
            f"--resolution={RESOLUTION}",
            "--train_batch_size=1",
            "--mixed_precision=no",
            "--lr_scheduler=constant",
            "--lr_warmup_steps=0",
            f"--learning_rate={race.ours['train']['learning_rate']}",
            f"--max_train_steps={self._steps + 1}",
            f"--seed={SEED}",
            *race.script_options,
        )

    def ours(self, race: Race, base: str) -> dict[str, Any]:
        """One run of our trainer. base: "file" or "folder", how the model is given."""
        from core.config.file import toml_text

        values = {
            "model": {"base": str(self._bases[base])},
            "dataset": {
                "train_data_dir": str(self._images),
                "resolution": [RESOLUTION, RESOLUTION],
                "train_batch_size": 1,
                "cache_latents": True,
            },
            "train": {"precision": "no", "max_train_steps": self._steps + 1, "seed": SEED},
            "save": {"output_dir": str(self._folder / "ours")},
        }
        for section, more in race.ours.items():
            values[section] = values.get(section, {}) | dict(more)
        run_file = self._folder / "run.toml"
        lines = ["format = 1"]
        for section, entries in values.items():
            lines += [f"[{section}]", *(f"{key} = {toml_text.toml_value(v)}" for key, v in entries.items())]
        run_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self._run("core", "train", str(run_file))

    def _run(self, program: str, *arguments: str) -> dict[str, Any]:
        log = self._folder / "log.json"
        log.unlink(missing_ok=True)
        output = self._folder / "output.txt"
        command = [sys.executable, "-m", "bench.metered", str(log), str(self._steps), program, *arguments]
        with output.open("w", encoding="utf-8") as file:
            subprocess.run(
                command, cwd=ROOT, env=self._environment, stdout=file, stderr=subprocess.STDOUT, check=False
            )
        if not log.is_file():
            tail = output.read_text(encoding="utf-8")[-3000:]
            raise SystemExit(f"{program} did not get through its steps:\n{tail}")
        found: dict[str, Any] = json.loads(log.read_text(encoding="utf-8"))
        return found


def _draw(folder: Path) -> None:
    """A few images of noise."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(IMAGES):
        pixels = np.random.default_rng(number).integers(0, 256, (RESOLUTION, RESOLUTION, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")


def run(track: Track, races: list[str], rounds: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each race, its contestants turn by turn; rounds alternate between the model's file and folder."""
    for name in races:
        race, theirs, ours = RACES[name], Figures(), Figures()
        for turn in range(rounds):
            theirs.add(track.theirs(race), "folder")
            print(name, "theirs", json.dumps(theirs.summary()), flush=True)
            base = ("file", "folder")[turn % 2]
            ours.add(track.ours(race, base), base)
            print(name, "ours", json.dumps(ours.summary()), flush=True)
        ratio = {
            clock: round(ours.summary()[f"{clock}_seconds"] / theirs.summary()[f"{clock}_seconds"], 3)
            for clock in ("cpu", "wall")
        }
        yield (
            name,
            {"bar": race.bar, "ratio": ratio, "theirs": theirs.summary(), "ours": ours.summary()},
        )


def about(examples: Path, threads: int) -> dict[str, Any]:
    """What the figures were taken with."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} shared CPU cores ({platform.machine()}), no GPU",
        "threads": threads,
        "versions": {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()},
        "scripts": {
            race.script: hashlib.sha256((examples / race.script).read_bytes()).hexdigest()[:16]
            for race in RACES.values()
        },
    }


def page(result: Mapping[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        "# Speed",
        "",
        "Made by `python -m bench.speed --examples FOLDER --write`; do not edit.",
        "",
        *(f"{RACES[name].name}: {_measured(row['about'])}." for name, row in result["races"].items()),
        "",
        "Against diffusers' own example scripts, unmodified, on one model of Stable Diffusion 1.5's size",
        f"with random weights: float32, batch 1, {RESOLUTION} px, AdamW. Fresh processes turn by turn;",
        f"medians of all steps but the first {WARM_UP} of each process; seconds of processor time of the",
        "whole process per step (all threads), and of the clock.",
        "",
        "| training | | CPU s/step | wall s/step | steps | peak memory while loading | peak in training |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in result["races"].items():
        race = RACES[name]
        for who, title in (("theirs", f"diffusers `{race.script}`"), ("ours", "Rareword")):
            figures = row[who]
            loading = ", ".join(f"{gib:.2f} GiB ({base})" for base, gib in figures["loading_gib"].items())
            lines.append(
                f"| {race.name} | {title} | {figures['cpu_seconds']:.2f} | {figures['wall_seconds']:.2f} | "
                f"{figures['steps']} | {loading} | {figures['peak_gib']:.2f} GiB |"
            )
        ratio = row["ratio"]
        lines.append(
            f"| | **ratio** | **{ratio['cpu']:.2f}** (bar {row['bar']:g}) | {ratio['wall']:.2f} | | | |"
        )
    remarks = [
        f"{RACES[name].name}: {row['remark']}" for name, row in result["races"].items() if "remark" in row
    ]
    return "\n".join([*lines, "", *(line for remark in remarks for line in (remark, "")), *_notes(), ""])


def _measured(head: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in head["versions"].items())
    return f"measured on {head['date']}, {head['machine']}, {head['threads']} threads; {versions}"


def _notes() -> list[str]:
    return [
        f"The bar for memory while loading is {LOADING_BAR_GIB} GiB: highest resident memory of the process,",
        "libraries included, until the U-Net is trained for the first time.",
        "",
        "Where the work differs:",
        "",
        "- LoRA: ours trains every Linear and 1x1 convolution of the attention blocks and the text encoder's",
        "  attention and MLP layers (264 modules), as sd-scripts does; the script trains attention only.",
        "- The scripts encode the image with the VAE in every step and have no option not to; ours caches",
        "  latents before the first step. Fine-tuning: the script also runs the frozen text encoder in every",
        "  step; ours keeps its states.",
        "- Clipping to norm 1 is on in both. AdamW: `foreach` or plain in the scripts, `fused` in ours.",
        "- The scripts import torchvision, which is not among our libraries: a stand-in of a page in",
        "  `bench/standin` gives them the transforms they use.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--examples", type=Path, required=True, help="diffusers' examples/dreambooth")
    parser.add_argument("--folder", type=Path, help="model and outputs; kept for the next time when given")
    parser.add_argument("--races", nargs="+", choices=[*RACES], default=[*RACES])
    parser.add_argument("--rounds", type=int, default=2, help="processes of each contestant")
    parser.add_argument("--steps", type=int, default=6, help="counted steps of each process")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="keep the figures in bench/results/ and docs/")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        track = Track(args.folder or Path(temporary), args.examples.resolve(), args.threads, args.steps)
        races = dict(run(track, args.races, args.rounds))
    head = about(args.examples, args.threads)
    result = {"races": {name: {"about": head, **row} for name, row in races.items()}}
    print(page(result))
    if args.write:
        if RESULT.is_file():
            result["races"] = json.loads(RESULT.read_text(encoding="utf-8"))["races"] | result["races"]
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        PAGE.write_text(page(result), encoding="utf-8")


if __name__ == "__main__":
    main()
