"""Names by which ComfyUI, and trainers that keep the names of single files, speak of a LoRA's modules."""

from __future__ import annotations

from collections.abc import Iterable

from core.adapters.targets import ModuleKey
from core.catalog import FamilySpec
from core.models.sd import tensor_names

_COMFY = "diffusion_model."
_COMFY_TEXT = ("text_encoders.clip_l.transformer.text_model.", "text_encoders.clip_h.transformer.text_model.")


def others(spec: FamilySpec, unet: Iterable[str], text_encoder: Iterable[str]) -> dict[str, ModuleKey]:
    """Name of a module in a file -> the module. unet, text_encoder: the module paths of a model's parts."""
    found: dict[str, ModuleKey] = {}
    weights = [f"{path}.weight" for path in unet]
    for weight, slot in tensor_names.from_module("unet", weights, spec.name).items():
        name = slot.name.removeprefix(tensor_names.UNET).removesuffix(".weight")
        key = ModuleKey("unet", weight.removesuffix(".weight"))
        found[_COMFY + name] = key
        found[f"{spec.lora_prefix['unet']}_{name.replace('.', '_')}"] = key
    for path in text_encoder:
        for start in _COMFY_TEXT:
            found[start + path.removeprefix("text_model.")] = ModuleKey("text_encoder", path)
    return found
