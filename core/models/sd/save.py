"""From modules back to a file or folder: trained parts from memory, the rest bit for bit from the source."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import diffusers
import torch
from torch import Tensor

from core.errors import UserError
from core.families import FAMILIES
from core.formats import checkpoint, tensors
from core.formats.identify import identify
from core.formats.json_file import read_table
from core.formats.metadata import carried
from core.formats.store import Store
from core.formats.tensor_bytes import DTYPES
from core.formats.tensors import PRECISIONS, Lazy, Watch, watched
from core.formats.weight_file import TensorFile
from core.models import tokens
from core.models.family import Edit, Model
from core.models.sd import extras, files, inference_yaml, load, prediction, tensor_names, text
from core.models.sd.configs import Config, architecture, schedule
from core.models.sd.files import CONFIG_KEY
from core.models.sd.sampling import is_zero_terminal, zero_terminal
from core.reading import reading

SUFFIXES = {"safetensors": ".safetensors", "ckpt": ".ckpt"}
FOLDER_SUFFIXES = {"diffusers": ".bin", "diffusers_safetensors": ".safetensors"}

SIZES = {
    "block_out_channels", "layers_per_block", "norm_num_groups", "attention_head_dim", "cross_attention_dim",
    "in_channels", "latent_channels", "hidden_size", "intermediate_size", "num_attention_heads",
    "num_hidden_layers", "hidden_act", "transformer_layers_per_block",
}  # fmt: skip
"""Entries of the configs that the weights' shapes do not tell, or not without doubt."""

_CLIP, _TOKENIZER = ["transformers", "CLIPTextModel"], ["transformers", "CLIPTokenizer"]
_SD_INDEX: Mapping[str, object] = {
    "_class_name": "StableDiffusionPipeline", "feature_extractor": [None, None],
    "requires_safety_checker": False, "safety_checker": [None, None], "text_encoder": _CLIP,
    "tokenizer": _TOKENIZER, "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}  # fmt: skip
_INDEX: Mapping[str, Mapping[str, object]] = {
    "sd1": _SD_INDEX,
    "sd2": _SD_INDEX,
    "sdxl": {
        "_class_name": "StableDiffusionXLPipeline", "add_watermarker": None,
        "feature_extractor": [None, None], "force_zeros_for_empty_prompt": True,
        "image_encoder": [None, None], "text_encoder": _CLIP,
        "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"], "tokenizer": _TOKENIZER,
        "tokenizer_2": _TOKENIZER, "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    },
}  # fmt: skip
"""model_index.json of a folder, beside the scheduler."""

_SCHEDULERS: Mapping[str, Config] = {
    "sd1": {"_class_name": "DDIMScheduler"},
    "sd2": {"_class_name": "DDIMScheduler"},
    "sdxl": {
        "_class_name": "EulerDiscreteScheduler", "interpolation_type": "linear",
        "timestep_spacing": "leading", "use_karras_sigmas": False,
    },
}  # fmt: skip
"""The scheduler of a folder that was no folder before, as those of the real models name it."""

KNOWN_SCHEDULERS = {
    "DDIMScheduler", "DDPMScheduler", "PNDMScheduler", "LMSDiscreteScheduler", "EulerDiscreteScheduler",
    "EulerAncestralDiscreteScheduler", "DPMSolverMultistepScheduler", "UniPCMultistepScheduler",
}  # fmt: skip
"""Scheduler classes of Diffusers that a folder may keep naming."""


def save(
    model: Model,
    path: Path,
    save_as: str,
    precision: str,
    metadata: Mapping[str, str],
    weights: Mapping[str, Mapping[str, Tensor]] | None = None,
) -> Path:
    """See Family.save. What else a single-file source holds stays."""
    weights = weights or {}
    save_as = model.source.save_as if save_as == "auto" else save_as
    dtype = PRECISIONS[precision]
    stores = _stores(model)
    found: dict[str, dict[str, Lazy]] = {}
    changed = set()
    for part, module in model.modules.items():
        live = weights.get(part) or module.state_dict()
        store = stores[part]
        keep = store is not None and _is_unchanged(store, part, live)
        if not keep:
            changed.add(part)
        found[part] = {
            name: _from_source(store, part, name, dtype)
            if keep and store is not None
            else tensors.of(tensor, dtype)
            for name, tensor in live.items()
        }
    source = model.source
    whole = Whole(
        source.path,
        model.spec.name,
        model.objective.name,
        source.configs,
        source.is_standard,
        is_zero_terminal(model.objective),
        is_unet_changed="unet" in changed,
    )
    told = {"modelspec.prediction_type": model.objective.name}
    return write(whole, path, save_as, found, told | dict(metadata), stores["unet"])


def _stores(model: Model) -> dict[str, Store | None]:
    """The source of each part, or None when its files are gone or no longer what was loaded."""
    source = model.source
    try:
        if files.stamps(source.path, source.vae) != source.stamps:
            return dict.fromkeys(model.modules)
        store = files.open_store(source.path, model.spec.name)
        stores: dict[str, Store | None] = dict.fromkeys(model.modules, store)
        if source.vae is not None:
            stores["vae"] = files.open_vae(source.vae, source.configs["vae"])[0]
    except (OSError, UserError):
        # The training is worth more than the source: everything is then written from memory.
        return dict.fromkeys(model.modules)
    return stores


def _is_unchanged(store: Store, part: str, live: Mapping[str, Tensor]) -> bool:
    """Whether every weight of a part is the source's own, cast to the type it has in memory."""
    shapes = store.shapes(part)
    return all(
        shapes.get(name) == tuple(tensor.shape)
        and torch.equal(store.read(part, name).to(torch.float32).to(tensor.dtype), tensor.detach().cpu())
        for name, tensor in live.items()
    )


def _from_source(
    store: Store, part: str, name: str, dtype: torch.dtype | None, edit: Edit | None = None
) -> Lazy:
    own = store.dtype(part, name)
    wanted = own if dtype is None or not own.is_floating_point else dtype

    def read() -> Tensor:
        weight = store.read(part, name)
        if edit is not None and edit.touches(part, name):
            weight = edit.change(part, name, weight.float())
        return weight.to(wanted)

    return Lazy(wanted, store.shape(part, name), read)


def convert(
    source: Path,
    family: str,
    target: Path,
    save_as: str,
    precision: str,
    watch: Watch | None = None,
    edit: Edit | None = None,
) -> Path:
    """See Family.convert."""
    dtype = PRECISIONS[precision]
    save_as = files.source_format(source) if save_as == "auto" else save_as
    found: dict[str, dict[str, Lazy]] = {}
    with reading(source, "E-MODEL-BAD"):
        configs, is_standard = files.configs(source, family)
        store = files.open_store(source, family)
        configs["unet"] = files.linear_projection(configs["unet"], store)
        identity = identify(source)
        for part in configs:
            wanted = load.shapes_of(load.frame(part, configs[part], store, source, is_standard))
            extras.refuse_unknown(source, part, store, wanted, "")
            found[part] = {name: _from_source(store, part, name, dtype, edit) for name in wanted}
    # A folder has to say what it predicts, and so has the .yaml beside a single file.
    known = identity.prediction or prediction.attempt(load.streamed(configs["unet"], store))
    ends_in_noise = identity.is_zero_terminal and known == "v"
    is_changed = edit is not None and edit.touches("unet")
    whole = Whole(source, family, known, configs, is_standard, ends_in_noise, is_changed)
    told = {"modelspec.prediction_type": known}
    told |= carried(identity.metadata, is_changed=edit is not None)
    told |= edit.metadata if edit is not None else {}
    return write(whole, target, save_as, found, told, store, watch, is_new=True)


@dataclass(frozen=True)
class Whole:
    """What is written beside the weights. is_standard: the sizes are the real models', so not told.

    zero_terminal_snr: the noise schedule was rescaled to end in pure noise, which a folder has to say.
    is_unet_changed: averaged weights of the source are no longer those of this U-Net.
    """

    source: Path
    family: str
    prediction: str
    configs: Mapping[str, Config]
    is_standard: bool
    zero_terminal_snr: bool = False
    is_unet_changed: bool = False

    @property
    def marks(self) -> list[str]:
        """Names of empty tensors that tell programs what a single file of SDXL predicts and over which noise.

        Source: ComfyUI, comfy/supported_models.py, SDXL.model_type.
        """
        is_told = self.family == "sdxl" and self.prediction == "v"
        return ["v_pred"] * is_told + ["ztsnr"] * (is_told and self.zero_terminal_snr)


_MARK = Lazy(torch.float32, (0,), lambda: torch.empty(0))


def write(
    whole: Whole,
    path: Path,
    save_as: str,
    found: Mapping[str, Mapping[str, Lazy]],
    metadata: Mapping[str, str],
    base: Store | None,
    watch: Watch | None = None,
    *,
    is_new: bool = False,
) -> Path:
    """Write parts as a single file or a folder.

    base: the source, whose other contents a file keeps. is_new: no file is replaced.
    """
    if save_as in SUFFIXES:
        out = to_single_file(found, whole.family, base, whole.is_unet_changed)
        out |= {name: _MARK for name in whole.marks if name not in out}
        sizes = {} if whole.is_standard else _own_sizes(whole.configs, whole.family)
        place = tensors.with_suffix(path, SUFFIXES[save_as])
        place = tensors.save(place, watched(out, watch), {**metadata, **sizes}, is_new=is_new)
        if whole.family == "sd2":
            inference_yaml.write(place, whole.prediction, whole.configs)
        return place
    seen = {part: watched(weights, watch) for part, weights in found.items()}
    suffix, spec = FOLDER_SUFFIXES[save_as], FAMILIES[whole.family]
    return checkpoint.save_folder(path, seen, folder_texts(whole), suffix, spec)


def to_single_file(
    found: Mapping[str, Mapping[str, Lazy]], family: str, base: Store | None, is_unet_changed: bool
) -> dict[str, Lazy]:
    """Parts laid out as a single file, with what else the source holds or other programs expect there.

    Not with averages of weights that have changed since, nor with broken positions of the text encoder.
    """
    slots = {part: tensor_names.from_module(part, named, family) for part, named in found.items()}
    out = checkpoint.to_file(slots, found)
    if base is not None and base.path.is_file():
        written = {
            base.places[part][name][1].name
            for part in found
            for name in found[part]
            if name in base.places[part]
        }
        stale = extras.EMA if is_unet_changed else "\0"
        [file] = base.files
        out |= {
            name: _as_it_is(file, name)
            for name, (dtype, _) in file.tensors.items()
            if dtype in DTYPES and name not in written | out.keys() and not name.startswith(stale)
        }
        out |= extras.broken_positions(base)
    elif family == "sd2":
        out |= _last_layer(out)
    elif family == "sdxl":
        out |= _never_read(out)
    return out


def _as_it_is(file: TensorFile, name: str) -> Lazy:
    """A tensor of another program's, whose numbers are not judged."""
    return replace(tensors.from_file(file, name), is_checked=False)


def _last_layer(out: Mapping[str, Lazy]) -> dict[str, Lazy]:
    """OpenCLIP's last layer and projection, which nothing uses but A1111-style programs want to find.

    A copy of the layer before and ones, as sd-scripts writes them.
    """
    root = tensor_names.PLACES["sd2"]["text_encoder"].root
    start = f"{root}transformer.resblocks."
    last = max(int(name[len(start) :].split(".")[0]) for name in out if name.startswith(start))
    layer = {
        name.replace(f"{start}{last}.", f"{start}{last + 1}."): lazy
        for name, lazy in out.items()
        if name.startswith(f"{start}{last}.")
    }
    norm = out[f"{root}ln_final.weight"]
    width = norm.shape[0]
    return layer | {
        f"{root}text_projection": Lazy(
            norm.dtype, (width, width), lambda: torch.ones(width, width, dtype=norm.dtype)
        ),
        f"{root}logit_scale": Lazy(norm.dtype, (), lambda: torch.ones((), dtype=norm.dtype)),
    }


def _never_read(out: Mapping[str, Lazy]) -> dict[str, Lazy]:
    """What SDXL's single files hold of CLIP and a folder does not: positions, and the scale of its logits.

    The scale is at its bound, where the training of CLIP left it.
    Source: Radford et al. 2021, arXiv:2103.00020, section 2.5.
    """
    [table] = (name for name in out if name.endswith("embeddings.position_embedding.weight"))
    scale = f"{tensor_names.PLACES['sdxl']['text_encoder_2'].root}logit_scale"
    count, dtype = out[table].shape[0], out[table].dtype
    return {
        table.replace("position_embedding.weight", extras.POSITIONS): Lazy(
            torch.int64, (1, count), lambda: torch.arange(count)[None]
        ),
        scale: Lazy(dtype, (), lambda: torch.tensor(math.log(100), dtype=dtype)),
    }


def _own_sizes(configs: Mapping[str, Config], family: str) -> dict[str, str]:
    """The configs as metadata, when a file of these sizes could not be loaded without them."""
    standard = architecture(family)
    if all(
        _same(configs[part].get(key, usual[key]), usual[key])
        for part, usual in standard.items()
        for key in SIZES & usual.keys()
    ):
        return {}
    return {CONFIG_KEY: json.dumps({part: dict(configs[part]) for part in standard})}


def _same(value: object, usual: object) -> bool:
    return (list(value) if isinstance(value, tuple) else value) == usual


def folder_texts(whole: Whole) -> dict[str, str]:
    """The small files of a Diffusers folder: path in the folder -> contents. Nothing is downloaded.

    Tokenizer and scheduler are those of the source folder where there is one, else made here.
    """
    index = {**_INDEX[whole.family], "_diffusers_version": "0.42.0"}
    told = {**_SCHEDULERS[whole.family], **schedule(whole.prediction)}
    own = _own_scheduler(whole.source)
    if str(own.get("_class_name", "")) in KNOWN_SCHEDULERS:
        told = own | {"prediction_type": told["prediction_type"]}
    if whole.zero_terminal_snr:
        told |= zero_terminal(getattr(diffusers, str(told["_class_name"])), whole.prediction)
    values = {
        "model_index.json": index | {"scheduler": ["diffusers", told["_class_name"]]},
        "scheduler/scheduler_config.json": told,
        **{f"{part}/config.json": dict(config) for part, config in whole.configs.items()},
    }
    texts = {name: json.dumps(value, indent=2) for name, value in values.items()}
    spec = FAMILIES[whole.family]
    for part in map(spec.part, spec.names("text")):
        folder = text.folder_of(part.name)
        made = {
            f"{folder}/{n}": content for n, content in tokens.files(text.pad_token(part.pad_token_id)).items()
        }
        texts |= _own_tokenizer(whole.source, folder) or made
    return texts


def _own_scheduler(source: Path) -> dict[str, Any]:
    """What a source folder says of its scheduler; nothing where it can't be read (any more).

    A training that is over is worth more than this.
    """
    try:
        return read_table(source / "scheduler" / "scheduler_config.json")
    except UserError:
        return {}


def _own_tokenizer(source: Path, folder: str) -> dict[str, str]:
    """The small text files of a source folder's tokenizer: path in the folder -> contents; none likewise."""
    files = sorted((source / folder).glob("*")) if source.is_dir() else []
    try:
        with reading(source):
            return {
                f"{folder}/{file.name}": file.read_text(encoding="utf-8")
                for file in files
                if file.suffix in (".json", ".txt")
            }
    except UserError:
        return {}
