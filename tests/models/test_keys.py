"""The key map against the real models' names and shapes."""

import pytest

from core.models.sd import tensor_names
from core.models.sd.configs import architecture
from core.models.sd.load import blank, shapes_of
from tests.golden import names
from tests.tiny import modules

FILES = {"sd1": "ldm_keys_sd15", "sd2": "ldm_keys_sd2", "sdxl": "ldm_keys_sdxl"}
REAL = pytest.mark.parametrize(("which", "family"), [(which, family) for family, which in FILES.items()])
REAL_PART = pytest.mark.parametrize(
    ("which", "family", "part"),
    [(which, family, part) for family, which in FILES.items() for part in tensor_names.PLACES[family]],
)
ASIDE = {
    "conditioner.embedders.0.transformer.text_model.embeddings.position_ids",
    "conditioner.embedders.1.model.logit_scale",
}
"""What files of SDXL hold beside the weights."""


@REAL_PART
def test_there_and_back_is_the_identity_on_the_real_names(which, family, part):
    there = tensor_names.from_file(part, names(which), family)
    assert tensor_names.from_module(part, there, family) == there


@REAL
def test_every_real_name_belongs_to_a_part(which, family):
    found = {
        slot.name
        for part in tensor_names.PLACES[family]
        for slot in tensor_names.from_file(part, names(which), family).values()
    }
    assert found == names(which).keys() - ASIDE


@REAL_PART
def test_the_real_modules_have_just_these_names_and_shapes(which, family, part):
    real = names(which)
    in_module = shapes_of(blank(part, architecture(family)[part]))
    slots = tensor_names.from_module(part, in_module, family)
    assert slots == tensor_names.from_file(part, real, family)
    assert all(list(slot.shape_in_file(in_module[name])) == real[slot.name] for name, slot in slots.items())
    assert all(
        slot.shape_in_module(tuple(real[slot.name])) == in_module[name] for name, slot in slots.items()
    )


@pytest.mark.parametrize(("family", "part"), [(f, part) for f in FILES for part in tensor_names.PLACES[f]])
def test_other_widths_have_the_same_map(family, part):
    in_module = shapes_of(modules(family=family)[part])
    there = tensor_names.from_module(part, in_module, family)
    assert tensor_names.from_file(part, {slot.name for slot in there.values()}, family) == there


def test_an_upsampler_stands_behind_the_attention_of_its_block():
    found = tensor_names.from_module("unet", shapes_of(blank("unet", architecture("sd1")["unet"])), "sd1")
    start = "model.diffusion_model.output_blocks"
    assert found["up_blocks.0.upsamplers.0.conv.weight"].name == f"{start}.2.1.conv.weight"
    assert found["up_blocks.1.upsamplers.0.conv.weight"].name == f"{start}.5.2.conv.weight"


def test_open_clip_stacks_query_key_and_value():
    found = tensor_names.from_file("text_encoder", names("ldm_keys_sd2"), "sd2")
    stacked = "cond_stage_model.model.transformer.resblocks.3.attn.in_proj_weight"
    rows = {name: slot.rows for name, slot in found.items() if slot.name == stacked}
    assert rows == {f"encoder.layers.3.self_attn.{q}_proj.weight": (i, 3) for i, q in enumerate("qkv")}


def test_the_lost_text_model_level_is_put_back():
    lost = "cond_stage_model.transformer.encoder.layers.0.mlp.fc1.weight"
    whole = "cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.weight"
    assert tensor_names.canonical(lost) == whole and tensor_names.canonical(whole) == whole


def test_old_names_of_the_vae_attention_are_understood():
    old = "encoder.mid_block.attentions.0.proj_attn.weight"
    assert tensor_names.canonical_module("vae", old) == "encoder.mid_block.attentions.0.to_out.0.weight"


@pytest.mark.parametrize("number", ["99999999", "9" * 5000])
@pytest.mark.parametrize(
    ("part", "family", "name"),
    [
        ("unet", "sd1", "model.diffusion_model.input_blocks.{}.0.op.weight"),
        ("unet", "sd1", "model.diffusion_model.input_blocks.{}.1.proj_in.weight"),
        ("vae", "sd1", "first_stage_model.encoder.down.{}.block.0.norm1.weight"),
        ("text_encoder", "sd2", "cond_stage_model.model.transformer.resblocks.{}.ln_1.weight"),
    ],
)
def test_a_block_that_counts_into_the_millions_makes_no_rules(number, part, family, name):
    assert tensor_names.from_file(part, [name.format(number)], family) == {}
