"""Names by which ComfyUI, and trainers that keep the names of single files, speak of a LoRA's modules."""

from __future__ import annotations

from core.adapters.network import describe
from core.adapters.targets import ModuleKey
from core.models.family import Model
from core.models.sd import tensor_names

_COMFY = "diffusion_model."
_COMFY_TEXT = ("text_encoders.clip_l.transformer.text_model.", "text_encoders.clip_h.transformer.text_model.")


def others(model: Model) -> dict[str, ModuleKey]:
    """See Family.lora_names."""
    unet, text_encoder = (
        [module.path for module in describe(model.modules[part])] for part in ("unet", "text_encoder")
    )
    found: dict[str, ModuleKey] = {}
    weights = [f"{path}.weight" for path in unet]
    for weight, slot in tensor_names.from_module("unet", weights, model.spec.name).items():
        name = slot.name.removeprefix(tensor_names.UNET).removesuffix(".weight")
        key = ModuleKey("unet", weight.removesuffix(".weight"))
        found[_COMFY + name] = key
        found[f"{model.spec.part('unet').lora_prefix}_{name.replace('.', '_')}"] = key
    for path in text_encoder:
        for start in _COMFY_TEXT:
            found[start + path.removeprefix("text_model.")] = ModuleKey("text_encoder", path)
    return found
