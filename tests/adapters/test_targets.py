"""The adapted modules are those of sd-scripts."""

import json
from functools import cache
from types import SimpleNamespace

import pytest
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from core.adapters.methods import METHODS, Adapted
from core.adapters.network import Network, describe, targets_of
from core.adapters.targets import Module, ModuleKey, Ranks, targets
from core.families import FAMILIES
from core.formats.lora_file import file_name, to_file
from core.models.family import open_family
from core.models.sd.configs import architecture
from core.models.sd.load import blank
from core.train.seeds import generator
from tests.golden import names as listed

TEXT = FAMILIES["sd1"].part("text_encoder")


def real(family: str, **unet_config) -> dict[str, torch.nn.Module]:
    """The real model's parts, without their weights."""
    config = architecture(family)
    with torch.device("meta"):
        return {
            "unet": UNet2DConditionModel.from_config(config["unet"] | unet_config),
            "text_encoder": CLIPTextModel(CLIPTextConfig(**config["text_encoder"])),
        }


@cache
def modules(family: str) -> dict[str, tuple[Module, ...]]:
    """The real model's modules as plain data."""
    return {part: tuple(describe(module)) for part, module in real(family).items()}


def names(family: str, ranks: Ranks) -> dict[str, int]:
    return {
        file_name(FAMILIES[family].part(part), target.path): target.rank
        for part, found in modules(family).items()
        for target in targets(FAMILIES[family].part(part), found, ranks)
    }


# How many of each, run with sd-scripts at full size.
@pytest.mark.parametrize(
    ("family", "conv_rank", "count"),
    [("sd1", None, 264), ("sd1", 4, 350), ("sd2", None, 330), ("sd2", 4, 416)],
)
def test_as_many_modules_as_in_sd_scripts(family, conv_rank, count):
    assert len(names(family, Ranks(4, 1.0, conv_rank))) == count


def shapes(parts: dict[str, torch.nn.Module], family: str, conv_rank: int | None) -> dict[str, dict]:
    """Name in the file -> shapes, of an adapter attached to these parts."""
    chosen = targets_of(FAMILIES[family], parts, Ranks(4, 1.0, conv_rank))
    network = Network(parts, METHODS["lora"], chosen, lambda *purpose: generator(1, *purpose))
    return {
        file_name(FAMILIES[family].part(key.part), key.path): {
            side: list(module.tensors[f"lora_{side}.weight"].shape) for side in ("down", "up")
        }
        for key, module in network.adapted().items()
    }


# The lists are of sd-scripts at full size, where SD2's projections are 1x1 convolutions, as in its own U-Net.
@pytest.mark.parametrize(
    ("family", "conv_rank", "which"),
    [
        ("sd1", None, "lora_names_sd15"),
        ("sd1", 4, "lora_names_sd15_conv"),
        ("sd2", None, "lora_names_sd2"),
        ("sd2", 4, "lora_names_sd2_conv"),
    ],
)
def test_names_and_shapes_of_every_module_are_those_of_sd_scripts(family, conv_rank, which):
    assert shapes(real(family, use_linear_projection=False), family, conv_rank) == listed(which)


def test_where_sd2s_projections_are_matrices_the_adapter_is_of_matrices():
    expected = listed("lora_names_sd2")
    for name, shape in expected.items():
        if name.endswith(("proj_in", "proj_out")):
            shape |= {"down": shape["down"][:2], "up": shape["up"][:2]}
    assert shapes(real("sd2", use_linear_projection=True), "sd2", None) == expected


@pytest.fixture(scope="module")
def xl():
    """The real SDXL without its weights, as far as a LoRA file asks."""
    parts = {part: blank(part, config) for part, config in architecture("sdxl").items() if part != "vae"}
    return SimpleNamespace(spec=FAMILIES["sdxl"], modules=parts)


def of_xl(xl, conv_rank: int | None) -> dict[str, dict]:
    """Name in the file -> shapes, of what is adapted in SDXL at rank 4."""
    written = open_family("sdxl").lora_file_names(xl)
    found = {}
    for part, chosen in targets_of(xl.spec, xl.modules, Ranks(4, 1.0, conv_rank)).items():
        for target in chosen:
            outputs, inputs, *kernel = xl.modules[part].get_submodule(target.path).weight.shape
            name = written.get((part, target.path)) or file_name(xl.spec.part(part), target.path)
            found[name] = {"down": [4, inputs, *kernel], "up": [outputs, 4, *(1 for _ in kernel)]}
    return found


@pytest.mark.parametrize(
    ("conv_rank", "which", "count"), [(None, "lora_names_sdxl", 986), (4, "lora_names_sdxl_conv", 1052)]
)
def test_names_and_shapes_of_every_module_of_sdxl_are_those_of_sd_scripts(xl, conv_rank, which, count):
    found = of_xl(xl, conv_rank)
    assert len(found) == count and found == listed(which)


FILES = {
    "LoRA": ("lora_down.weight", "lora_up.weight", "alpha"),
    "DoRA": ("lora_down.weight", "lora_up.weight", "dora_scale", "alpha"),
    "LoHa": ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "alpha"),
    "LoKr": ("lokr_w1", "lokr_w2_a", "lokr_w2_b", "alpha"),
    "LoKr of two products": ("lokr_w1_a", "lokr_w1_b", "lokr_w2_a", "lokr_w2_b", "alpha"),
    "whole LoKr": ("lokr_w1", "lokr_w2", "alpha"),
    "OFT": ("oft_blocks", "alpha"),
}
"""Method -> the ends of names in files, of LyCORIS 4.1 and, for LoRA, of sd-scripts."""


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_files_of_every_method_have_its_tensors_for_every_module_of_sd_scripts(xl, family):
    spec, described = FAMILIES[family], modules(family) if family != "sdxl" else None
    paths = described or {part: tuple(describe(module)) for part, module in xl.modules.items()}
    chosen = [
        ModuleKey(part.name, target.path)
        for part in spec.adaptable
        for target in targets(part, paths[part.name], Ranks(4, 1.0, 4))
    ]
    written = open_family(family).lora_file_names(xl) if family == "sdxl" else {}
    expected = listed({"sd1": "lora_names_sd15_conv"}.get(family, f"lora_names_{family}_conv"))
    for ends in FILES.values():
        held = Adapted({end: torch.zeros(1, 1) for end in ends if end != "alpha"}, 1.0, 1)
        file = to_file(dict.fromkeys(chosen, held), spec, names=written)
        assert file.keys() == {f"{name}.{end}" for name in expected for end in ends}


def test_without_unused_layers_six_modules_of_sdxl_s_first_encoder_are_left_out(xl):
    unused = {part: xl.spec.part(part).unused(module.state_dict()) for part, module in xl.modules.items()}
    chosen = targets_of(xl.spec, xl.modules, Ranks(4, 1.0))
    dead = [
        file_name(xl.spec.part(part), target.path)
        for part, found in chosen.items()
        for target in found
        if target.path.startswith(unused[part])
    ]
    layer = "lora_te1_text_model_encoder_layers_11_"
    assert sorted(dead) == sorted(
        [f"{layer}self_attn_{which}_proj" for which in ("q", "k", "v", "out")]
        + [f"{layer}mlp_fc1", f"{layer}mlp_fc2"]
    )


@pytest.mark.parametrize("path", ["encoder.layers.0.mlp.fc1", "text_model.encoder.layers.0.mlp.fc1"])
def test_names_of_the_text_encoder_are_the_same_with_every_version_of_transformers(path):
    [target] = targets(TEXT, [Module(path, 0)], Ranks(4, 1.0))
    name = file_name(TEXT, target.path)
    assert name == "lora_te_text_model_encoder_layers_0_mlp_fc1"


def test_only_the_three_by_three_convolutions_take_the_rank_of_convolutions():
    found = names("sd1", Ranks(4, 1.0, 2))
    assert found["lora_unet_down_blocks_0_resnets_0_conv1"] == 2
    assert found["lora_unet_down_blocks_0_downsamplers_0_conv"] == 2
    assert found["lora_unet_down_blocks_0_resnets_0_time_emb_proj"] == 4
    assert found["lora_unet_down_blocks_1_resnets_0_conv_shortcut"] == 4
    assert found["lora_unet_down_blocks_0_attentions_0_proj_in"] == 4


def test_the_ends_of_the_network_are_left_alone():
    found = " ".join(names("sd1", Ranks(4, 1.0, 4)))
    assert "conv_in" not in found and "conv_out" not in found and "time_embedding" not in found


def test_plain_data_is_enough():
    found = targets(TEXT, [Module("encoder.layers.0.mlp.fc1", 0)], Ranks(8, 4.0))
    assert json.dumps(found[0].__dict__) == '{"path": "encoder.layers.0.mlp.fc1", "rank": 8, "alpha": 4.0}'
