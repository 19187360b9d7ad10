"""What a file or folder of weights is, from names and shapes alone: nothing in it is loaded or run."""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import Problem, UserError
from core.formats import beside, pickles
from core.formats.header import ITEM_BYTES, TensorTable, read_header, unreadable

FAMILY_NAMES: Mapping[str, str] = {
    "sd1": "SD1", "sd2": "SD2", "sdxl": "SDXL", "sdxl-refiner": "SDXL refiner", "sd3": "SD3", "flux": "Flux",
    "zimage": "Z-Image", "qwen": "Qwen-Image", "cascade": "Stable Cascade", "pixart": "PixArt",
}  # fmt: skip
"""Families that are recognised, so that a message can say what a file is; not all can be trained."""

CONTEXT_FAMILY = {768: "sd1", 1024: "sd2", 2048: "sdxl", 1280: "sdxl-refiner"}
"""Width of the text states a U-Net takes -> its family."""

# Part of a tensor name -> family of a whole model that has it.
_FOREIGN = (
    ("conditioner.embedders.1.", "sdxl"),
    ("conditioner.embedders.0.model.", "sdxl-refiner"),
    ("joint_blocks.0.", "sd3"),
    ("double_blocks.0.", "flux"),
    ("single_transformer_blocks.0.", "flux"),
    ("noise_refiner.0.", "zimage"),
    ("transformer_blocks.0.img_mod.", "qwen"),
    ("clip_txt_pooled_mapper.", "cascade"),
    ("y_embedder.y_proj.", "pixart"),
)

_INPUT_VARIANT = {9: "inpainting", 8: "instruct-pix2pix", 5: "depth", 7: "upscaler"}
_VERSION_PREDICTION = {"sd_v1": "epsilon", "sd_v1_v": "v", "sd_v2": "epsilon", "sd_v2_v": "v"}
"""sd-scripts' name of the model that a file was trained on -> its prediction."""

_SCHEDULER_PREDICTION = {"epsilon": "epsilon", "v_prediction": "v"}
_ALPHA_CODES = {"F64": "<d", "F32": "<f", "F16": "<e", "BF16": "<f", "I64": "<q", "I32": "<i"}
_LORA_MARKS = (
    ".lora_down.", ".lora_up.", ".lora_A.", ".lora_B.", ".lora.down.", ".lora.up.", "_lora.down.",
    "_lora.up.", ".lora_linear_layer.",
)  # fmt: skip
_LYCORIS_MARKS = (
    ".hada_w1", ".lokr_w1", ".lokr_w2", ".oft_blocks", ".oft_diag", ".glora", ".ia3", ".on_input",
)  # fmt: skip
_RANK_MARKS = (".lora_down.", ".lora_A.", "lora.down.", "layer.down.", ".hada_w1_b", ".lokr_w2_b")
"""Parts of the names of tensors whose first side is the rank."""
_PIPELINES = {
    "StableDiffusionPipeline": "", "StableDiffusionImg2ImgPipeline": "",
    "StableDiffusionInpaintPipeline": "inpainting",
    "StableDiffusionXLPipeline": "sdxl", "StableDiffusion3Pipeline": "sd3", "FluxPipeline": "flux",
    "ZImagePipeline": "zimage", "QwenImagePipeline": "qwen",
}  # fmt: skip


@dataclass(frozen=True)
class Identity:
    """What a file is.

    kind: model, vae, lora, lycoris, embedding, text_encoder, controlnet, state or unknown.
    family: a key of FAMILY_NAMES, or "". variant: "inpainting", "base", "768-v", "unet" (only the U-Net),
    ... or "". prediction: "epsilon", "v", or "" when it can't be known from names. format: "ldm",
    "diffusers", "kohya", "peft" or "". dtypes: type of the numbers -> how many tensors. rank, alpha: the
    commonest, of an add-on. modules: how many an add-on changes. parameters: numbers in all.
    tells_prediction: the prediction is not just what its family usually predicts.
    """

    kind: str = "unknown"
    family: str = ""
    variant: str = ""
    prediction: str = ""
    format: str = ""
    dtypes: dict[str, int] = field(default_factory=dict)
    rank: int | None = None
    alpha: float | None = None
    modules: int | None = None
    parameters: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    tells_prediction: bool = False

    def to_json(self) -> dict[str, Any]:
        """The record that `inspect --json` prints."""
        return {
            "kind": self.kind,
            "family": self.family or None,
            "variant": self.variant or None,
            "prediction": self.prediction or None,
            "format": self.format or None,
            "dtypes": self.dtypes,
            "rank": self.rank,
            "alpha": self.alpha,
            "modules": self.modules,
            "parameters": self.parameters,
            "metadata": self.metadata,
            "problems": [{"code": p.code, "path": p.path, "message": p.en} for p in self.problems],
        }


def identify(path: Path) -> Identity:
    """What the file or folder at `path` is; a damaged one is "unknown" with its problem, no exception."""
    try:
        if path.is_dir():
            return _folder(path)
        tensors, metadata = table(path)
    except UserError as error:
        return Identity(problems=error.problems)
    found = classify(tensors, metadata)
    if found.kind == "model" and not found.tells_prediction:
        told = _prediction_beside(path)
        if told:
            return _predicting(found, told)
    if found.kind in ("lora", "lycoris") and found.alpha is None:
        return replace(found, alpha=_alpha_of_file(path, tensors))
    return found


def _prediction_beside(path: Path) -> str:
    """What the configs or the .yaml beside a single file say that it predicts."""
    config = _json(path.with_name(f"{path.stem}_config") / "scheduler" / "scheduler_config.json") or {}
    told = _SCHEDULER_PREDICTION.get(str(config.get("prediction_type", "")), "")
    return told or beside.prediction(path)


def _predicting(found: Identity, prediction: str) -> Identity:
    """The same model with what it predicts; of SD2 that names the variant too."""
    variant = found.variant
    if found.family == "sd2" and not variant:
        variant = "768-v" if prediction == "v" else "base"
    return replace(found, prediction=prediction, variant=variant, tells_prediction=True)


def table(path: Path) -> tuple[TensorTable, dict[str, str]]:
    """Types and shapes of a file's tensors by name, and its metadata. Raises UserError when it is damaged."""
    if not path.exists():
        raise unreadable(path, FileNotFoundError())
    if pickles.is_pickle(path):
        listing = pickles.read(path)
        return {name: (place.dtype, place.shape) for name, place in listing.tensors.items()}, listing.metadata
    header = read_header(path)
    return header.tensors, header.metadata


def classify(tensors: TensorTable, metadata: Mapping[str, str]) -> Identity:
    """What a file with these tensors is."""
    found = _kind(tensors, metadata)
    return replace(
        found,
        dtypes=dict(Counter(dtype for dtype, _ in tensors.values())),
        parameters=sum(math.prod(shape) for _, shape in tensors.values()),
        metadata=dict(metadata),
    )


def _kind(tensors: TensorTable, metadata: Mapping[str, str]) -> Identity:
    def has(*starts: str) -> bool:
        return any(name.startswith(starts) for name in tensors)

    is_lycoris = any(mark in name for name in tensors for mark in _LYCORIS_MARKS)
    if is_lycoris or any(mark in name for name in tensors for mark in _LORA_MARKS):
        return _add_on(tensors, metadata, "lycoris" if is_lycoris else "lora")
    if has("control_model.", "controlnet_", "input_hint_block.", "lllite_"):
        return Identity(
            "controlnet", _context_family(tensors), format="ldm" if has("control_model.") else "diffusers"
        )
    foreign = next((family for mark, family in _FOREIGN if any(mark in name for name in tensors)), "")
    if foreign:
        return Identity(
            "model", foreign, format="ldm" if has("model.diffusion_model.", "conditioner.") else "diffusers"
        )
    if has("model.diffusion_model."):
        return _single_file(tensors, metadata)
    if has("time_embedding.linear_1.") and has("down_blocks.0."):
        return Identity("model", _context_family(tensors), "unet", format="diffusers")
    if has("first_stage_model.", "encoder.down.0.", "decoder.up.0."):
        return Identity("vae", format="ldm")
    if has("encoder.down_blocks.0.", "decoder.up_blocks.0."):
        return Identity("vae", format="diffusers")
    if has(
        "cond_stage_model.", "text_model.encoder.", "encoder.layers.0.self_attn.", "transformer.resblocks.0."
    ):
        return Identity("text_encoder", format="ldm" if has("cond_stage_model.") else "diffusers")
    return _embedding(tensors)


def _single_file(tensors: TensorTable, metadata: Mapping[str, str]) -> Identity:
    names = tensors.keys()
    if any(name.startswith("cond_stage_model.model.") for name in names):
        family = "sd2"
    elif any(name.startswith("cond_stage_model.transformer.") for name in names):
        family = "sd1"
    else:
        family = _context_family(tensors)
    prediction = _metadata_prediction(metadata) or ("v" if "v_pred" in tensors else "")
    first = tensors.get("model.diffusion_model.input_blocks.0.0.weight", ("", ()))[1]
    variant = _INPUT_VARIANT.get(first[1], "") if len(first) == 4 else ""
    if not any(name.startswith(("cond_stage_model.", "first_stage_model.")) for name in names):
        variant = variant or "unet"
    found = Identity("model", family, variant, "epsilon" if family == "sd1" else "", "ldm")
    return _predicting(found, prediction) if prediction else found


def _metadata_prediction(metadata: Mapping[str, str]) -> str:
    named = metadata.get("modelspec.prediction_type", "")
    if named in ("epsilon", "v", "v_prediction"):
        return "epsilon" if named == "epsilon" else "v"
    architecture = metadata.get("modelspec.architecture", "")
    if "768-v" in architecture or "v2-512" in architecture:
        return "v" if "768-v" in architecture else "epsilon"
    return _VERSION_PREDICTION.get(metadata.get("ss_base_model_version", ""), "")


def _context_family(tensors: TensorTable) -> str:
    """The family, from how wide the text states are that the cross-attention takes."""
    widths = (s[1] for n, (_, s) in tensors.items() if n.endswith("attn2.to_k.weight") and len(s) == 2)
    return CONTEXT_FAMILY.get(next(widths, 0), "")


def _add_on(tensors: TensorTable, metadata: Mapping[str, str], kind: str) -> Identity:
    ranks: Counter[int] = Counter()
    modules: set[str] = set()
    for name, (_, shape) in tensors.items():
        for mark in (*_LORA_MARKS, *_LYCORIS_MARKS, ".alpha", ".dora_scale"):
            if mark in name:
                modules.add(name[: name.index(mark)])
                break
        if shape and any(mark in name for mark in _RANK_MARKS):
            ranks[shape[0]] += 1
    rank = ranks.most_common(1)[0][0] if ranks else None
    is_kohya = any(name.startswith("lora_") for name in tensors)
    alpha = metadata.get("ss_network_alpha", "")
    return Identity(
        kind,
        _add_on_family(tensors, metadata),
        prediction=_metadata_prediction(metadata),
        format="kohya" if is_kohya else "peft",
        rank=rank,
        alpha=float(alpha) if _is_number(alpha) else None,
        modules=len(modules),
    )


def _add_on_family(tensors: TensorTable, metadata: Mapping[str, str]) -> str:
    version = metadata.get("ss_base_model_version", "") + " " + metadata.get("modelspec.architecture", "")
    for mark, family in (
        ("sdxl", "sdxl"), ("-xl-", "sdxl"), ("sd_v2", "sd2"), ("diffusion-v2", "sd2"), ("sd_v1", "sd1"),
        ("diffusion-v1", "sd1"), ("sd3", "sd3"), ("diffusion-3", "sd3"), ("flux", "flux"),
    ):  # fmt: skip
        if mark in version.lower():
            return family
    if any(name.startswith(("lora_te2_", "text_encoder_2.")) for name in tensors):
        return "sdxl"
    for name, (_, shape) in tensors.items():
        if "double_blocks" in name or "single_transformer_blocks" in name:
            return "flux"
        is_input = any(mark in name for mark in (".lora_down.", ".lora_A.", "lora.down.", ".hada_w1_b"))
        if is_input and ("attn2_to_k" in name or "attn2.to_k" in name) and len(shape) >= 2:
            return CONTEXT_FAMILY.get(shape[1], "")
        if is_input and "self_attn_q_proj" in name.replace(".", "_") and shape[1:] in ((768,), (1024,)):
            return CONTEXT_FAMILY[shape[1]]
    return ""


def _embedding(tensors: TensorTable) -> Identity:
    marks = {"emb_params", "clip_l", "clip_g", "string_to_param.*"}
    single = [shape for _, shape in tensors.values()] if len(tensors) == 1 else []
    widths = [shape[-1] for name, (_, shape) in tensors.items() if name in marks and shape] or [
        s[-1] for s in single if s
    ]
    if not widths or not (marks & tensors.keys() or widths[0] in CONTEXT_FAMILY):
        return Identity()
    is_sdxl = "clip_g" in tensors
    return Identity("embedding", "sdxl" if is_sdxl else CONTEXT_FAMILY.get(widths[0], ""))


def _alpha_of_file(path: Path, tensors: TensorTable) -> float | None:
    """The commonest value of the one-number `.alpha` tensors, which are the only numbers that are read."""
    if pickles.is_pickle(path):
        places = pickles.read(path).tensors
        begins = {
            name: place.begin + place.offset * ITEM_BYTES[place.dtype] for name, place in places.items()
        }
    else:
        begins = {name: begin for name, (begin, _) in read_header(path).spans.items()}
    values: Counter[float] = Counter()
    with path.open("rb") as file:
        for name, (dtype, shape) in tensors.items():
            if name.endswith(".alpha") and math.prod(shape) == 1 and dtype in _ALPHA_CODES:
                file.seek(begins[name])
                raw = file.read(ITEM_BYTES[dtype])
                # bfloat16 is the upper half of a float32.
                raw = b"\0\0" + raw if dtype == "BF16" else raw
                values[float(struct.unpack(_ALPHA_CODES[dtype], raw)[0])] += 1
    return values.most_common(1)[0][0] if values else None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _folder(path: Path) -> Identity:
    if (path / "state.json").is_file():
        return Identity("state")
    config = _json(path / "model_index.json")
    if config is None:
        config = _json(path / "config.json") or {}
        kinds = {"AutoencoderKL": "vae", "UNet2DConditionModel": "model", "ControlNetModel": "controlnet"}
        kind = kinds.get(str(config.get("_class_name")), "unknown")
        if kind == "unknown" and "CLIPTextModel" in (config.get("architectures") or []):
            kind = "text_encoder"
        if kind == "unknown":
            return Identity(problems=(_no_model(path),))
        tables = [table(file)[0] for file in _weight_files(path)]
        return replace(
            _counted(tables), kind=kind, format="diffusers", variant="unet" if kind == "model" else ""
        )
    return _model_folder(path, config)


def _model_folder(path: Path, index: dict[str, Any]) -> Identity:
    pipeline = str(index.get("_class_name", ""))
    if pipeline not in _PIPELINES:
        en = f"{path}: model_index.json names the pipeline {pipeline or '(none)'}, which is not known here."
        ja = f"{path}：model_index.jsonのパイプライン{pipeline or '（なし）'}には対応していません。"
        return Identity(format="diffusers", problems=(Problem("E-MODEL-KIND", en, ja, path=str(path)),))
    family = _PIPELINES[pipeline]
    unet = _json(path / "unet" / "config.json") or {}
    text = _json(path / "text_encoder" / "config.json") or {}
    scheduler = _json(path / "scheduler" / "scheduler_config.json") or {}
    variant = _INPUT_VARIANT.get(int(unet.get("in_channels", 4)), "")
    if family in ("", "inpainting"):
        # SD1's text encoder is OpenAI's CLIP with its quick_gelu, SD2's is OpenCLIP's with the plain one.
        known = CONTEXT_FAMILY.get(unet.get("cross_attention_dim") or 0, "")
        family = known or ("sd1" if text.get("hidden_act", "quick_gelu") == "quick_gelu" else "sd2")
    prediction = _SCHEDULER_PREDICTION.get(str(scheduler.get("prediction_type", "")), "")
    if family == "sd1" and not prediction:
        # As Diffusers reads a scheduler that does not say it.
        prediction = "epsilon"
    tables = []
    for part in sorted(place for place in path.iterdir() if place.is_dir()):
        if (part / "config.json").is_file() and part.name in index:
            tables += [table(file)[0] for file in _weight_files(part)]
    found = replace(_counted(tables), kind="model", family=family, variant=variant, format="diffusers")
    return _predicting(found, prediction) if prediction else found


def _counted(tables: Iterable[TensorTable]) -> Identity:
    entries = [entry for tensors in tables for entry in tensors.values()]
    return Identity(
        dtypes=dict(Counter(dtype for dtype, _ in entries)),
        parameters=sum(math.prod(shape) for _, shape in entries),
    )


def _weight_files(folder: Path) -> list[Path]:
    """The plain .safetensors files of a folder, else its .bin files; variants (.fp16) only when alone."""
    for suffix in (".safetensors", ".bin"):
        files = sorted(folder.glob(f"*{suffix}"))
        plain = [file for file in files if not any(part in (".fp16", ".non_ema") for part in file.suffixes)]
        if files:
            return plain or files[:1]
    return []


def _json(path: Path) -> dict[str, Any] | None:
    """A JSON table, or None when there is none that can be read."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _no_model(path: Path) -> Problem:
    return Problem(
        "E-MODEL-KIND",
        f"{path} is a folder without model_index.json, so no Diffusers model. "
        "Choose the model's own folder or its file.",
        f"{path} にはmodel_index.jsonがなく、Diffusersモデルのフォルダではありません。"
        "モデルのフォルダかファイルを選んでください。",
        path=str(path),
    )
