"""From a file or folder to the modules of Stable Diffusion 1, 2 or XL; no network, nothing held twice."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from core.config.schema.model import ModelConfig
from core.errors import ResourceFault, UserError
from core.events import Emit, Warned
from core.families import FAMILIES
from core.formats.identify import identify
from core.formats.store import Store
from core.formats.tensor_slots import Shape
from core.formats.tensors import is_finite
from core.models import hub, messages, refusals
from core.models.family import Model, Source, matrices
from core.models.sd import attention, extras, files, prediction, sampling, text
from core.models.sd import messages as sd_messages
from core.models.sd.configs import Config, architecture, refuse_endless
from core.reading import reading

SIZE_KEYS = {
    "_name_or_path",
    "_diffusers_version",
    "torch_dtype",
    "dtype",
    "transformers_version",
    "_class_name",
}
"""Entries of a config that say nothing about the architecture."""

_ENCODERS = {"text_encoder": CLIPTextModel, "text_encoder_2": CLIPTextModelWithProjection}
"""Part -> class of a text encoder."""

Seen = Callable[[str, Tensor], None]
"""Called with the name of each weight and the weight in float32."""


def open_model(config: ModelConfig, emit: Emit) -> Model:
    """See Family.open. With config.vae put in.

    base: a .safetensors or .ckpt file, a Diffusers folder, or a Hugging Face id; an existing path wins.
    """
    path = hub.locate(config.base)
    vae_path = hub.locate(config.vae, key="model.vae") if config.vae else None
    with reading(path, "E-MODEL-BAD", key="model.base"):
        identity = identify(path)
        refusals.check_model(path, identity, config)
        model, notices = _inspected(path, vae_path, identity.family)
    for notice in notices:
        emit(notice)

    def attempt() -> str:
        return prediction.attempt(streamed(model.source.configs["unet"], model.files["unet"][0]))

    predicted = prediction.choose(attempt, path, identity, config, emit)
    if identity.is_zero_terminal and predicted == "v":
        emit(Warned(sd_messages.ZERO_TERMINAL(path=path)))
    model.objective = sampling.objective(predicted, identity.is_zero_terminal and predicted == "v")
    attention.choose(model, config.attention, emit)
    return model


def load_part(model: Model, part: str, dtype: torch.dtype, seen: Seen) -> torch.nn.Module:
    """See Family.load."""
    store, path = model.files[part]
    source = model.source
    fill(model.modules[part], part, store, path, dtype, seen)
    if files.stamps_there(source.path, source.vae) != source.stamps:
        raise ResourceFault(messages.CHANGED(path=source.path))
    return model.modules[part]


def _inspected(path: Path, vae_path: Path | None, family: str) -> tuple[Model, tuple[Warned, ...]]:
    """The model without weights, when nothing can be refused, and the warnings about it."""
    configs, is_standard = files.configs(path, family)
    store, spec = files.open_store(path, family), FAMILIES[family]
    configs["unet"] = files.linear_projection(configs["unet"], store)
    stores = dict.fromkeys(spec.names("denoiser", "text", "vae"), (store, path, "model.base"))
    if vae_path is not None:
        other, configs["vae"] = files.open_vae(vae_path, configs["vae"])
        stores["vae"] = (other, vae_path, "model.vae")
    modules = {
        part: frame(part, configs[part], own, at, is_standard, key) for part, (own, at, key) in stores.items()
    }
    shapes = {part: shapes_of(module) for part, module in modules.items()}
    unused = [
        name
        for part, (own, at, key) in stores.items()
        for name in extras.refuse_unknown(at, part, own, shapes[part], key)
    ]
    is_standard = is_standard and vae_path is None
    stamps = files.stamps(path, vae_path)
    source = Source(path, files.source_format(path), vae_path, configs, is_standard, stamps)
    tokens = {
        part: text.Tokens(text.tokenizer(spec.part(part), path, modules[part])) for part in spec.names("text")
    }
    places = {part: (own, at) for part, (own, at, _) in stores.items()}
    model = Model(spec, source, sampling.objective("epsilon"), modules, tokens, places)
    return model, tuple(extras.notices(path, store, shapes, unused))


def blank(part: str, config: Mapping[str, Any]) -> torch.nn.Module:
    """A part without weights, on the meta device. config: as in the part's config.json."""
    values = {key: value for key, value in config.items() if key not in SIZE_KEYS}
    refuse_endless(values)
    with torch.device("meta"):
        if part in _ENCODERS:
            # Nothing else of such a config concerns CLIP; some of it could name programs to fetch.
            known = architecture("sd1")["text_encoder"].keys()
            return _ENCODERS[part](CLIPTextConfig(**{key: values[key] for key in known & values.keys()}))
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


def fill(module: Any, part: str, store: Store, path: Path, dtype: torch.dtype, seen: Seen) -> torch.nn.Module:
    """The same module with its weights, see Family.load. Raises UserError when weights are not finite."""
    in_dtype = matrices(module)
    # Room for all of them first: made between the passing float32 ones they would leave holes as large.
    weights = {
        name: torch.empty(shape, dtype=dtype if name in in_dtype else torch.float32)
        for name, shape in shapes_of(module).items()
    }
    for name in weights:
        weight = store.read(part, name).to(torch.float32)
        if not is_finite(weight):
            raise UserError(messages.NOT_FINITE(path=path, part=part, tensor=name))
        seen(name, weight)
        weights[name].copy_(weight)
    module.load_state_dict(weights, assign=True)
    if part in _ENCODERS:
        # The one buffer that is in no file.
        positions = module.config.max_position_embeddings
        embeddings = getattr(module, "text_model", module).embeddings
        embeddings.position_ids = torch.arange(positions).expand((1, -1))
    assert not any(t.is_meta for t in (*module.parameters(), *module.buffers())), part
    filled: torch.nn.Module = module.requires_grad_(False).eval()
    return filled


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
