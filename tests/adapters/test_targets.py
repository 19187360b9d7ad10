"""The adapted modules are those of sd-scripts."""

import json
from functools import cache

import pytest
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from core.adapters.network import describe
from core.adapters.targets import Module, Ranks, targets
from core.catalog import FAMILIES
from core.formats.lora_file import file_name
from core.models.sd.configs import architecture


@cache
def modules(family: str) -> dict[str, tuple[Module, ...]]:
    """The real model's modules, without their weights."""
    config = architecture(family)
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(config["unet"])
        text_encoder = CLIPTextModel(CLIPTextConfig(**config["text_encoder"]))
    return {"unet": tuple(describe(unet)), "text_encoder": tuple(describe(text_encoder))}


def names(family: str, ranks: Ranks) -> dict[str, int]:
    prefix = FAMILIES[family].lora_prefix
    return {
        file_name(part, target.path, prefix): target.rank
        for part, found in modules(family).items()
        for target in targets(part, found, ranks)
    }


# How many of each, run with sd-scripts at full size.
@pytest.mark.parametrize(
    ("family", "conv_rank", "count"),
    [("sd1", None, 264), ("sd1", 4, 350), ("sd2", None, 330), ("sd2", 4, 416)],
)
def test_as_many_modules_as_in_sd_scripts(family, conv_rank, count):
    assert len(names(family, Ranks(4, 1.0, conv_rank))) == count


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
    found = targets("text_encoder", [Module("encoder.layers.0.mlp.fc1", "Linear", 0)], Ranks(8, 4.0))
    assert json.dumps(found[0].__dict__) == '{"path": "encoder.layers.0.mlp.fc1", "rank": 8, "alpha": 4.0}'
