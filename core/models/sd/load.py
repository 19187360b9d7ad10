"""From a file or folder to the modules of Stable Diffusion 1 or 2; no network, nothing held twice."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models import AutoencoderKL, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

from core.config.schema.run import ModelConfig
from core.errors import ResourceFault, UserError
from core.events import Emit, Warned
from core.families import FAMILIES
from core.formats.checkpoint import SingleFile
from core.formats.diffusers_dir import Folder, PartFiles, open_folder, open_part
from core.formats.identify import identify
from core.formats.json_file import read_table
from core.formats.scaled import unscaled
from core.formats.tensor_slots import Shape
from core.formats.tensors import TensorFile, is_finite, open_file
from core.models import hub, messages, refusals
from core.models.family import Model, Source, Stamp, matrices
from core.models.sd import attention, extras, prediction, sampling, tensor_names, text
from core.models.sd.configs import Config, architecture, refuse_endless
from core.models.sd.extras import Store
from core.reading import reading

CONFIG_KEY = "rareword.architecture"
"""Metadata of a single file whose sizes are not the real models': the parts' configs as JSON."""

SIZE_KEYS = {
    "_name_or_path",
    "_diffusers_version",
    "torch_dtype",
    "dtype",
    "transformers_version",
    "_class_name",
}
"""Entries of a config that say nothing about the architecture."""

Seen = Callable[[str, Tensor], None]
"""Called with the name of each weight and the weight in float32."""


@dataclass(frozen=True)
class Files:
    """Where the weights of each part lie: the store, and the file or folder."""

    stores: Mapping[str, tuple[Store, Path]]


def open_model(config: ModelConfig, emit: Emit) -> Model:
    """See Family.open. With config.vae put in.

    base: a .safetensors or .ckpt file, a Diffusers folder, or a Hugging Face id; an existing path wins.
    """
    path = hub.locate(config.base)
    vae_path = hub.locate(config.vae, key="model.vae") if config.vae else None
    with reading(path, "E-MODEL-BAD", key="model.base"):
        identity = identify(path)
        refusals.check_model(path, identity, config)
        model, notices = _looked_at(path, vae_path, identity.family)
    for notice in notices:
        emit(notice)

    def attempt() -> str:
        return prediction.attempt(streamed(model.source.configs["unet"], model.files.stores["unet"][0]))

    model.objective = sampling.objective(prediction.choose(attempt, path, identity, config, emit))
    attention.choose(model, config.attention, emit)
    return model


def load_part(model: Model, part: str, dtype: torch.dtype, seen: Seen) -> torch.nn.Module:
    """See Family.load."""
    store, path = model.files.stores[part]
    source = model.source
    fill(model.modules[part], part, store, path, dtype, seen)
    if stamps_there(source.path, source.vae) != source.stamps:
        raise ResourceFault(messages.CHANGED(path=source.path))
    return model.modules[part]


def _looked_at(path: Path, vae_path: Path | None, family: str) -> tuple[Model, tuple[Warned, ...]]:
    """The model without weights, when nothing can be refused, and what there is to say of it."""
    found, is_standard = configs(path, family)
    store = open_store(path, family)
    found["unet"] = linear_projection(found["unet"], store)
    stores: dict[str, tuple[Store, Path, str]] = dict.fromkeys(
        FAMILIES[family].names("denoiser", "text", "vae"), (store, path, "model.base")
    )
    if vae_path is not None:
        other, found["vae"] = open_vae(vae_path, found["vae"])
        stores["vae"] = (other, vae_path, "model.vae")
    frames = {
        part: frame(part, found[part], own, at, is_standard, key) for part, (own, at, key) in stores.items()
    }
    wanted = {part: shapes_of(module) for part, module in frames.items()}
    unused = [
        name
        for part, (own, at, key) in stores.items()
        for name in extras.refuse_unknown(at, part, own, wanted[part], key)
    ]
    source = Source(
        path,
        source_format(path),
        vae_path,
        found,
        is_standard and vae_path is None,
        stamps(path, vae_path),
    )
    spec = FAMILIES[family]
    tokens = text.Tokens(text.tokenizer(spec.pad_token_id, path, frames["text_encoder"]))
    files = Files({part: (own, at) for part, (own, at, _) in stores.items()})
    model = Model(spec, source, sampling.objective("epsilon"), frames, tokens, files)
    return model, tuple(extras.notices(path, store, wanted, unused))


def open_store(path: Path, family: str) -> Store:
    """The weights of a whole model."""
    if path.is_dir():
        return open_folder(path, tensor_names.PARTS, tensor_names.canonical_module)
    return single_file(unscaled(open_file(path)), family)


def single_file(file: TensorFile, family: str) -> SingleFile:
    """A single file with the places of every part in it."""
    names = {tensor_names.canonical(name): name for name in file.tensors}
    slots = {part: tensor_names.from_file(part, names, family) for part in tensor_names.PARTS}
    return SingleFile(file, slots, {name: own for name, own in names.items() if name != own})


def open_vae(path: Path, config: Config) -> tuple[Store, Config]:
    """The VAE of a VAE file, a whole model's file, a VAE folder or a model folder; and its config."""
    identity = identify(path)
    if identity.problems:
        raise UserError(*identity.problems)
    if identity.kind not in ("vae", "model"):
        raise UserError(refusals.wrong_kind(path, identity, key="model.vae"))
    if path.is_dir():
        folder = path / "vae" if identity.kind == "model" else path
        part = open_part(folder, "vae", tensor_names.canonical_module)
        return Folder(path, {"vae": part}), config_of(folder)
    file = unscaled(open_file(path))
    if identity.format == "diffusers":
        return _bare_diffusers(file), config
    prefix = "" if any(name.startswith(tensor_names.VAE) for name in file.tensors) else tensor_names.VAE
    names = {prefix + name: name for name in file.tensors}
    return SingleFile(
        file, {"vae": tensor_names.from_file("vae", names, "sd1")}, names if prefix else {}
    ), config


def _bare_diffusers(file: TensorFile) -> Folder:
    place = {tensor_names.canonical_module("vae", own): (0, own) for own in file.tensors}
    return Folder(file.path, {"vae": PartFiles((file,), place)})


def configs(path: Path, family: str) -> tuple[dict[str, Config], bool]:
    """Config of each part, and whether they are those of the real models.

    A folder has its own; a single file may have a folder `<stem>_config` beside it, or the configs in its
    metadata.
    """
    standard = architecture(family)
    folder = path if path.is_dir() else path.with_name(f"{path.stem}_config")
    if folder.is_dir():
        return {part: config_of(folder / part) for part in tensor_names.PARTS}, False
    kept = open_file(path).metadata.get(CONFIG_KEY)
    if kept is not None:
        try:
            return {part: dict(json.loads(kept)[part]) for part in tensor_names.PARTS}, False
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


def blank(part: str, config: Mapping[str, Any]) -> torch.nn.Module:
    """A part without weights, on the meta device. config: as in the part's config.json."""
    values = {key: value for key, value in config.items() if key not in SIZE_KEYS}
    refuse_endless(values)
    with torch.device("meta"):
        if part == "text_encoder":
            # Nothing else of such a config concerns CLIP; some of it could name programs to fetch.
            known = architecture("sd1")["text_encoder"].keys()
            return CLIPTextModel(CLIPTextConfig(**{key: values[key] for key in known & values.keys()}))
        kind = {"unet": UNet2DConditionModel, "vae": AutoencoderKL}[part]
        module: torch.nn.Module = kind.from_config(values)
        return module


def frame(
    part: str, config: Config, store: Store, path: Path, is_standard: bool, key: str = "model.base"
) -> torch.nn.Module:
    """A part without weights, into which those of the store fit. path, key: for messages.

    Raises UserError when weights are missing or have other shapes.
    """
    module = blank(part, config)
    wanted = shapes_of(module)
    refusals.check_shapes(path, part, wanted, store.shapes(part), is_standard, key)
    refusals.check_numbers(path, {name: store.dtype(part, name) for name in wanted}, part, key)
    return module


def fill(
    module: torch.nn.Module, part: str, store: Store, path: Path, dtype: torch.dtype, seen: Seen
) -> torch.nn.Module:
    """The same module with its weights, see Family.load. Raises UserError when weights are not finite."""
    weights: dict[str, Tensor] = {}
    in_dtype = matrices(module)
    for name in shapes_of(module):
        weight = store.read(part, name).to(torch.float32)
        if not is_finite(weight):
            raise UserError(messages.NOT_FINITE(path=path, part=part, tensor=name))
        seen(name, weight)
        weights[name] = weight.to(dtype) if name in in_dtype else weight
    module.load_state_dict(weights, assign=True)
    if part == "text_encoder":
        # The one buffer that is in no file.
        positions = module.config.max_position_embeddings
        module.embeddings.position_ids = torch.arange(positions).expand((1, -1))
    assert not any(t.is_meta for t in (*module.parameters(), *module.buffers())), part
    return module.requires_grad_(False).eval()


def streamed(config: Config, store: Store) -> torch.nn.Module:
    """A U-Net for one look at what it does: each layer's weights are there only while it computes."""
    unet = blank("unet", config)

    def fetch(name: str, layer: torch.nn.Module, *_: Any) -> None:
        own = {key: store.read("unet", f"{name}.{key}").to(torch.float32) for key in layer.state_dict()}
        layer.load_state_dict(own, assign=True)

    def drop(layer: torch.nn.Module, *_: Any) -> None:
        layer.to("meta")

    for name, layer in unet.named_modules():
        if layer.state_dict() and not any(True for _ in layer.children()):
            layer.register_forward_pre_hook(functools.partial(fetch, name))
            layer.register_forward_hook(drop)
    return unet.requires_grad_(False).eval()


def shapes_of(module: torch.nn.Module) -> dict[str, Shape]:
    """Tensor name -> shape."""
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


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


def stamps_there(*paths: Path | None) -> dict[Path, Stamp]:
    """As `stamps`; of files that are gone, nothing."""
    try:
        return stamps(*paths)
    except OSError:
        return {}


def stamps(*paths: Path | None) -> dict[Path, Stamp]:
    """Size and time of change of files, and of the weight files in folders."""
    files: list[Path] = []
    for path in paths:
        if path is not None:
            inside = [] if path.is_file() else sorted(path.rglob("*"))
            files += [path] if path.is_file() else [f for f in inside if f.suffix in (".safetensors", ".bin")]
    return {file: Stamp(file.stat().st_size, file.stat().st_mtime_ns) for file in files}
