"""What a file of weights is, from the names and shapes of its tensors and its metadata alone."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.catalog import Words
from core.errors import Problem
from core.families import FAMILIES
from core.formats import embedding_file, known_families, lora_kinds, messages
from core.formats.header import TensorTable
from core.reading import short

INPUT_VARIANT = {9: "inpainting", 8: "instruct-pix2pix", 5: "depth", 7: "upscaler"}
ALONE = "unet"
"""The variant of a file that holds a denoiser and nothing else: its folder's name."""

_RANK_MARKS = (".lora_down.", ".lora_A.", "lora.down.", "layer.down.", ".hada_w1_b", ".lokr_w2_b")
"""Parts of the names of tensors whose first side is the rank."""

_INPUT_MARKS = (".lora_down.", ".lora_A.", "lora.down.", ".hada_w1_b")
"""The same of tensors whose second side is what their module takes."""

_OF_SEVERAL = re.compile(r"lora_te\d_|text_encoder_\d\.")
"""How the encoders of models with more than one are counted."""

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
    family: a key of FAMILY_NAMES, or "". variant: "inpainting", "base", "768-v", ALONE, ... or ""; of an
    adapter its algorithm when it is more than a plain LoRA; "upscaler" also of what is no
    model here. prediction: "epsilon", "v", or "" when it can't be known from names. format: "ldm",
    "diffusers", "kohya", "peft" or "". dtypes: type of the numbers -> how many tensors. rank, alpha: the
    commonest, of an adapter. modules: how many an adapter changes. parameters: numbers in all.
    tells_prediction: the prediction is not just what its family usually predicts. is_zero_terminal: it was
    trained over a noise schedule that ends in pure noise.
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
    is_zero_terminal: bool = False

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

    lycoris = lora_kinds.lycoris(tensors)
    if lycoris or lora_kinds.is_lora(tensors):
        return _adapter(tensors, metadata, lycoris)
    if has("control_model.", "controlnet_", "input_hint_block.", "lllite_"):
        return Identity(
            "controlnet", _context_family(tensors), format="ldm" if has("control_model.") else "diffusers"
        )
    family = known_families.of_model(lines)
    if family in known_families.FOREIGN:
        return Identity(
            "model", family, format="ldm" if has("model.diffusion_model.", "conditioner.") else "diffusers"
        )
    if family or has("model.diffusion_model."):
        return _single_file(tensors, metadata, has, family or _context_family(tensors))
    if has("time_embedding.linear_1.") and has("down_blocks.0."):
        return Identity("model", _context_family(tensors), ALONE, format="diffusers")
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
    return _embedding(tensors, metadata)


def _single_file(
    tensors: TensorTable, metadata: Mapping[str, str], has: Callable[..., bool], family: str
) -> Identity:
    prediction = ("v" if "v_pred" in tensors else "") or known_families.prediction_of(metadata)
    first = tensors.get("model.diffusion_model.input_blocks.0.0.weight", ("", ()))[1]
    variant = INPUT_VARIANT.get(first[1], "") if len(first) == 4 else ""
    is_ldm = has("model.diffusion_model.")
    if is_ldm and not has("cond_stage_model.", "conditioner.", "first_stage_model."):
        variant = variant or ALONE
    variant = variant or known_families.variant_in_file(family, tensors, _context_width(tensors))
    usual = FAMILIES[family].usual_prediction if family in FAMILIES else ""
    form = "ldm" if is_ldm else ""
    found = Identity("model", family, variant, usual, form, is_zero_terminal="ztsnr" in tensors)
    return predicting(found, prediction) if prediction else found


def _context_family(tensors: TensorTable) -> str:
    """The family, from how wide the text states are that the cross-attention takes."""
    return known_families.of_width(_context_width(tensors))


def _context_width(tensors: TensorTable) -> int:
    widths = (s[1] for n, (_, s) in tensors.items() if n.endswith("attn2.to_k.weight") and len(s) == 2)
    return next(widths, 0)


def _adapter(tensors: TensorTable, metadata: Mapping[str, str], lycoris: str) -> Identity:
    ranks: Counter[int] = Counter()
    modules: set[str] = set()
    for name, (_, shape) in tensors.items():
        end = _ADD_ON_ENDS.search(name)
        if end is not None and not lora_kinds.is_aside(name):
            modules.add(name[: end.start()])
        if shape and any(mark in f"{name}." for mark in _RANK_MARKS):
            ranks[shape[0]] += 1
    alpha = metadata.get("ss_network_alpha", "")
    return Identity(
        "lycoris" if lycoris else "lora",
        _adapter_family(tensors, metadata),
        variant=lycoris or lora_kinds.beyond(tensors),
        prediction=known_families.prediction_of(metadata),
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
    family = known_families.of_metadata(metadata) or known_families.of_adapter(tensors)
    if family:
        return family
    inputs = [
        (name, shape[1])
        for name, (_, shape) in tensors.items()
        if len(shape) >= 2 and any(mark in f"{name}." for mark in _INPUT_MARKS)
    ]
    for name, width in inputs:
        if "attn2_to_k" in name or "attn2.to_k" in name:
            return known_families.of_width(width)
    # The encoders tell less: those of one family are as wide as what another's denoiser takes.
    for name, width in inputs:
        if "self_attn_q_proj" in name.replace(".", "_") and not _OF_SEVERAL.match(name):
            family = known_families.of_width(width)
            if family in FAMILIES:
                return family
    return ""


def _embedding(tensors: TensorTable, metadata: Mapping[str, str]) -> Identity:
    marks = {*embedding_file.MARKS, *embedding_file.KEYS}
    single = [shape for _, shape in tensors.values()] if len(tensors) == 1 else []
    widths = [shape[-1] for name, (_, shape) in tensors.items() if name in marks and shape] or [
        s[-1] for s in single if s
    ]
    family = known_families.of_width(widths[0]) if widths else ""
    if not widths or not (marks & tensors.keys() or family):
        return Identity()
    told = known_families.of_metadata(metadata)
    return Identity("embedding", told or ("sdxl" if "clip_g" in tensors else family))


def predicting(found: Identity, prediction: str) -> Identity:
    """The same model with what it predicts, which in some families names the variant too."""
    titles = FAMILIES[found.family].titles.get(prediction) if found.family in FAMILIES else None
    variant = found.variant or (titles.variant if titles is not None else "")
    return replace(found, prediction=prediction, variant=variant, tells_prediction=True)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
