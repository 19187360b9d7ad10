"""Time and memory of the tools of adapter files, on models and adapters of real size with random weights.

    python -m bench.svd_tools FOLDER [--family sd1] [--rank 32] [--write]

FOLDER takes two models in fp16 and some adapters; what the tools wrote before must be gone. Each tool is a
process of its own. Memory is what is in no file (RssAnon) beyond what the process had before the tool began;
adapters, read or made, are in it as a whole. The largest layer in float32 is told beside it, and the plain
conversion of the same model.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from bench.random_model import make_half
from core.adapters.methods import Adapted
from core.adapters.network import describe
from core.adapters.targets import ModuleKey, Ranks, targets
from core.families import FAMILIES
from core.formats import lora_file, tensors
from core.models.family import open_family
from core.models.headers import of_model
from core.tools.table import TOOLS
from core.tools.tool import Work, checked

ROOT = Path(__file__).resolve().parents[1]
SAMPLED = 0.01
"""Seconds between two looks at the memory."""
SCALE = 0.02
"""Deviation of an adapter's random numbers."""


def anonymous() -> int:
    """KiB of this process that are in no file."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise OSError("no RssAnon in /proc/self/status")


def measured(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Run one tool here; seconds, and MiB at most beyond those before it."""
    settings, tool = checked(TOOLS[name].settings, values), TOOLS[name]
    torch.linalg.eigh(torch.eye(64, dtype=torch.float64))  # the libraries take their room once
    before, is_over = anonymous(), threading.Event()
    most = before

    def watch() -> None:
        nonlocal most
        while not is_over.wait(SAMPLED):
            most = max(most, anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    try:
        outcome = tool.start(settings, Work())
        seconds = time.perf_counter() - start
    finally:
        is_over.set()
        watcher.join()
    said = [words.en for words in outcome.lines if not words.en.startswith("Saved")]
    made = Path(str(outcome.made))
    size = sum(file.stat().st_size for file in ([made] if made.is_file() else made.rglob("*")))
    return {
        "seconds": round(seconds, 1),
        "mib": round((most - before) / 1024),
        "result_mib": round(size / 2**20),
        "said": said[:3],
    }


def adapter(path: Path, family: str, model: Path, rank: int, seed: int) -> Path:
    """A LoRA of a training's usual layers with random numbers, fp16; made once, found the next time."""
    if path.is_file():
        return path
    spec, every, shapes = FAMILIES[family], open_family(family).every_module(family), of_model(model, family)
    random = torch.Generator().manual_seed(seed)
    made: dict[ModuleKey, Adapted] = {}
    for part in spec.adaptable:
        there = [m for m in describe(every.modules[part.name]) if f"{m.path}.weight" in shapes[part.name]]
        for target in targets(part, there, Ranks(rank, rank)):
            outputs, inputs, *kernel = shapes[part.name][f"{target.path}.weight"]
            down = torch.randn(rank, inputs, *kernel, generator=random) * SCALE
            up = torch.randn(outputs, rank, *(1 for _ in kernel), generator=random) * SCALE
            held = {"lora_down.weight": down.half(), "lora_up.weight": up.half()}
            made[ModuleKey(part.name, target.path)] = Adapted(held, float(rank), rank)
    names = open_family(family).lora_file_names(every)
    told = {"ss_base_model_version": next(iter(spec.titles.values())).base_version}
    return tensors.save(path, lora_file.to_file(made, spec, None, names), told)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--family", choices=tuple(FAMILIES), default="sd1")
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--child", nargs=2, metavar=("TOOL", "VALUES"))
    args = parser.parse_args()
    if args.child:
        print(json.dumps(measured(args.child[0], json.loads(args.child[1]))))
        return 0
    folder, family, rank = args.folder, args.family, args.rank
    base = make_half(folder / "base", family)
    first, second = (adapter(folder / f"{n}.safetensors", family, base, rank, n) for n in (1, 2))
    shapes = of_model(base, family)
    parts = [part.name for part in FAMILIES[family].adaptable]
    sides = [shape for part in parts for shape in shapes[part].values() if len(shape) == 2]
    largest = max(rows * columns for rows, columns in sides if rows < 20_000)  # not the table of tokens
    both = [str(first), str(second)]
    jobs: list[tuple[str, dict[str, Any]]] = [
        ("resize-adapter", {"source": str(first), "rank": rank // 4}),
        ("merge-adapters", {"adapters": both, "way": "concat"}),
        ("merge-adapters", {"adapters": both, "way": "svd", "rank": rank}),
        ("convert-adapter", {"source": str(first), "names": "diffusers"}),
        ("merge-model", {"model": str(base), "adapters": [str(first)]}),
        ("extract", {"base": str(base), "tuned": str(folder / "merge-model-4"), "rank": rank}),
        ("convert", {"source": str(base), "save_as": "diffusers_safetensors"}),  # as merge-model, unmerged
    ]
    told: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{torch.get_num_threads()} shared CPU cores, no GPU",
        "family": family,
        "rank": rank,
        "largest_layer_mib": round(largest * 4 / 2**20),
        "tools": {},
    }
    for number, (name, values) in enumerate(jobs):
        target = folder / f"{name}-{number}"
        given = json.dumps(values | {"target": str(target)})
        command = [sys.executable, "-m", "bench.svd_tools", str(folder), "--child", name, given]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        way = f" ({values['way']})" if "way" in values else ""
        told["tools"][name + way] = json.loads(done.stdout.splitlines()[-1])
    text = json.dumps(told, indent=1)
    print(text)
    if args.write:
        place = ROOT / "bench" / "results" / "svd_tools.json"
        place.write_text(f"{text}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
