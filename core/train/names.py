"""What the results of a run are called, and which of these names are taken already. No torch."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from core.config.schema import SaveConfig
from core.train import state_files

LINEAGE = "rareword_lineage"
"""Metadata key that tells which training a file comes from."""

ENDINGS: Mapping[str, str] = {
    "safetensors": ".safetensors", "ckpt": ".ckpt", "diffusers": "", "diffusers_safetensors": "",
}  # fmt: skip

_NUMBERED = re.compile(r"(.+)-(\d{1,3})")


def model_name(output_name: str | None, kind: str, number: int) -> str:
    """Name of a model without its ending; kind: "last", "epoch" or "step". As sd-scripts names them."""
    if kind == "epoch":
        return f"{output_name or 'epoch'}-{number:06d}"
    if kind == "step":
        return f"{output_name or 'at'}-step{number:08d}"
    return output_name or "last"


def state_name(output_name: str | None, kind: str, number: int) -> str:
    """Name of a state folder; kind: "last", "epoch", "step" or "autosave"."""
    prefix = state_files.prefix(output_name)
    if kind == "last":
        return f"{prefix}last{state_files.SUFFIX}"
    digits = 6 if kind == "epoch" else 8
    return f"{prefix}{kind}-{number:0{digits}d}{state_files.SUFFIX}"


def existing(save: SaveConfig) -> list[Path]:
    """Models and states in the output folder that bear the names a run of these settings would give.

    A run that is resumed goes on with files of its own, so nothing stands in its way.
    """
    if save.resume:
        return []
    stems = (
        re.escape(model_name(save.output_name, "last", 0)),
        re.escape(save.output_name or "epoch") + r"-\d{6}",
        re.escape(save.output_name or "at") + r"-step\d{8}",
    )
    # Systems that take Frog and frog for the same file.
    flags = re.IGNORECASE if sys.platform in ("win32", "darwin") else 0
    pattern = re.compile(f"({'|'.join(stems)})({re.escape('.safetensors')}|{re.escape('.ckpt')})?", flags)
    folder = Path(save.output_dir)
    try:
        with os.scandir(folder) as entries:
            found = [
                Path(entry.path)
                for entry in entries
                if (match := pattern.fullmatch(entry.name)) and (match.group(2) or entry.is_dir())
            ]
    except OSError:
        return []
    return sorted([*found, *state_files.candidates(folder, save.output_name)])


def free(save: SaveConfig, taken: Collection[tuple[str, str]] = ()) -> str:
    """The output name itself when it is free, else with the first number that is: frog, frog-2, frog-3.

    taken: (output folder, name) of runs that have not saved anything yet.
    """
    name = save.output_name or "last"
    others = {(_folder(folder), other) for folder, other in taken}
    number, stem = 1, name
    if match := _NUMBERED.fullmatch(name):
        stem, number = match.group(1), int(match.group(2))
    given = save
    while existing(given) or (_folder(given.output_dir), given.output_name or "last") in others:
        number += 1
        given = save.model_copy(update={"output_name": f"{stem}-{number}"})
    return given.output_name or "last"


def _folder(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))
