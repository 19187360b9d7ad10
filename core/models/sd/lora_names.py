"""Names by which other programs speak of a LoRA's modules; those of ComfyUI and of single files (LDM)."""

from __future__ import annotations

from collections.abc import Iterator

from core.adapters.network import describe
from core.adapters.targets import ModuleKey
from core.models.family import Model
from core.models.sd import tensor_names

_COMFY = "diffusion_model."
_OMI = "unet."
"""What stands before the paths of single files in the names of the Open Model Initiative (OneTrainer)."""
_LYCORIS = "lycoris"
"""What LyCORIS, used without sd-scripts, writes before Diffusers' path of a module."""
_COMFY_TEXT = {
    "text_encoder": ("clip_l", "clip_h"),
    "text_encoder_2": ("clip_g",),
}
"""Part -> ComfyUI's names of such an encoder; SD2's is clip_h."""


def others(model: Model) -> dict[str, ModuleKey]:
    """See Family.lora_names."""
    found: dict[str, ModuleKey] = {}
    prefix = model.spec.part("unet").lora_prefix
    for key, name in _in_ldm(model):
        found[_COMFY + name] = found[_OMI + name] = key
        found[f"{prefix}_{name.replace('.', '_')}"] = key
        found[f"{_LYCORIS}_{key.path.replace('.', '_')}"] = key
    for part in model.spec.names("text"):
        for module in describe(model.modules[part]):
            bare = module.path.removeprefix("text_model.")
            for encoder in _COMFY_TEXT[part]:
                for start in (f"text_encoders.{encoder}.transformer.", f"{encoder}."):
                    found[f"{start}text_model.{bare}"] = ModuleKey(part, module.path)
    return found


def written(model: Model) -> dict[ModuleKey, str]:
    """None: SD1 and SD2 are written by the paths of Diffusers."""
    return {}


def written_as_ldm(model: Model) -> dict[ModuleKey, str]:
    """See Family.lora_file_names: the U-Net by the paths of single files, as sd-scripts does for SDXL."""
    prefix = model.spec.part("unet").lora_prefix
    return {key: f"{prefix}_{name.replace('.', '_')}" for key, name in _in_ldm(model)}


def _in_ldm(model: Model) -> Iterator[tuple[ModuleKey, str]]:
    """The modules of the U-Net and their paths in a single file."""
    weights = [f"{module.path}.weight" for module in describe(model.modules["unet"])]
    for weight, slot in tensor_names.from_module("unet", weights, model.spec.name).items():
        name = slot.name.removeprefix(tensor_names.UNET).removesuffix(".weight")
        yield ModuleKey("unet", weight.removesuffix(".weight")), name
