"""A model of the real sizes goes single file -> Diffusers -> single file, and Diffusers reads the file.

    python -m bench.round_trip sd1 FOLDER [--as ckpt] [--write]

Random fp16 weights in the sizes of Stable Diffusion 1.5 (2.0 GiB), 2.1 (2.4 GiB) or XL (6.5 GiB), written by
diffusers and transformers themselves. Four copies lie in FOLDER at the end, three where the single file's own
were there. Compared are the folder's tensors at both ends and the single file's at both ends, bit by bit, and
every part as diffusers' from_single_file reads it. Prints what was compared, the seconds and the peak memory
of each step, as JSON; the exit code is 1 when a single bit differs.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import resource
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import torch

from bench.random_model import make_half
from core.formats.weight_file import WeightFile
from core.models.sd import tensor_names
from core.models.sd.configs import architecture
from core.tools.convert import ConvertSettings, convert

ROOT = Path(__file__).resolve().parents[1]
STEMS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}
PIPELINES = {"sdxl": diffusers.StableDiffusionXLPipeline}


Tensors = Mapping[str, Callable[[], torch.Tensor]]
"""Name -> what reads the tensor, so that no more than two of a model lie in memory."""


def held(path: Path, rename: Callable[[str], str] = str) -> Tensors:
    """The tensors of a file."""
    file = WeightFile(path)
    return {rename(name): partial(file.read, name) for name in file.tensors}


def weights(folder: Path, part: str) -> Tensors:
    """A part's tensors by the names of the module."""
    path = folder / part / f"{STEMS.get(part, 'model')}.safetensors"
    return held(path, partial(tensor_names.canonical_module, part))


def differing(mine: Tensors, theirs: Tensors) -> list[str]:
    """Names that one side lacks, or whose type, shape or bits differ."""
    return sorted(mine.keys() ^ theirs.keys()) + [
        name for name in mine.keys() & theirs.keys() if not _is_same(mine[name](), theirs[name]())
    ]


def _is_same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one, other)


def as_diffusers_reads(family: str, single: Path, configs: Path, part: str) -> Tensors:
    """A part's tensors in diffusers' pipeline; the others are left out, so that they take no memory."""
    kind = PIPELINES.get(family, diffusers.StableDiffusionPipeline)
    others = dict.fromkeys(name for name in architecture(family) if name != part)
    pipe = kind.from_single_file(
        single, config=str(configs), torch_dtype=torch.float16, local_files_only=True, **others
    )
    found = getattr(pipe, part).state_dict().items()
    return {
        tensor_names.canonical_module(part, name): partial(torch.Tensor.detach, tensor)
        for name, tensor in found
        if "position_ids" not in name
    }


def converted(source: Path, target: Path, save_as: str) -> Path:
    return convert(ConvertSettings(source=str(source), target=str(target), save_as=save_as))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.round_trip")
    parser.add_argument("family", choices=("sd1", "sd2", "sdxl"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--as", dest="save_as", choices=("safetensors", "ckpt"), default="safetensors")
    parser.add_argument("--write", action="store_true", help="keep what was found in bench/results/")
    args = parser.parse_args()
    machine = f"shared CPU cores ({platform.machine()}), no GPU"
    told: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "machine": machine, "family": args.family}
    told["steps"] = {}

    def timed(step: str, action: Any) -> Any:
        start = time.perf_counter()
        result = action()
        gc.collect()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        told["steps"][step] = {"seconds": round(time.perf_counter() - start), "peak_gib": round(peak, 2)}
        return result

    folder, save_as = args.folder, args.save_as
    first = timed("made by diffusers", lambda: make_half(folder / "first", args.family))
    single = timed("to single file", lambda: converted(first, folder / "single", save_as))
    last = timed("to folder", lambda: converted(single, folder / "last", "diffusers_safetensors"))
    again = timed("to single file again", lambda: converted(last, folder / "again", save_as))
    bad = []
    for part in architecture(args.family):
        start = weights(first, part)
        told[part] = len(start)
        bad += [f"folder: {part}.{name}" for name in differing(start, weights(last, part))]
        read = timed(
            f"{part} read by diffusers",
            lambda part=part: as_diffusers_reads(args.family, single, first, part),
        )
        bad += [f"diffusers: {part}.{name}" for name in differing(start, read)]
        del read
    told["single file"] = len(held(single))
    compared = timed("files compared", lambda: differing(held(single), held(again)))
    bad += [f"file: {name}" for name in compared]
    told["differing"] = bad
    text = json.dumps(told, indent=1)
    print(text)
    if args.write:
        place = ROOT / "bench" / "results" / f"round_trip_{args.family}.json"
        place.write_text(f"{text}\n", encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
