"""Records what the program does, so that rearranging its code can be shown to change nothing.

    python -m tests.baseline.record runs [--write]       trainings: every loss, what they save
    python -m tests.baseline.record readers [--write]    check, import, plan and inspect of many inputs

Without --write the differences from what is recorded are printed, and the exit code is 1 if there are any.
Bits of floating point sums differ from one kind of processor to another, so digests are compared only on the
kind that recorded them; losses and norms are compared everywhere, within 1e-3.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import toml
import torch
from PIL import Image
from safetensors import safe_open

from core.runner import Runner
from tests.baseline import readers, runs

FOLDER = Path(__file__).parent
CLOSE = 1e-3
"""Relative; of losses and norms on another kind of processor."""

VOLATILE = re.compile(
    r"hash|session|time|started|finished|date|_at$|\bid$|version|commit|host|run$|lineage|resolution_cache"
)
"""Names of metadata that differ from run to run."""


def machine() -> str:
    """What the last bits of a sum depend on."""
    names = [line for line in _cpuinfo() if line.startswith("model name")]
    model = names[0].partition(":")[2].strip() if names else platform.processor()
    return f"{model}, {torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__.partition('+')[0]}"


def _cpuinfo() -> Iterable[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text("utf-8").splitlines() if path.exists() else ()


def digest(parts: Iterable[str | bytes]) -> str:
    told = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        told.update(len(data).to_bytes(8, "little") + data)
    return told.hexdigest()


def tensors(found: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """Of tensors: how many, their names, their bits whatever they are called, and their norm."""
    each = sorted(
        digest(
            [str(t.dtype), str(tuple(t.shape)), t.contiguous().flatten().view(torch.uint8).numpy().tobytes()]
        )
        if t.numel()
        else digest([str(t.dtype), str(tuple(t.shape))])
        for t in found.values()
    )
    square = sum(float(t.double().square().sum()) for t in found.values() if t.is_floating_point())
    return {
        "count": len(found),
        "names": digest(sorted(found)),
        "bits": digest(each),
        "norm": float(square**0.5),
    }


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def file_of(path: Path, place: Path) -> dict[str, Any]:
    """What a saved file holds."""
    if path.suffix == ".safetensors":
        with safe_open(path, "pt") as opened:
            found = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            metadata = opened.metadata() or {}
        stable = {
            name: value.replace(str(place), "PLACE")
            for name, value in sorted(metadata.items())
            if not VOLATILE.search(name)
        }
        return tensors(found) | {"metadata": stable, "metadata_names": sorted(metadata)}
    if path.suffix == ".ckpt":
        return tensors(torch.load(path, weights_only=True)["state_dict"])
    if path.suffix == ".png":
        with Image.open(path) as image:
            return {"size": list(image.size), "bits": digest([image.convert("RGB").tobytes()])}
    return {}


def run(name: str, inputs: Path, place: Path) -> dict[str, Any]:
    """Train, and tell what it reported and left."""
    out = place / "out"
    values = {"format": 1, **runs.settings(name, inputs, out)}
    handle = Runner().start(toml.dumps(values))
    handle.wait()
    assert handle.ended is not None and handle.ended.exit_code == 0, (name, handle.ended)
    lines = (handle.folder / "events.jsonl").read_text("utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    files = {}
    for path in sorted(p for p in out.rglob("*") if p.suffix in (".safetensors", ".ckpt", ".png")):
        where = re.sub(r"runs/[^/]+/", "runs/RUN/", path.relative_to(out).as_posix())
        files[where] = file_of(path, inputs)
    return {
        "losses": [[event["loss"], event["grad_norm"]] for event in events if event["event"] == "step_done"],
        "validations": [
            event["validation_loss"] for event in events if event.get("validation_loss") is not None
        ],
        "rates": [event["lr"] for event in events if event["event"] == "step_done"],
        "warned": sorted(event.get("code", "") for event in events if event["event"] == "warned"),
        "files": files,
    }


def all_runs() -> dict[str, Any]:
    """Every run of `runs.RUNS`."""
    runs.calm()
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "inputs"
        inputs.mkdir()
        runs.make_inputs(inputs)
        found = {}
        for n, name in enumerate(runs.RUNS):
            place = Path(folder) / str(n)
            place.mkdir()
            found[name] = run(name, inputs, place)
    return {"machine": machine(), "runs": found}


def differences(was: Any, now: Any, at: str = "") -> list[str]:
    """Where two recordings differ, one line each; bits only where both come from the same kind of machine."""
    is_same_machine = was.get("machine") == now.get("machine")
    return _differences(was["runs"], now["runs"], at, is_same_machine)


def _differences(was: Any, now: Any, at: str, is_exact: bool) -> list[str]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        found = [f"{at}/{name}: is gone" for name in was.keys() - now.keys()]
        found += [f"{at}/{name}: is new" for name in now.keys() - was.keys()]
        for name in was.keys() & now.keys():
            if name != "bits" or is_exact:
                found += _differences(was[name], now[name], f"{at}/{name}", is_exact)
        return sorted(found)
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        pairs = enumerate(zip(was, now, strict=True))
        return [line for n, (a, b) in pairs for line in _differences(a, b, f"{at}[{n}]", is_exact)]
    is_close = (
        isinstance(was, float)
        and isinstance(now, float)
        and not is_exact
        and abs(was - now) <= CLOSE * max(abs(was), abs(now))
    )
    return [] if was == now or is_close else [f"{at}: was {_short(was)}, is {_short(now)}"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 160 else f"{text[:160]}..."


RECORDINGS: dict[str, tuple[Callable[[], dict[str, Any]], Callable[[Any, Any], list[str]]]] = {
    "runs": (all_runs, differences),
    "readers": (readers.all_readers, lambda was, now: _differences(was, now, "", True)),
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=RECORDINGS)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    make, compare = RECORDINGS[args.what]
    path, now = FOLDER / f"{args.what}.json", make()
    if args.write:
        path.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return 0
    found = compare(json.loads(path.read_text("utf-8")), now)
    print("\n".join(found) or "No difference.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
