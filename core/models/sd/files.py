"""The files of a Stable Diffusion model, 1, 2 or XL: where its weights lie and how it is built; no torch."""

from __future__ import annotations

import json
from pathlib import Path

from core.errors import UserError
from core.families import FAMILIES
from core.formats.diffusers_dir import open_folder, places
from core.formats.identify import identify
from core.formats.json_file import read_table
from core.formats.scaled import unscaled
from core.formats.store import Store
from core.formats.tensor_slots import Slot
from core.formats.weight_file import TensorFile, WeightFile
from core.models import messages, refusals
from core.models.sd import tensor_names
from core.models.sd.configs import Config, architecture

CONFIG_KEY = "rareword.architecture"
"""Metadata of a single file whose sizes are not the real models': the parts' configs as JSON."""


def open_store(path: Path, family: str) -> Store:
    """The weights of a whole model. Raises UserError when a file is damaged."""
    if path.is_dir():
        return open_folder(path, FAMILIES[family].parts, tensor_names.canonical_module)
    file = unscaled(WeightFile(path))
    return Store(path, {part: _in_file(part, file, family) for part in tensor_names.PLACES[family]})


def _in_file(
    part: str, file: TensorFile, family: str, prefix: str = ""
) -> dict[str, tuple[TensorFile, Slot]]:
    """What lies in a part of a single file. prefix: what its names lack to be those of a whole model."""
    names = {tensor_names.canonical(prefix + own): own for own in file.tensors}
    slots = tensor_names.from_file(part, names, family)
    known = {slot.name for slot in slots.values()}
    start = tensor_names.PLACES[family][part].start
    others = [name for name in names if name.startswith(start) and name not in known]
    slots = {name: Slot(name) for name in others} | slots
    return {name: (file, slot._replace(name=names[slot.name])) for name, slot in slots.items()}


def open_vae(path: Path, config: Config) -> tuple[Store, Config]:
    """The VAE of a VAE file, a whole model's file, a VAE folder or a model folder; and its config."""
    identity = identify(path)
    if identity.problems:
        raise UserError(*identity.problems)
    if identity.kind not in ("vae", "model"):
        raise UserError(refusals.wrong_kind(path, identity, key="model.vae"))
    if path.is_dir():
        folder = path / "vae" if identity.kind == "model" else path
        return vae_folder(folder), config_of(folder)
    file = unscaled(WeightFile(path))
    if identity.format == "diffusers":
        own = {tensor_names.canonical_module("vae", name): (file, Slot(name)) for name in file.tensors}
    else:
        prefix = "" if any(name.startswith(tensor_names.VAE) for name in file.tensors) else tensor_names.VAE
        own = _in_file("vae", file, "sd1", prefix)
    return Store(path, {"vae": own}), config


def vae_folder(folder: Path) -> Store:
    """The weights in a VAE's Diffusers folder."""
    part = FAMILIES["sd1"].part("vae")
    return Store(folder, {"vae": places(folder, part, tensor_names.canonical_module)})


def configs(path: Path, family: str) -> tuple[dict[str, Config], bool]:
    """Config of each part, and whether they are those of the real models.

    A folder has its own, those of the real models for a part that it lacks; a single file may have a folder
    `<stem>_config` beside it, or the configs in its metadata.
    """
    standard, parts = architecture(family), [*tensor_names.PLACES[family]]
    folder = path if path.is_dir() else path.with_name(f"{path.stem}_config")
    if folder.is_dir():
        lacking = {part for part in parts if path.is_dir() and not (path / part).is_dir()}
        return {p: standard[p] if p in lacking else config_of(folder / p) for p in parts}, False
    kept = WeightFile(path).metadata.get(CONFIG_KEY)
    if kept is not None:
        try:
            return {part: dict(json.loads(kept)[part]) for part in parts}, False
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UserError(messages.BAD_CONFIG(path=path)) from error
    return standard, True


def config_of(folder: Path) -> Config:
    """A part's config.json, without the path it once came from."""
    found = {
        key: value for key, value in read_table(folder / "config.json").items() if key != "_name_or_path"
    }
    widths = found.get("cross_attention_dim")
    if isinstance(widths, list) and widths and all(width == widths[0] for width in widths):
        found["cross_attention_dim"] = widths[0]  # one for each block, as Diffusers may write it
    return found


def linear_projection(config: Config, store: Store) -> Config:
    """SD2's U-Net has matrices where SD1's has 1x1 convolutions; some programs write one for the other."""
    name = "down_blocks.0.attentions.0.proj_in.weight"
    shape = store.shapes("unet").get(name)
    return config if shape is None else config | {"use_linear_projection": len(shape) == 2}


def source_format(path: Path) -> str:
    """The value of save_model_as that writes what `path` is."""
    if path.is_dir():
        return "diffusers_safetensors" if any((path / "unet").glob("*.safetensors")) else "diffusers"
    return "safetensors" if path.suffix.lower() == ".safetensors" else "ckpt"


def stamps_there(*paths: Path | None) -> dict[Path, tuple[int, int]]:
    """As `stamps`; of files that are gone, nothing."""
    try:
        return stamps(*paths)
    except OSError:
        return {}


def stamps(*paths: Path | None) -> dict[Path, tuple[int, int]]:
    """Size and time of change of files, and of the weight files in folders."""
    files: list[Path] = []
    for path in paths:
        if path is not None:
            inside = [] if path.is_file() else sorted(path.rglob("*"))
            files += [path] if path.is_file() else [f for f in inside if f.suffix in (".safetensors", ".bin")]
    return {file: (file.stat().st_size, file.stat().st_mtime_ns) for file in files}
