"""Which results of a run are there already, and which name is free. No torch."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from core.config.output_names import EMBEDDING, ENDINGS, model_of, state_of
from core.config.schema.save import SaveConfig
from core.formats import sidecar_yaml
from core.runs import state_folder

LINEAGE = "rareword_lineage"
"""Metadata key that tells which training a file comes from."""

_NUMBERED = re.compile(r"(.+)-([0-9]{1,3})")


def existing(save: SaveConfig) -> list[Path]:
    """Models and states in the output folder that bear the names a run of these settings would give.

    A run that is resumed goes on with files of its own, so nothing stands in its way.
    """
    if save.resume:
        return []
    folder = Path(save.output_dir)
    try:
        with os.scandir(folder) as entries:
            models = [Path(entry.path) for entry in entries if _is_model(entry, save.output_name)]
    except OSError:
        return []
    return sorted([*models, *state_folder.candidates(folder, save.output_name)])


def _is_model(entry: os.DirEntry[str], output_name: str | None) -> bool:
    endings = [ending for ending in ENDINGS.values() if ending and entry.name.endswith(ending)]
    stems = [entry.name.removesuffix(ending) for ending in endings]
    if entry.is_dir():
        stems.append(entry.name)
    return any(model_of(stem, output_name) for stem in stems)


def is_result(name: str, output_name: str | None) -> bool:
    """Whether what is called so is a model, what belongs to one, or a state of this output name."""
    endings = [*filter(None, ENDINGS.values()), sidecar_yaml.YAML, EMBEDDING]
    stems = [name, *(name.removesuffix(ending) for ending in endings if name.endswith(ending))]
    return bool(state_of(name, output_name)) or any(model_of(stem, output_name) for stem in stems)


def free(save: SaveConfig, taken: Collection[tuple[str, str]] = ()) -> str:
    """The output name itself when it is free, else with the first number that is: frog, frog-2, frog-3.

    taken: (output folder, name) of runs that have not saved anything yet.
    """
    name = save.output_name or "last"
    others = {(_folder(folder), other) for folder, other in taken}
    number, stem = 1, name
    if match := _NUMBERED.fullmatch(name):
        stem, number = match.group(1), int(match.group(2))
    tried = save
    while existing(tried) or (_folder(tried.output_dir), tried.output_name or "last") in others:
        number += 1
        tried = save.model_copy(update={"output_name": f"{stem}-{number}"})
    return tried.output_name or "last"


def _folder(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))
