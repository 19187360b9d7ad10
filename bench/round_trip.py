"""A model of the real architecture goes Diffusers -> single file -> Diffusers, and Diffusers reads the file.

    python -m bench.round_trip sd1 FOLDER [--as ckpt]

Random fp16 weights in the sizes of Stable Diffusion 1.5 (2.0 GiB) or 2.1 (2.4 GiB), written by diffusers and
transformers themselves. Three copies of it lie in FOLDER at the end. Prints what was compared, the seconds
and the peak memory of each step, as JSON; the exit code is 1 when a single bit differs.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline

from core.formats import tensors
from core.models.sd import tensor_names
from core.models.sd.configs import architecture
from core.models.sd.load import blank
from core.models.sd.save import Whole, folder_texts
from core.tools.convert import ConvertSettings, convert

STEMS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "model"}


def make_folder(path: Path, family: str) -> Path:
    """A Diffusers folder with random weights in fp16."""
    configs = architecture(family)
    for name, text in folder_texts(Whole(path, family, "epsilon", configs, True)).items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    random = torch.Generator().manual_seed(0)
    for part in tensor_names.PARTS:
        module: Any = blank(part, configs[part]).half().to_empty(device="cpu")
        for parameter in module.parameters():
            parameter.data.uniform_(-0.05, 0.05, generator=random)
        module.save_pretrained(path / part, safe_serialization=True, max_shard_size="10GB")
    return path


def weights(folder: Path, part: str) -> dict[str, torch.Tensor]:
    """A part's tensors by the names of the module."""
    found = tensors.load(folder / part / f"{STEMS[part]}.safetensors")
    return {tensor_names.canonical_module(part, name): tensor for name, tensor in found.items()}


def differing(mine: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> list[str]:
    """Names that one side lacks, or whose type, shape or bits differ."""
    return sorted(mine.keys() ^ theirs.keys()) + [
        name
        for name in mine.keys() & theirs.keys()
        if mine[name].dtype != theirs[name].dtype or not torch.equal(mine[name], theirs[name])
    ]


def converted(source: Path, target: Path, save_as: str) -> Path:
    return convert(ConvertSettings(source=str(source), target=str(target), save_as=save_as))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.round_trip")
    parser.add_argument("family", choices=("sd1", "sd2"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--as", dest="save_as", choices=("safetensors", "ckpt"), default="safetensors")
    args = parser.parse_args()
    told: dict[str, Any] = {"family": args.family, "steps": {}}

    def timed(step: str, action: Any) -> Any:
        start = time.perf_counter()
        result = action()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        told["steps"][step] = {"seconds": round(time.perf_counter() - start), "peak_gib": round(peak, 2)}
        return result

    first = timed("made by diffusers", lambda: make_folder(args.folder / "first", args.family))
    single = timed("to single file", lambda: converted(first, args.folder / "single", args.save_as))
    last = timed("to folder", lambda: converted(single, args.folder / "last", "diffusers_safetensors"))
    pipe = timed(
        "read by diffusers",
        lambda: StableDiffusionPipeline.from_single_file(
            single, config=str(first), torch_dtype=torch.float16, local_files_only=True
        ),
    )
    bad = []
    for part in tensor_names.PARTS:
        start = weights(first, part)
        told[part] = len(start)
        bad += [f"folder: {part}.{name}" for name in differing(start, weights(last, part))]
        read = {n: t for n, t in getattr(pipe, part).state_dict().items() if "position_ids" not in n}
        bad += [f"diffusers: {part}.{name}" for name in differing(start, read)]
    told["differing"] = bad
    print(json.dumps(told, indent=1))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
