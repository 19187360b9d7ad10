"""LoRA files: names and shapes of sd-scripts, and what Diffusers makes of them."""

from dataclasses import replace

import pytest
import torch

from core.adapters.methods import Adapted
from core.adapters.targets import ModuleKey
from core.families import FAMILIES
from core.formats import lora_file, tensors
from core.models.sd.configs import architecture
from core.models.sd.load import blank
from tests.golden import names
from tests.models.conftest import loaded
from tests.pipelines import pipeline

SPEC = FAMILIES["sd1"]
INSIDE = {"unet": ("attentions",), "text_encoder": ("encoder.",)}
CONV = ("resnets", "samplers")
DOWN, UP = "lora_down.weight", "lora_up.weight"


def adapted(modules, with_conv):
    """(part, path) -> module, of all that sd-scripts adapts."""
    found = {}
    for part in ("text_encoder", "unet"):
        for path, module in modules[part].named_modules():
            inside = INSIDE[part] + (CONV if with_conv and part == "unet" else ())
            is_layer = isinstance(module, torch.nn.Linear | torch.nn.Conv2d)
            if is_layer and any(word in path for word in inside):
                found[ModuleKey(part, path)] = module
    return found


def add_ons(modules, with_conv, rank=4):
    made = {}
    for place, module in adapted(modules, with_conv).items():
        weight = module.weight
        ones = (1, 1) if weight.ndim == 4 else ()
        down = torch.randn(rank, *weight.shape[1:], device=weight.device)
        up = torch.randn(weight.shape[0], rank, *ones, device=weight.device)
        made[place] = Adapted({DOWN: down, UP: up}, 2.0, rank)
    return made


@pytest.mark.parametrize(("which", "with_conv"), [("lora_names_sd15", False), ("lora_names_sd15_conv", True)])
def test_names_and_shapes_on_the_real_model_are_sd_scripts(which, with_conv):
    modules = {part: blank(part, config) for part, config in architecture("sd1").items()}
    found = {
        lora_file.file_name(SPEC.part(place.part), place.path): {
            "down": list(tensors[DOWN].shape),
            "up": list(tensors[UP].shape),
        }
        for place, (tensors, _, _) in add_ons(modules, with_conv).items()
    }
    assert found == names(which)


@pytest.mark.parametrize(("which", "with_conv"), [("lora_names_sd2", False), ("lora_names_sd2_conv", True)])
def test_names_on_the_real_sd2_are_sd_scripts(which, with_conv):
    modules = {part: blank(part, config) for part, config in architecture("sd2").items()}
    found = {lora_file.file_name(SPEC.part(place.part), place.path) for place in adapted(modules, with_conv)}
    assert found == names(which).keys()


@pytest.mark.parametrize("with_conv", [False, True])
def test_diffusers_reads_every_module_and_no_other(tmp_path, tiny, with_conv):
    parts = loaded(tiny)
    made = add_ons(parts.modules, with_conv)
    tensors.save(tmp_path / "x.safetensors", lora_file.to_file(made, SPEC), {})
    pipe = pipeline(parts)
    pipe.load_lora_weights(str(tmp_path), weight_name="x.safetensors", adapter_name="frog")
    layers = {
        (part, path): layer
        for part in ("unet", "text_encoder")
        for path, layer in getattr(pipe, part).named_modules()
        if hasattr(layer, "lora_A")
    }
    assert layers.keys() == made.keys()
    for place, (own, alpha, rank) in made.items():
        layer = layers[place]
        assert torch.equal(layer.lora_A.frog.weight, own[DOWN])
        assert torch.equal(layer.lora_B.frog.weight, own[UP])
        assert layer.scaling["frog"] == alpha / rank


def test_diffusers_finds_every_module_on_the_real_model(tmp_path, parts):
    real = {part: blank(part, config) for part, config in architecture("sd1").items()}
    made = {
        place: Adapted({name: torch.zeros(tensor.shape) for name, tensor in own.items()}, alpha, rank)
        for place, (own, alpha, rank) in add_ons(real, True, rank=1).items()
    }
    tensors.save(tmp_path / "x.safetensors", lora_file.to_file(made, SPEC), {})
    pipe = pipeline(replace(parts, modules=real))
    pipe.load_lora_weights(str(tmp_path), weight_name="x.safetensors")
    found = {
        (part, path)
        for part in ("unet", "text_encoder")
        for path, layer in getattr(pipe, part).named_modules()
        if hasattr(layer, "lora_A")
    }
    assert found == made.keys() and len(found) == 350


def test_file_and_back_is_the_identity(parts):
    made = add_ons(parts.modules, True)
    paths = {part: [path for p, path in made if p == part] for part in ("unet", "text_encoder")}
    back = lora_file.from_file(lora_file.to_file(made, SPEC), paths, SPEC)
    assert back.unknown == [] and back.modules.keys() == made.keys()
    for key, (own, alpha, rank) in back.modules.items():
        assert (alpha, rank) == (2.0, 4)
        assert all(torch.equal(own[name], made[key].tensors[name]) for name in (DOWN, UP))


@pytest.mark.parametrize(
    ("down", "up"),
    [
        ("text_encoder.text_model.encoder.layers.0.mlp.fc1.lora_A.weight",) * 2,
        ("text_encoder.encoder.layers.0.mlp.fc1.lora_linear_layer.down.weight",) * 2,
        ("lora_te_encoder_layers_0_mlp_fc1.lora_down.weight",) * 2,
    ],
)
def test_names_of_other_writers_are_understood(down, up):
    up = up.replace("lora_A", "lora_B").replace("down", "up")
    file = {down: torch.ones(4, 8), up: torch.ones(8, 4)}
    found = lora_file.from_file(file, {"text_encoder": ["encoder.layers.0.mlp.fc1"]}, SPEC)
    assert list(found.modules) == [("text_encoder", "encoder.layers.0.mlp.fc1")]


def test_a_file_without_alpha_has_a_scale_of_1():
    file = {"lora_unet_a.lora_down.weight": torch.ones(4, 8), "lora_unet_a.lora_up.weight": torch.ones(8, 4)}
    assert lora_file.from_file(file, {"unet": ["a"]}, SPEC).modules["unet", "a"].alpha == 4.0


def test_tensors_that_fit_nowhere_are_named():
    down = torch.ones(4, 8)
    file = {"lora_unet_b.lora_down.weight": down, "lora_unet_a.lora_down.weight": down}
    found = lora_file.from_file(file, {"unet": ["a"]}, SPEC)
    assert found.unknown == ["lora_unet_b.lora_down.weight", "lora_unet_a (lora_down.weight only)"]
    assert not found.modules


def test_the_precision_asked_for_is_every_tensors(parts):
    file = lora_file.to_file(add_ons(parts.modules, False), SPEC, torch.float16)
    assert {tensor.dtype for tensor in file.values()} == {torch.float16}
