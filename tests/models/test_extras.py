"""What a model's file holds beside plain weights: said, mended, or refused; never passed over in silence."""

import functools
import json
import tempfile
from pathlib import Path

import pytest
import torch

from core.config.schema.run import ModelConfig
from core.errors import ResourceFault
from core.events import Warned
from core.formats import tensors
from core.models.family import open_family
from core.models.messages import LACKS_VAE
from core.models.parts import whole
from core.models.sd import tensor_names
from tests.models.conftest import loaded, unchecked
from tests.models.test_load import refusal, same
from tests.tiny import make_tiny, make_tiny_folder, modules, write_configs

CLIP = "cond_stage_model.transformer.text_model."

POSITIONS = f"{CLIP}embeddings.position_ids"
TIME = "model.diffusion_model.time_embed.0.weight"


def notices(path, **options):
    """What is said while a model is loaded, by code, and the model."""
    events = []
    parts = whole(open_family("auto"), ModelConfig(base=str(path), **options), events.append)
    return {event.code: event for event in events if isinstance(event, Warned)}, parts


@functools.cache
def plain():
    """The tensors of a tiny model's file."""
    with tempfile.TemporaryDirectory() as place:
        return tensors.load(make_tiny(Path(place) / "x.safetensors"))


def with_more(path, more):
    """A tiny model with more tensors in its file, or others of the same name."""
    write_configs(path.with_name(f"{path.stem}_config"))
    return tensors.save(path, {name: unchecked(tensor) for name, tensor in (plain() | more).items()}, {})


def saved(parts, path):
    return tensors.load(open_family("sd1").save(parts, path, "auto", "auto", {}))


def averages():
    """The U-Net's weights as the first trainer kept their averages, and its two counters."""
    unet = {name: tensor for name, tensor in plain().items() if name.startswith(tensor_names.UNET)}
    found = {"model_ema." + name[6:].replace(".", ""): tensor + 1 for name, tensor in unet.items()}
    return found | {"model_ema.decay": torch.tensor(0.9999), "model_ema.num_updates": torch.tensor(3)}


# Averaged weights


def test_of_plain_and_averaged_weights_it_is_said_that_the_plain_ones_are_used(tmp_path):
    path = with_more(tmp_path / "x.safetensors", averages())
    said, parts = notices(path)
    assert same(parts, modules())
    assert "plain weights are used" in said["W-MODEL-EMA"].problem.en and said[
        "W-MODEL-EMA"
    ].problem.path == str(path)


def test_of_a_folder_with_both_it_is_said_that_the_averaged_ones_are_used(tmp_path):
    folder = make_tiny_folder(tmp_path / "x")
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    other = {name: tensor + 1 for name, tensor in tensors.load(weights).items()}
    tensors.save(weights.with_name("diffusion_pytorch_model.non_ema.safetensors"), other, {})
    said, parts = notices(folder)
    assert same(parts, modules()) and "averaged weights (EMA) are used" in said["W-MODEL-EMA"].problem.en


def test_averages_of_weights_that_were_trained_are_left_out(tmp_path):
    path = with_more(tmp_path / "x.safetensors", averages())
    parts = loaded(path)
    assert averages().keys() <= saved(parts, tmp_path / "same").keys()
    with torch.no_grad():
        parts.modules["unet"].conv_out.bias.add_(1)
    assert not any(name.startswith("model_ema.") for name in saved(parts, tmp_path / "trained"))


def test_averages_stay_when_only_the_text_encoder_was_trained(tmp_path):
    path = with_more(tmp_path / "x.safetensors", averages())
    parts = loaded(path)
    with torch.no_grad():
        parts.modules["text_encoder"].final_layer_norm.bias.add_(1)
    assert any(name.startswith("model_ema.") for name in saved(parts, tmp_path / "out"))


# Counted positions


@pytest.mark.parametrize("wrong", [(torch.arange(77)[None] * 0.9995).half(), torch.zeros(1, 77).long()])
def test_broken_positions_are_said_and_written_whole(tmp_path, wrong):
    path = with_more(tmp_path / "x.safetensors", {POSITIONS: wrong})
    said, parts = notices(path)
    assert "position_ids are broken" in said["W-MODEL-POSITIONS"].problem.en
    wrote = saved(parts, tmp_path / "out")[POSITIONS]
    assert wrote.dtype == torch.int64 and torch.equal(wrote, torch.arange(77)[None])


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.float32])
def test_sound_positions_are_not_spoken_of_and_stay_as_they_are(tmp_path, dtype):
    path = with_more(tmp_path / "x.safetensors", {POSITIONS: torch.arange(77)[None].to(dtype)})
    said, parts = notices(path)
    assert said == {} and saved(parts, tmp_path / "out")[POSITIONS].dtype == dtype


def test_broken_positions_are_mended_by_a_conversion_too(tmp_path):
    path = with_more(tmp_path / "x.safetensors", {POSITIONS: torch.ones(1, 77).half()})
    made = open_family("sd1").convert(path, "sd1", tmp_path / "y", "safetensors", "auto")
    assert torch.equal(tensors.load(made)[POSITIONS], torch.arange(77)[None])


# fp8, and weights that are quantised


def test_fp8_weights_are_used_as_float32_and_that_is_said(tmp_path):
    small = plain()[TIME].to(torch.float8_e4m3fn)
    said, parts = notices(with_more(tmp_path / "x.safetensors", {TIME: small}))
    assert torch.equal(parts.modules["unet"].time_embedding.linear_1.weight, small.float())
    assert "is in fp8 (1 tensor)," in said["W-MODEL-FP8"].problem.en


@pytest.mark.parametrize("ending", ["scale_weight", "weight_scale"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_scaled_fp8_weights_are_multiplied_by_their_scale(tmp_path, ending, kind):
    small = torch.arange(32 * 8).reshape(32, 8).remainder(7).to(torch.float8_e4m3fn)
    start = TIME.removesuffix("weight") if kind == "file" else "time_embedding.linear_1."
    more = {f"{start}weight": small, f"{start}{ending}": torch.tensor(3.0)}
    more |= {
        f"{start}scale_input": torch.tensor(1.0),
        "scaled_fp8": torch.empty(0, dtype=torch.float8_e4m3fn),
    }
    if kind == "file":
        path = with_more(tmp_path / "x.safetensors", more)
    else:
        path = make_tiny_folder(tmp_path / "x")
        weights = path / "unet" / "diffusion_pytorch_model.safetensors"
        tensors.save(weights, tensors.load(weights) | more, {"format": "pt"})
    said, parts = notices(path)
    assert torch.equal(parts.modules["unet"].time_embedding.linear_1.weight, small.float() * 3)
    assert "is in fp8 (1 tensor with a scale)" in said["W-MODEL-FP8"].problem.en


def test_a_scaled_file_becomes_a_plain_one_when_it_is_converted(tmp_path):
    small = torch.ones(32, 8).to(torch.float8_e4m3fn)
    more = {TIME: small, TIME.replace("weight", "scale_weight"): torch.tensor([2.5])}
    path = with_more(tmp_path / "x.safetensors", more)
    made = tensors.load(open_family("sd1").convert(path, "sd1", tmp_path / "y", "safetensors", "fp16"))
    assert torch.equal(made[TIME], torch.full((32, 8), 2.5).half())
    assert not any("scale" in name for name in made)


@pytest.mark.parametrize(
    "more",
    [
        {TIME: torch.ones(32, 8).to(torch.float8_e4m3fn), f"{TIME}_scale": torch.ones(32, 1)},
        {f"{TIME}_scale": torch.tensor(2.0)},
        {TIME: torch.ones(32, 8, dtype=torch.int8), f"{TIME}_scale": torch.tensor(2.0)},
        {TIME: torch.ones(32, 8, dtype=torch.int8)},
        {TIME: torch.ones(32, 8, dtype=torch.int64)},
    ],
    ids=["a scale for each row", "a scale beside float32", "scaled int8", "int8", "int64"],
)
def test_weights_that_are_quantised_otherwise_are_refused(tmp_path, more):
    problem = refusal(with_more(tmp_path / "x.safetensors", more))
    assert problem.code == "E-MODEL-DTYPE" and "quantised" in problem.en and "量子化" in problem.ja
    assert "time_embed" in problem.en


# Tensors that no Stable Diffusion has


@pytest.mark.parametrize(
    "name",
    [
        "model.diffusion_model.time_embed.0.weight_absmax",
        "model.diffusion_model.middle_block.3.weight",
        "first_stage_model.encoder.conv_in.zero_point",
        f"{CLIP}encoder.layers.0.mlp.fc1.weight_format",
    ],
)
def test_unknown_tensors_that_images_depend_on_are_refused_by_name(tmp_path, name):
    problem = refusal(with_more(tmp_path / "x.safetensors", {name: torch.ones(2)}))
    assert problem.code == "E-MODEL-KEYS" and name in problem.en and problem.key == "model.base"


def test_other_unknown_tensors_of_a_part_are_said(tmp_path):
    name = "cond_stage_model.transformer.adapter.weight"
    said, parts = notices(with_more(tmp_path / "x.safetensors", {name: torch.ones(2)}))
    assert same(parts, modules()) and name in said["W-MODEL-UNUSED"].problem.en


@pytest.mark.parametrize(
    "name",
    [
        "cond_stage_model.transformer.vision_model.pre_layrnorm.weight",
        "cond_stage_model.transformer.text_projection.weight",
        "cond_stage_model.logit_scale",
        "first_stage_model.loss.discriminator.main.0.weight",
        "betas",
        "embedding_manager.embedder.transformer.weight",
    ],
)
def test_what_other_programs_keep_and_nothing_uses_is_not_spoken_of(tmp_path, name):
    said, parts = notices(with_more(tmp_path / "x.safetensors", {name: torch.ones(2)}))
    assert same(parts, modules()) and said == {}


def test_a_model_without_a_vae_is_told_to_name_one(tmp_path):
    path = make_tiny(tmp_path / "x.safetensors")
    kept = {name: t for name, t in tensors.load(path).items() if not name.startswith(tensor_names.VAE)}
    tensors.save(path, kept, {})
    problem = refusal(path)
    assert (problem.code, problem.message) == ("E-MODEL-KEYS", LACKS_VAE)
    other = make_tiny(tmp_path / "other.safetensors", seed=1)
    assert same(loaded(path, vae=str(other)), modules() | {"vae": modules(seed=1)["vae"]})


# Files that change


@pytest.mark.parametrize("how", ["rewritten", "removed", "cut"])
def test_a_file_that_changes_while_it_is_read_is_a_fault_of_the_computer(tmp_path, how):
    path = make_tiny(tmp_path / "x.safetensors")
    before = path.read_bytes()
    family = open_family("auto")
    model = family.open(ModelConfig(base=str(path)), lambda event: None)
    family.load(model, "vae", torch.float32, lambda *_: None)
    path.unlink()
    if how != "removed":
        path.write_bytes(before + b" " if how == "rewritten" else before[: len(before) // 4])
    with pytest.raises(ResourceFault) as caught:
        family.load(model, "unet", torch.float32, lambda *_: None)
    assert caught.value.exit_code == 5 and str(path) in caught.value.problems[0].en


# Configs


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("unet", {"layers_per_block": 10**9}),
        ("unet", {"layers_per_block": "2"}),
        ("unet", {"transformer_layers_per_block": [[10**6] * 3] * 4}),
        ("unet", {"down_block_types": ["DownBlock2D"] * 10_000}),
        ("unet", {"block_out_channels": [8] * 10_000}),
        ("unet", {"block_out_channels": None}),
        ("unet", {"norm_num_groups": 0}),
        ("unet", {"attention_head_dim": {"a": 1}}),
        ("unet", {"down_block_types": 5}),
        ("text_encoder", {"num_hidden_layers": 10**9}),
        ("text_encoder", {"hidden_act": "os.system"}),
        ("text_encoder", {"num_attention_heads": "two"}),
        ("vae", {"layers_per_block": [10**9]}),
        ("vae", {"act_fn": 7}),
    ],
)
def test_a_config_that_makes_no_model_is_refused_at_once(tmp_path, part, values):
    folder = make_tiny_folder(tmp_path / "x")
    config = folder / part / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | values))
    problem = refusal(folder)
    assert problem.code.startswith("E-MODEL-") and str(folder) in problem.en


def test_a_program_that_a_text_encoders_config_names_is_not_fetched(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    folder = make_tiny_folder(tmp_path / "x")
    config = folder / "text_encoder" / "config.json"
    more = {"_attn_implementation": "someone/kernel", "attn_implementation": "someone/kernel"}
    config.write_text(json.dumps(json.loads(config.read_text()) | more))
    assert same(loaded(folder), modules())
