"""What a file of weights is, from the names and shapes of its tensors and its metadata alone."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.catalog import FAMILIES, Words
from core.errors import Problem
from core.formats import lora_kinds, messages
from core.formats.header import TensorTable
from core.reading import short

FAMILY_NAMES: Mapping[str, str] = {
    "sd1": "SD1", "sd2": "SD2", "sdxl": "SDXL", "sdxl-refiner": "SDXL refiner", "sd3": "SD3", "flux": "Flux",
    "zimage": "Z-Image", "qwen": "Qwen-Image", "cascade": "Stable Cascade", "pixart": "PixArt",
}  # fmt: skip
"""Families that are recognised, so that a message can say what a file is; not all can be trained."""

CONTEXT_FAMILY = {family.context_dim: name for name, family in FAMILIES.items()} | {
    2048: "sdxl", 1280: "sdxl-refiner",
}  # fmt: skip
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

INPUT_VARIANT = {9: "inpainting", 8: "instruct-pix2pix", 5: "depth", 7: "upscaler"}
_VERSION_PREDICTION = {"sd_v1": "epsilon", "sd_v1_v": "v", "sd_v2": "epsilon", "sd_v2_v": "v"}
"""sd-scripts' name of the model that a file was trained on -> its prediction."""

_RANK_MARKS = (".lora_down.", ".lora_A.", "lora.down.", "layer.down.", ".hada_w1_b", ".lokr_w2_b")
"""Parts of the names of tensors whose first side is the rank."""

_ADD_ON_ENDS = re.compile(
    r"\.(lora_|lora\.|processor\.|hada_|lokr_|oft_|boft_|glora|ia3|on_input|[ab][12]\.weight|[wb]_norm|"
    r"(diff|diff_b|alpha|dora_scale|scalar)$)|:(up|down)$|_lora\."
)
"""Where the name of the module ends in the name of one of its tensors."""

_UPSCALERS = (".RDB1.conv", ".rdb1.conv", ".residual_group.blocks.", "model.1.sub.")
_WHOLE_NUMBERS = ("I8", "U8", "I16", "U16", "BOOL", "I4", "U4", "F4", "F6_E2M3", "F6_E3M2", "F8_E8M0")
"""Types of numbers that weights are only stored in by programs that quantise them."""


KINDS: Mapping[str, Words] = {
    "model": Words("whole model", "モデル全体"),
    "vae": Words("VAE", "VAE"),
    "lora": Words("LoRA", "LoRA"),
    "lycoris": Words("LyCORIS adapter", "LyCORIS"),
    "embedding": Words("textual inversion embedding", "Textual Inversionのembedding"),
    "text_encoder": Words("text encoder", "Text Encoder"),
    "controlnet": Words("ControlNet", "ControlNet"),
    "state": Words("training state", "学習状態"),
    "unknown": Words("unknown", "不明"),
}
"""What a file of weights may be, in words."""


@dataclass(frozen=True)
class Identity:
    """What a file is.

    kind: model, vae, lora, lycoris, embedding, text_encoder, controlnet, state or unknown.
    family: a key of FAMILY_NAMES, or "". variant: "inpainting", "base", "768-v", "unet" (only the U-Net),
    ... or ""; of an adapter its algorithm when it is more than a plain LoRA; "upscaler" also of what is no
    model here. prediction: "epsilon", "v", or "" when it can't be known from names. format: "ldm",
    "diffusers", "kohya", "peft" or "". dtypes: type of the numbers -> how many tensors. rank, alpha: the
    commonest, of an adapter. modules: how many an adapter changes. parameters: numbers in all.
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


def classify(tensors: TensorTable, metadata: Mapping[str, str]) -> Identity:
    """What a file with these tensors is."""
    found = _kind(tensors, metadata)
    packed = next(
        (n for n, (dtype, shape) in tensors.items() if dtype in _WHOLE_NUMBERS and len(shape) > 1), ""
    )
    problems: tuple[Problem, ...] = ()
    if packed and found.kind != "unknown":
        problems = (messages.QUANTISED(dtype=tensors[packed][0], tensor=short(packed)),)
    return replace(
        found,
        dtypes=dict(Counter(dtype for dtype, _ in tensors.values())),
        parameters=sum(math.prod(shape) for _, shape in tensors.values()),
        metadata=dict(metadata),
        problems=problems,
    )


def _kind(tensors: TensorTable, metadata: Mapping[str, str]) -> Identity:
    lines = "\n" + "\n".join(tensors)

    def has(*starts: str) -> bool:
        return any(f"\n{start}" in lines for start in starts)

    marked = next((f for f in FAMILIES.values() if f.marks and {*f.marks} <= tensors.keys()), None)
    if marked is not None:
        return Identity("model", marked.name, prediction=next(iter(marked.titles)))
    lycoris = lora_kinds.lycoris(tensors)
    if lycoris or lora_kinds.is_lora(tensors):
        return _adapter(tensors, metadata, lycoris)
    if has("control_model.", "controlnet_", "input_hint_block.", "lllite_"):
        return Identity(
            "controlnet", _context_family(tensors), format="ldm" if has("control_model.") else "diffusers"
        )
    foreign = next((family for mark, family in _FOREIGN if mark in lines), "")
    if foreign:
        return Identity(
            "model", foreign, format="ldm" if has("model.diffusion_model.", "conditioner.") else "diffusers"
        )
    if has("model.diffusion_model."):
        return _single_file(tensors, metadata, has)
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
    first = next((s for n, (_, s) in tensors.items() if n in ("model.0.weight", "conv_first.weight")), ())
    if any(mark in lines for mark in _UPSCALERS) or len(first) == 4:
        return Identity("unknown", variant="upscaler")
    return _embedding(tensors)


def _single_file(tensors: TensorTable, metadata: Mapping[str, str], has: Callable[..., bool]) -> Identity:
    if has("cond_stage_model.model."):
        family = "sd2"
    elif has("cond_stage_model.transformer."):
        family = "sd1"
    else:
        family = _context_family(tensors)
    prediction = _metadata_prediction(metadata) or ("v" if "v_pred" in tensors else "")
    first = tensors.get("model.diffusion_model.input_blocks.0.0.weight", ("", ()))[1]
    variant = INPUT_VARIANT.get(first[1], "") if len(first) == 4 else ""
    if not has("cond_stage_model.", "first_stage_model."):
        variant = variant or "unet"
    elif has("model.diffusion_model.label_emb."):
        variant = variant or "unclip"
    found = Identity("model", family, variant, "epsilon" if family == "sd1" else "", "ldm")
    return predicting(found, prediction) if prediction else found


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


def _adapter(tensors: TensorTable, metadata: Mapping[str, str], lycoris: str) -> Identity:
    ranks: Counter[int] = Counter()
    modules: set[str] = set()
    for name, (_, shape) in tensors.items():
        end = _ADD_ON_ENDS.search(name)
        if end is not None and not lora_kinds.is_aside(name):
            modules.add(name[: end.start()])
        if shape and any(mark in name for mark in _RANK_MARKS):
            ranks[shape[0]] += 1
    alpha = metadata.get("ss_network_alpha", "")
    return Identity(
        "lycoris" if lycoris else "lora",
        _adapter_family(tensors, metadata),
        variant=lycoris or lora_kinds.beyond(tensors),
        prediction=_metadata_prediction(metadata),
        format=_adapter_format(tensors),
        rank=ranks.most_common(1)[0][0] if ranks else None,
        alpha=float(alpha) if _is_number(alpha) else None,
        modules=len(modules),
    )


def _adapter_format(tensors: TensorTable) -> str:
    """By whose names: "kohya", "ldm" (ComfyUI's), "diffusers" (its old ones) or "peft"."""
    if any(name.startswith(("lora_", "lycoris_")) for name in tensors):
        return "kohya"
    if any(name.startswith("diffusion_model.") for name in tensors):
        return "ldm"
    return "diffusers" if any(".processor." in name for name in tensors) else "peft"


def _adapter_family(tensors: TensorTable, metadata: Mapping[str, str]) -> str:
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


def predicting(found: Identity, prediction: str) -> Identity:
    """The same model with what it predicts; of SD2 that names the variant too."""
    variant = found.variant
    if found.family == "sd2" and not variant:
        variant = "768-v" if prediction == "v" else "base"
    return replace(found, prediction=prediction, variant=variant, tells_prediction=True)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
