"""A model's files by their headers: shapes of its weights, and where each lies; no torch."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.families import FAMILIES
from core.formats.store import Store
from core.formats.tensor_slots import Shape


def of_model(path: Path, family: str) -> dict[str, dict[str, Shape]]:
    """Part -> tensor name in the module -> shape. Raises UserError when a file is damaged."""
    store = store_of(path, family)
    return {part: store.shapes(part) for part in store.places}


def store_of(path: Path, family: str) -> Store:
    """The weights of a whole model, read one at a time. Raises UserError when a file is damaged."""
    store: Store = _files(family).open_store(path, family)
    return store


def of_vae(folder: Path, family: str) -> Mapping[str, dict[str, Shape]]:
    """The same, of a VAE's folder."""
    return {"vae": _files(family).vae_folder(folder).shapes("vae")}


def _files(family: str) -> Any:
    """The module of a family that knows its files."""
    return importlib.import_module(FAMILIES[family].files)
