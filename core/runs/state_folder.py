"""Training states on disk: what makes one complete, finding the newest, telling whether it fits. No torch.

A state is a folder written beside its place and renamed, so that it is complete or not there; its manifest
holds the size and CRC-32 of every file, so that damage is seen. CRC-32 guards against accidents, not
attackers.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, FiniteFloat, NonNegativeInt, ValidationError

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


def _plain(name: str) -> str:
    if not output_names.is_plain(name):
        raise ValueError("a name must be no path")
    return name


_Name = Annotated[str, AfterValidator(_plain)]


class _Kept(BaseModel, strict=True, extra="forbid"):
    """What an earlier save left: see core.train.outputs.state.Kept."""

    kind: Literal["epoch", "step"]
    number: NonNegativeInt
    model: Literal[""] | _Name
    state: Literal[""] | _Name


class _Best(BaseModel, strict=True, extra="forbid"):
    """The best validation: see core.train.early_stop.Best."""

    loss: FiniteFloat
    step: NonNegativeInt
    waited: NonNegativeInt


class _Options(BaseModel, strict=True):
    seed: NonNegativeInt = Field(alias="train.seed")


class _Values(BaseModel, strict=True):
    """What is relied on of state.json. Earlier versions noted fewer things.

    lineage: name of the first run folder of its training. run: of the run that saved it, "" in older states.
    written: names of models, each with its owned_files.Stamp; in older states names alone.
    """

    step: NonNegativeInt
    losses: list[FiniteFloat]
    lineage: _Name
    run: Literal[""] | _Name = ""
    seconds: FiniteFloat = 0.0
    written: list[_Name] | dict[_Name, Annotated[list[FiniteFloat], Field(min_length=3, max_length=3)] | None]
    saves: list[_Kept] = []
    lengths: dict[str, int] = {}
    stopped: list[str] = []
    inexact: list[str] = []
    best: _Best | None = None
    config: _Options
    identity: dict[str, Any]
    machine: dict[str, Any]


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
        _Values.model_validate(json.loads((path / STATE).read_text(encoding="utf-8")))
    except ValidationError as e:
        return f"{'.'.join(map(str, e.errors()[0]['loc']))} in {STATE} is not as it was written"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as e:
        return f"{type(e).__name__}: {e}"
    return ""


def read(path: Path) -> Found:
    """A state named by a user. Raises UserError (E-STATE) when it is missing or not complete."""
    if not path.is_dir():
        raise UserError(messages.STATE_MISSING(path=path))
    if not any((path / name).exists() for name in (MANIFEST, STATE)):
        raise UserError(messages.NOT_A_STATE(path=path))
    if why := fault(path):
        raise UserError(messages.STATE_DAMAGED(path=path, fault=why))
    return Found(path, json.loads((path / STATE).read_text(encoding="utf-8")))


def newest(output_dir: Path, name: str | None) -> tuple[Found | None, list[Problem]]:
    """The newest complete state of this output name, and a W-STATE-DAMAGED for each newer one passed over.

    Raises UserError when there are states and every one is damaged: a run must not silently start from zero.
    """
    state, damaged = newest_of(candidates(output_dir, name))
    if damaged and state is None:
        raise UserError(*(messages.NO_STATE_COMPLETE(path=path, fault=why) for path, why in damaged))
    return state, [messages.STATE_PASSED_OVER(path=path, fault=why) for path, why in damaged]


def newest_of(folders: Iterable[Path]) -> tuple[Found | None, list[tuple[Path, str]]]:
    """The newest complete state among these folders, and each newer one that is not, with its fault."""
    damaged: list[tuple[Path, str]] = []
    for path in sorted(folders, key=_age, reverse=True):
        if not (why := fault(path)):
            return Found(path, json.loads((path / STATE).read_text(encoding="utf-8"))), damaged
        damaged.append((path, why))
    return None, damaged


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
        state, _ = newest(output_dir, config.save.output_name)
    else:
        state = read(Path(config.save.resume))
    return None if state is None else int(state.values["config"]["train.seed"])


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
