"""What of the output folder this training wrote itself: only that may it replace or delete.

A state that is resumed may come from anybody, so what it says about files is no proof. A file is ours when it
has the size and time that our own note of it has, or tells in its metadata that it is of this training.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from core.config.output_names import ENDINGS, embedding_beside, model_name, state_name
from core.config.schema.save import SaveConfig
from core.errors import UserError
from core.formats import sidecar_yaml
from core.formats.header import read_header
from core.runs import state_folder
from core.runs.result_names import LINEAGE
from core.runs.state_folder import Found

SLACK = 2.0
"""Seconds by which the time of a file may change by itself: some drives keep it in steps of two."""


class Stamp(NamedTuple):
    """What tells that a file, or a folder with all in it, is still what was written.

    files: how many. bytes: of all. changed: the newest time of change, in seconds since 1970.
    """

    files: int
    bytes: int
    changed: float


def stamp(path: Path) -> Stamp | None:
    """The stamp of a file or folder as it is now; None when it can't be read."""
    try:
        files = [p.stat() for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path.stat()]
    except OSError:
        return None
    return Stamp(len(files), sum(s.st_size for s in files), max((s.st_mtime for s in files), default=0.0))


def is_unchanged(path: Path, noted: Stamp | None) -> bool:
    """Whether what lies there is what was noted when it was written."""
    now = stamp(path)
    if now is None or noted is None:
        return False
    return now[:2] == noted[:2] and abs(now.changed - noted.changed) <= SLACK


def is_state_of(path: Path, lineage: str) -> bool:
    """Whether a state folder, damaged or not, is of this training, and nobody put another file into it."""
    if not path.is_dir() or lineage_of(path) != lineage:
        return False
    return {inside.name for inside in path.iterdir()} <= state_folder.FILES


def lineage_of(path: Path) -> str | None:
    """The training that a single file or a state says it comes from; None for what does not say."""
    try:
        if (path / state_folder.STATE).is_file():
            return str(json.loads((path / state_folder.STATE).read_text(encoding="utf-8"))["lineage"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return _metadata(path).get(LINEAGE)


def companions(model: Path) -> tuple[Path, ...]:
    """What else was written with a model and goes where it goes: its .yaml, the word taught with it."""
    word, own = embedding_beside(model), lineage_of(model)
    is_own = own is not None and word.is_file() and lineage_of(word) == own
    return (*sidecar_yaml.sidecars(model), *((word,) if is_own else ()))


def beside(companion: Path, model: Path, place: Path) -> Path:
    """Where what was written with a model belongs when the model lies at `place`."""
    return place.with_name(place.stem + companion.name.removeprefix(model.stem))


def step_of(path: Path) -> int:
    """The step that a single file says it was saved at; 0 for what does not say."""
    told = _metadata(path).get("ss_steps", "")
    return int(told) if told.isdecimal() else 0


def _metadata(path: Path) -> Mapping[str, str]:
    if path.suffix != ".safetensors" or not path.is_file():
        return {}
    try:
        return read_header(path).metadata
    except UserError:
        return {}


def has_result(save: SaveConfig, state: Found) -> bool:
    """Whether the final model of a state's step lies in the output folder, and the last state if it is kept.

    Only then a run is finished: it may have been killed after its last step, or between these two saves.

    A safetensors file tells its training and step. Of anything else the state must know that it wrote it, or
    it must be as new as the state, which is saved before the final model.
    """
    stem = model_name(save.output_name, "last", 0)
    folder = Path(save.output_dir)
    if (save.save_state or save.save_state_on_train_end) and not _has_last_state(save, state):
        return False
    return any(_is_result(folder / f"{stem}{ending}", state) for ending in dict.fromkeys(ENDINGS.values()))


def _has_last_state(save: SaveConfig, state: Found) -> bool:
    place = Path(save.output_dir) / state_name(save.output_name, "last", 0)
    if state_folder.fault(place):
        return False
    last = state_folder.read(place)
    return last.step == state.step and last.values["lineage"] == state.values["lineage"]


def _is_result(path: Path, state: Found) -> bool:
    # Without an ending it is a Diffusers folder; any other of that name is a user's own.
    if not (path / "model_index.json").is_file() if path.is_dir() else not path.suffix:
        return False
    now = stamp(path)
    if now is None:
        return False
    if path.suffix == ".safetensors":
        try:
            read_header(path)
        except UserError:  # emptied or cut off, such as by a lost drive: it is saved anew
            return False
    metadata = _metadata(path)
    if LINEAGE in metadata:
        return metadata[LINEAGE] == state.values["lineage"] and metadata.get("ss_steps") == str(state.step)
    noted = state.values["written"]
    if state.values.get("kind") == "last" and isinstance(noted, dict) and path.name in noted:
        return True
    return now.changed >= (state.path / state_folder.MANIFEST).stat().st_mtime - SLACK
