"""Training states on disk: what makes one complete, finding the newest, telling whether it fits. No torch.

A state is a folder written beside its place and renamed, so that it is complete or not there; its manifest
holds the size and CRC-32 of every file, so that damage is seen. CRC-32 guards against accidents, not
attackers.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config import output_names
from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.errors import Problem, UserError
from core.runs import messages

FORMAT = 1
"""Version of the state folder."""

MANIFEST = "manifest.json"
STATE = "state.json"
TRAINABLE = "trainable.safetensors"
OPTIMIZER = "optimizer.safetensors"
NUMBERS = "optimizer.json"
EMA = "ema.safetensors"
REQUIRED = (STATE, TRAINABLE, OPTIMIZER, NUMBERS)
"""Files without which a state is none; the weights' means are there only where a run keeps them."""

FILES = frozenset({*REQUIRED, EMA, MANIFEST, "run.toml"})
"""Everything that is written into a state."""

CHANGED = frozenset(f"E-RESUME-{what}" for what in ("OPTION", "PLAN", "BASE", "WORLD_SIZE"))
"""Why a run is refused that is not what its state was; save.resume_anyway passes over these."""

AUTO = "auto"
"""What save.resume says to take the newest state of the output folder."""


@dataclass(frozen=True)
class Found:
    """A complete state on disk. values: its state.json."""

    path: Path
    values: Mapping[str, Any]

    @property
    def step(self) -> int:
        return int(self.values["step"])


def checksum(path: Path) -> tuple[int, int]:
    """Size in bytes and CRC-32 of a file."""
    size = crc = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 22):
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
    return size, crc


def seal(folder: Path) -> None:
    """Write the manifest over everything in the folder: the last file of a state."""
    files = {}
    for file in sorted(folder.iterdir()):
        size, crc = checksum(file)
        files[file.name] = {"size": size, "crc32": crc}
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps({"format": FORMAT, "files": files}, indent=1), encoding="utf-8")


def fault(path: Path) -> str:
    """What keeps a folder from being a complete state, or "" when it is one. Reads every file."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            return f"{MANIFEST} is of another version"
        missing = [name for name in REQUIRED if name not in manifest["files"]]
        if missing:
            return f"{MANIFEST} does not name {missing[0]}"
        for name, expected in manifest["files"].items():
            if not output_names.is_plain(name):
                return f"{MANIFEST} names a file outside the folder"
            if list(checksum(path / name)) != [expected["size"], expected["crc32"]]:
                return f"{name} is damaged"
        return _fault_of(json.loads((path / STATE).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as e:
        return f"{type(e).__name__}: {e}"


def _fault_of(values: Any) -> str:
    """What in state.json is not as it is written here, or "". Names in it are never paths."""
    if not isinstance(values, dict):
        return f"{STATE} is damaged"
    # Earlier versions noted fewer things.
    saves, lengths = values.get("saves", []), values.get("lengths", {})
    texts = [values.get(name, []) for name in ("stopped", "inexact")]
    sound = {
        "step": _is_count(values["step"]),
        "losses": isinstance(values["losses"], list) and all(map(_is_number, values["losses"])),
        "lineage": output_names.is_plain(values["lineage"]),
        "written": _are_stamps(values["written"]),
        "saves": isinstance(saves, list) and all(map(_is_kept, saves)),
        "lengths": isinstance(lengths, dict) and all(isinstance(n, int) for n in lengths.values()),
        "stopped": all(isinstance(found, list) and all(isinstance(t, str) for t in found) for found in texts),
        "config": isinstance(values["config"], dict) and _is_count(values["config"]["train.seed"]),
        "identity": isinstance(values["identity"], dict),
        "machine": isinstance(values["machine"], dict),
    }
    wrong = [name for name, is_sound in sound.items() if not is_sound]
    return f"{wrong[0]} in {STATE} is not as it was written" if wrong else ""


def _are_stamps(written: Any) -> bool:
    """Whether it is names of models, each with its owned_files.Stamp; in older states names alone."""
    if not isinstance(written, list | dict) or not all(map(output_names.is_plain, written)):
        return False
    stamps = written.values() if isinstance(written, dict) else ()
    return all(s is None or (isinstance(s, list) and len(s) == 3 and all(map(_is_number, s))) for s in stamps)


def _is_kept(kept: Any) -> bool:
    """Whether an entry of what earlier saves left is one: see core.train.outputs.state.Kept."""
    names = [kept["model"], kept["state"]]
    is_named = all(name == "" or output_names.is_plain(name) for name in names)
    return is_named and kept["kind"] in ("epoch", "step") and _is_count(kept["number"]) and len(kept) == 4


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def read(path: Path) -> Found:
    """A state named by a user. Raises UserError (E-STATE) when it is missing or not complete."""
    if not path.is_dir():
        raise UserError(messages.STATE_MISSING(path=path))
    if not any((path / name).exists() for name in (MANIFEST, STATE)):
        raise UserError(messages.NOT_A_STATE(path=path))
    if found := fault(path):
        raise UserError(messages.STATE_DAMAGED(path=path, fault=found))
    return Found(path, json.loads((path / STATE).read_text(encoding="utf-8")))


def newest(output_dir: Path, name: str | None) -> tuple[Found | None, list[Problem]]:
    """The newest complete state of this output name, and a W-STATE-DAMAGED for each newer one passed over.

    Raises UserError when there are states and every one is damaged: a run must not silently start from zero.
    """
    damaged: list[tuple[Path, str]] = []
    for path in sorted(candidates(output_dir, name), key=_age, reverse=True):
        if not (found := fault(path)):
            passed_over = [messages.STATE_PASSED_OVER(path=place, fault=why) for place, why in damaged]
            return Found(path, json.loads((path / STATE).read_text(encoding="utf-8"))), passed_over
        damaged.append((path, found))
    if damaged:
        raise UserError(*(messages.NO_STATE_COMPLETE(path=path, fault=found) for path, found in damaged))
    return None, []


def candidates(output_dir: Path, name: str | None) -> list[Path]:
    """Folders that carry a state's name and belong to this output name, complete or not."""
    if not output_dir.is_dir():
        return []
    return [p for p in output_dir.iterdir() if output_names.state_of(p.name, name) and p.is_dir()]


def resume_seed(config: RunConfig) -> int | None:
    """The seed of the state that this run will go on from, None when it starts afresh."""
    if not config.save.resume:
        return None
    output_dir = Path(config.save.output_dir)
    if config.save.resume == AUTO:
        found, _ = newest(output_dir, config.save.output_name)
    else:
        found = read(Path(config.save.resume))
    return None if found is None else int(found.values["config"]["train.seed"])


def values_of(config: RunConfig) -> dict[str, Any]:
    """The options of a run as plain JSON values by key, "train.seed"."""
    dumped = config.model_dump(mode="json")
    return {option.key: dumped[option.section][option.name] for option in walk(RunConfig)}


def _age(path: Path) -> tuple[float, str]:
    """States sort by when they were committed; the manifest is the last file written."""
    manifest = path / MANIFEST
    try:
        return ((manifest if manifest.is_file() else path).stat().st_mtime, path.name)
    except OSError:
        return (0.0, path.name)
