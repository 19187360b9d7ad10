"""A Diffusers model folder seen as the tensors of its parts, and the way back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import UserError
from core.formats import atomic_write, json_file, messages
from core.formats.scaled import unscaled
from core.formats.tensor_slots import Shape
from core.formats.tensors import Lazy, TensorFile, dtype_of, open_file, save

STEMS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "pytorch_model"}
SAFE_STEMS = STEMS | {"text_encoder": "model"}

_MOST_PIECES = 100
"""Files that the weights of one part are kept in; real ones are one or two."""

_PIECE = re.compile(r"[\w][\w .-]{0,199}\.(safetensors|bin)")
"""The name of such a file; it lies beside the index."""

Canonical = Callable[[str, str], str]
"""(part, name in the file) -> name in the module."""


@dataclass(frozen=True)
class PartFiles:
    """The weight files of one part. place: module tensor name -> (number of the file, name in the file)."""

    files: tuple[TensorFile, ...]
    place: Mapping[str, tuple[int, str]]


@dataclass(frozen=True)
class Folder:
    """The weights of a Diffusers folder."""

    path: Path
    parts: Mapping[str, PartFiles]

    def shapes(self, part: str) -> dict[str, Shape]:
        """Module tensor name -> shape."""
        found = self.parts.get(part)
        return (
            {}
            if found is None
            else {n: found.files[i].tensors[own][1] for n, (i, own) in found.place.items()}
        )

    def shape(self, part: str, name: str) -> Shape:
        """Shape of one tensor."""
        number, own = self.parts[part].place[name]
        return self.parts[part].files[number].tensors[own][1]

    def dtype(self, part: str, name: str) -> torch.dtype:
        """Type of the numbers in the file."""
        number, own = self.parts[part].place[name]
        file = self.parts[part].files[number]
        return dtype_of(file.path, own, file.tensors[own][0])

    def read(self, part: str, name: str) -> Tensor:
        """A tensor in the file's own precision."""
        number, own = self.parts[part].place[name]
        return self.parts[part].files[number].read(own)


def open_folder(path: Path, parts: tuple[str, ...], canonical: Canonical) -> Folder:
    """The weights of those parts that the folder has."""
    return Folder(
        path, {part: open_part(path / part, part, canonical) for part in parts if (path / part).is_dir()}
    )


def open_part(folder: Path, part: str, canonical: Canonical) -> PartFiles:
    """The weights in the folder of one part. Raises UserError when there are none."""
    files = tuple(unscaled(open_file(path)) for path in weight_files(folder, part))
    place = {canonical(part, own): (i, own) for i, file in enumerate(files) for own in file.tensors}
    return PartFiles(files, place)


def weight_files(folder: Path, part: str) -> list[Path]:
    """The files that hold the weights of a part: one, or those of an index; .safetensors before .bin."""
    for stem, suffix in ((SAFE_STEMS[part], ".safetensors"), (STEMS[part], ".bin")):
        for variant in ("", ".fp16"):
            whole = folder / f"{stem}{variant}{suffix}"
            if whole.is_file():
                return [whole]
            index = folder / f"{stem}{suffix}.index{variant}.json"
            if index.is_file():
                return _pieces(index)
    names = f"{SAFE_STEMS[part]}.safetensors", f"{STEMS[part]}.bin"
    raise UserError(messages.NO_WEIGHTS(path=folder, safetensors=names[0], pickle=names[1]))


def _pieces(index: Path) -> list[Path]:
    """The files that an index names. Raises UserError when it is none."""
    named = json_file.read_table(index).get("weight_map")
    pieces = set(named.values()) if isinstance(named, dict) and _all_text(named) else set()
    if not 0 < len(pieces) <= _MOST_PIECES or not all(_PIECE.fullmatch(piece) for piece in pieces):
        raise UserError(messages.BAD_INDEX(path=index))
    return [index.parent / piece for piece in sorted(pieces)]


def _all_text(named: Mapping[str, Any]) -> bool:
    return all(isinstance(piece, str) for piece in named.values())


def save_folder(
    path: Path, tensors: Mapping[str, Mapping[str, Lazy]], texts: Mapping[str, str], suffix: str
) -> Path:
    """Write a model folder; returns where it lies.

    tensors: part -> name in the file -> tensor. texts: path in the folder -> contents (configs, tokenizer).
    suffix: ".safetensors" or ".bin". A Diffusers folder of the same name is replaced, any other folder is
    left alone.
    """
    stems = SAFE_STEMS if suffix == ".safetensors" else STEMS

    def write(folder: Path) -> None:
        for name, text in texts.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        for part, named in tensors.items():
            save(folder / part / f"{stems[part]}{suffix}", named, {"format": "pt"})

    size = sum(
        lazy.dtype.itemsize * torch.Size(lazy.shape).numel()
        for named in tensors.values()
        for lazy in named.values()
    )
    return atomic_write.write_folder(path, write, size, replaces="model_index.json")
