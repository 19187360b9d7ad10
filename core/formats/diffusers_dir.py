"""A Diffusers model folder seen as the tensors of its parts; no torch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from core.catalog import Role
from core.errors import UserError
from core.families import Part
from core.formats import json_file, messages
from core.formats.scaled import unscaled
from core.formats.store import Store
from core.formats.tensor_slots import Slot
from core.formats.weight_file import TensorFile, WeightFile

_MOST_PIECES = 100
"""Files that the weights of one part are kept in; real ones are one or two."""

_PIECE = re.compile(r"[\w][\w .-]{0,199}\.(safetensors|bin)")
"""The name of such a file; it lies beside the index."""

Canonical = Callable[[str, str], str]
"""(part, name in the file) -> name in the module."""


def stem(role: Role, suffix: str) -> str:
    """How Diffusers and transformers name the file of a part's weights, without its ending."""
    if role != "text":
        return "diffusion_pytorch_model"
    return "model" if suffix == ".safetensors" else "pytorch_model"


def open_folder(path: Path, parts: Iterable[Part], canonical: Canonical) -> Store:
    """The weights of those parts that the folder has."""
    return Store(
        path,
        {
            part.name: places(path / part.name, part, canonical)
            for part in parts
            if (path / part.name).is_dir()
        },
    )


def places(folder: Path, part: Part, canonical: Canonical) -> dict[str, tuple[TensorFile, Slot]]:
    """The weights in the folder of one part. Raises UserError when there are none."""
    files = [unscaled(WeightFile(path)) for path in weight_files(folder, part.role)]
    return {canonical(part.name, own): (file, Slot(own)) for file in files for own in file.tensors}


def weight_files(folder: Path, role: Role) -> list[Path]:
    """The files that hold the weights of a part: one, or those of an index; .safetensors before .bin."""
    names = [(stem(role, suffix), suffix) for suffix in (".safetensors", ".bin")]
    for name, suffix in names:
        for variant in ("", ".fp16"):
            whole = folder / f"{name}{variant}{suffix}"
            if whole.is_file():
                return [whole]
            index = folder / f"{name}{suffix}.index{variant}.json"
            if index.is_file():
                return _pieces(index)
    safetensors, pickled = ("".join(name) for name in names)
    raise UserError(messages.NO_WEIGHTS(path=folder, safetensors=safetensors, pickle=pickled))


def _pieces(index: Path) -> list[Path]:
    """The files that an index names. Raises UserError when it is none."""
    named = json_file.read_table(index).get("weight_map")
    pieces = set(named.values()) if isinstance(named, dict) and _all_text(named) else set()
    if not 0 < len(pieces) <= _MOST_PIECES or not all(_PIECE.fullmatch(piece) for piece in pieces):
        raise UserError(messages.BAD_INDEX(path=index))
    return [index.parent / piece for piece in sorted(pieces)]


def _all_text(named: Mapping[str, Any]) -> bool:
    return all(isinstance(piece, str) for piece in named.values())
