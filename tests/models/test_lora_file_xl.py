"""LoRA files of SDXL: the names of sd-scripts are written, and those of every other writer are read."""

import numpy as np
import pytest
import torch

from core.adapters.methods import Adapted
from core.adapters.network import merge, targets_of
from core.adapters.targets import ModuleKey, Ranks
from core.catalog import Size
from core.config.schema.run import ModelConfig
from core.families import FAMILIES
from core.formats import lora_file, tensors
from core.models.draw import Drawing, draw
from core.models.family import open_family
from core.train.weights import lora_files
from tests.models.conftest import loaded, quiet
from tests.pipelines import pipeline
from tests.tiny import make_tiny

SPEC, XL = FAMILIES["sdxl"], open_family("sdxl")
DOWN, UP = "lora_down.weight", "lora_up.weight"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A tiny SDXL as a single file."""
    return make_tiny(tmp_path_factory.mktemp("xl") / "xl.safetensors", family="sdxl")


@pytest.fixture(scope="module")
def xl(file):
    """It in memory; not to be changed."""
    return loaded(file)


def add_ons(model, conv_rank=2) -> dict[ModuleKey, Adapted]:
    """A LoRA of rank 2 and a scale of 1/2 on every module that gets one, of random numbers."""
    made = {}
    noise = torch.Generator().manual_seed(3)
    parts = {part: model.modules[part] for part in ("text_encoder", "text_encoder_2", "unet")}
    for part, found in targets_of(SPEC, parts, Ranks(2, 1.0, conv_rank)).items():
        for target in found:
            outputs, *rest = parts[part].get_submodule(target.path).weight.shape
            down = torch.randn(2, *rest, generator=noise)
            up = 0.1 * torch.randn(outputs, 2, *(1 for _ in rest[1:]), generator=noise)
            made[ModuleKey(part, target.path)] = Adapted({DOWN: down, UP: up}, 1.0, 2)
    return made


def written(model, made, path):
    return tensors.save(path, lora_file.to_file(made, SPEC, names=XL.lora_file_names(model)), {})


def read(path, model):
    return lora_files.read(path, model, quiet)


def test_the_unet_is_written_by_the_paths_of_single_files_and_the_encoders_by_number(xl):
    names = {
        name.split(".")[0] for name in lora_file.to_file(add_ons(xl), SPEC, names=XL.lora_file_names(xl))
    }
    assert {
        "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q",
        "lora_unet_input_blocks_3_0_op",
        "lora_unet_middle_block_1_proj_in",
        "lora_unet_middle_block_2_out_layers_3",
        "lora_unet_output_blocks_2_2_conv",
        "lora_unet_output_blocks_5_1_transformer_blocks_1_ff_net_0_proj",
        "lora_unet_output_blocks_8_0_skip_connection",
        "lora_te1_text_model_encoder_layers_0_mlp_fc1",
        "lora_te2_text_model_encoder_layers_2_self_attn_out_proj",
    } <= names
    assert not [name for name in names if "down_blocks" in name or name.startswith("lora_te_")]


def test_file_and_back_is_the_identity(xl, tmp_path):
    made = add_ons(xl)
    back = read(written(xl, made, tmp_path / "x.safetensors"), xl)
    assert back.keys() == made.keys()
    for key, (own, alpha, rank) in back.items():
        assert (alpha, rank) == (1.0, 2)
        assert all(torch.equal(own[name], made[key].tensors[name]) for name in (DOWN, UP))


def layers(pipe, parts=("unet", "text_encoder", "text_encoder_2")):
    """What Diffusers put a LoRA on: (part, path) -> layer."""
    return {
        (part, path): layer
        for part in parts
        for path, layer in getattr(pipe, part).named_modules()
        if hasattr(layer, "lora_A")
    }


@pytest.mark.parametrize("conv_rank", [None, 2])
def test_diffusers_loads_every_tensor_of_our_file_and_no_other(file, tmp_path, conv_rank, caplog):
    model = loaded(file)
    made = add_ons(model, conv_rank)
    written(model, made, tmp_path / "x.safetensors")
    pipe = pipeline(model)
    pipe.load_lora_weights(str(tmp_path), weight_name="x.safetensors", adapter_name="frog")
    found = layers(pipe)
    assert found.keys() == made.keys() and "unexpected" not in caplog.text.lower()
    for place, (own, alpha, rank) in made.items():
        assert torch.equal(found[place].lora_A.frog.weight, own[DOWN])
        assert torch.equal(found[place].lora_B.frog.weight, own[UP])
        assert found[place].scaling["frog"] == alpha / rank


def test_with_our_file_diffusers_draws_the_image_that_we_draw(file, tmp_path):
    model = loaded(file)
    drawing = Drawing(Size(64, 128), (1,), "ddim", steps=3)

    def ours():
        with torch.no_grad():
            texts = XL.encode_text(model, ["frog", "wet"], ModelConfig())
        return np.asarray(draw(XL, model, texts, drawing)[0]).astype(int)

    written(model, add_ons(model), tmp_path / "x.safetensors")
    without = ours()
    merge(model.modules, read(tmp_path / "x.safetensors", model), 1.0)
    one = ours()
    pipe = pipeline(loaded(file))
    pipe.load_lora_weights(str(tmp_path), weight_name="x.safetensors")
    theirs = pipe(
        "frog", negative_prompt="wet", num_inference_steps=3, height=128, width=64, guidance_scale=7.5,
        generator=torch.Generator().manual_seed(1),
    ).images[0]  # fmt: skip
    assert abs(one - np.asarray(theirs).astype(int)).max() <= 1
    assert abs(one - without).max() > 1


QUERY = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
OUT = "mid_block.attentions.0.transformer_blocks.1.attn2.to_out.0"
LDM = {
    QUERY: "input_blocks.4.1.transformer_blocks.0.attn1.to_q",
    OUT: "middle_block.1.transformer_blocks.1.attn2.to_out.0",
}
"""Two layers of the U-Net and where single files have them."""
FC1 = "encoder.layers.0.mlp.fc1"
KEYS = [
    ModuleKey("unet", QUERY),
    ModuleKey("unet", OUT),
    ModuleKey("text_encoder", FC1),
    ModuleKey("text_encoder_2", f"text_model.{FC1}"),
]


def underscored(name: str) -> str:
    return name.replace(".", "_")


KOHYA, PEFT = (f".{DOWN}", f".{UP}"), (".lora_A.weight", ".lora_B.weight")
TEXTS = ("text_encoder.text_model.", "text_encoder_2.text_model.")
NUMBERED = ("lora_te1_text_model_", "lora_te2_text_model_")
WRITERS = {
    "sd-scripts": (lambda p: underscored(f"lora_unet_{LDM[p]}"), NUMBERED, KOHYA),
    "Diffusers' paths behind sd-scripts' prefix": (lambda p: underscored(f"lora_unet_{p}"), NUMBERED, KOHYA),
    "ComfyUI": (
        lambda p: f"diffusion_model.{LDM[p]}",
        ("text_encoders.clip_l.transformer.text_model.", "text_encoders.clip_g.transformer.text_model."),
        PEFT,
    ),
    "Diffusers and PEFT": (lambda p: f"unet.{p}", TEXTS, PEFT),
    "an adapter's name": (
        lambda p: f"unet.{p}", TEXTS, (".lora_A.default.weight", ".lora_B.default.weight")
    ),
    "PEFT without weight": (lambda p: f"unet.{p}", TEXTS, (".lora_A", ".lora_B")),
    "Diffusers before PEFT": (lambda p: f"unet.{p}", TEXTS, (".lora.down.weight", ".lora.up.weight")),
    "linear layers": (
        lambda p: f"unet.{p}", TEXTS, (".lora_linear_layer.down.weight", ".lora_linear_layer.up.weight")
    ),
    "underscores before down and up": (
        lambda p: f"unet.{p}", TEXTS, ("_lora.down.weight", "_lora.up.weight")
    ),
    "attention processors": (
        lambda p: "unet." + p.replace(".to_", ".processor.to_").removesuffix(".0"), TEXTS,
        ("_lora.down.weight", "_lora.up.weight"),
    ),
    "OneTrainer's own": (
        lambda p: f"lora_unet.{p}", ("lora_te1.text_model.", "lora_te2.text_model."), KOHYA
    ),
    "Open Model Initiative": (
        lambda p: f"unet.{LDM[p]}", ("clip_l.text_model.", "clip_g.text_model."), KOHYA
    ),
    "LyCORIS with the paths of Diffusers": (lambda p: underscored(f"lycoris_{p}"), NUMBERED, KOHYA),
}  # fmt: skip
"""Writer -> its name of a layer of the U-Net, the starts of both encoders' names, its endings.
Sources: ComfyUI, comfy/lora.py, model_lora_keys_unet and model_lora_keys_clip, and weight_adapter/lora.py;
OneTrainer, modules/util/convert/lora."""


def of_writer(name: str, model):
    """A LoRA of rank 2 on four layers, in the names of a writer."""
    unet, texts, (down_end, up_end) = WRITERS[name]
    found, wrote = {}, {}
    for key in KEYS:
        outputs, inputs = model.modules[key.part].get_submodule(key.path).weight.shape
        down, up = torch.randn(2, inputs), torch.randn(outputs, 2)
        if key.part == "unet":
            module = unet(key.path)
        else:
            start = texts[key.part == "text_encoder_2"]
            module = start + (underscored(FC1) if start.endswith("_") else FC1)
        wrote |= {module + down_end: down, module + up_end: up}
        found[key] = down, up
    return found, wrote


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_of_any_writer_is_read_module_by_module(xl, tmp_path, name):
    made, wrote = of_writer(name, xl)
    found = read(tensors.save(tmp_path / "x.safetensors", wrote, {}), xl)
    assert found.keys() == made.keys()
    for key, (down, up) in made.items():
        assert torch.equal(found[key].tensors[DOWN], down) and torch.equal(found[key].tensors[UP], up)
        assert found[key].alpha == found[key].rank == 2  # without alpha a scale of 1


def test_unused_layers_are_six_modules_of_the_first_encoder(xl):
    layer, norm = xl.unused("text_encoder")
    dead = [key for key in add_ons(xl) if key.part == "text_encoder" and key.path.startswith(layer)]
    assert (layer, norm, len(dead)) == ("encoder.layers.2.", "final_layer_norm.", 6)
