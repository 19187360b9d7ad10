"""Files of textual inversion: under which names the vectors of a word lie, for each text encoder.

Written: `emb_params`, or for families with two text encoders a tensor for each, as sd-scripts does. Read are
also those of AUTOMATIC1111 (.pt), OneTrainer, and diffusers, which names the one tensor as the word.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.families import FAMILIES
from core.formats.header import TensorTable
from core.formats.weight_file import WeightFile

if TYPE_CHECKING:
    from torch import Tensor

KEYS = frozenset(part.embedding for spec in FAMILIES.values() for part in spec.parts if part.embedding)
"""What the files call the vectors."""

MARKS = ("string_to_param.*", "emp_params")
"""The same of AUTOMATIC1111 and of OneTrainer, where a model has one text encoder."""


def names_of(tensors: Collection[str], keys: Sequence[str]) -> dict[str, str]:
    """Key of a text encoder -> the tensor with its vectors; a key that has none is left out.

    keys: those of the family's text encoders. With one text encoder a lone tensor is it whatever its name.
    """
    found = {key: key for key in keys if key in tensors}
    if not found and len(keys) == 1:
        lone = tensors if len(tensors) == 1 else [name for name in MARKS if name in tensors]
        found = dict.fromkeys(keys, next(iter(lone))) if lone else {}
    return found


def count(tensors: TensorTable, names: Collection[str]) -> int:
    """How many vectors a word has; a file with a single one may leave that side out."""
    shapes = [tensors[name][1] for name in names]
    return min((shape[0] if len(shape) > 1 else 1 for shape in shapes), default=0)


def read(path: Path, keys: Sequence[str]) -> dict[str, Tensor]:
    """Key of a text encoder -> its vectors, (n, width) float32. Raises UserError for a damaged file."""
    file = WeightFile(path)
    named = names_of(file.tensors, keys)
    return {key: _as_rows(file.read(name).float()) for key, name in named.items()}


def _as_rows(vectors: Tensor) -> Tensor:
    """(n, width), of one vector or a number by itself too."""
    return vectors.reshape(1, -1) if vectors.ndim < 2 else vectors.flatten(0, -2)
