"""What a file is that can't be used as the base model or the VAE, told from its names and shapes alone."""

import os
from pathlib import Path

import pytest
import torch

from core.catalog import Size
from core.config.schema.model import ModelConfig
from core.errors import ResourceFault, UserError
from core.families import FAMILIES
from core.formats import atomic_write, tensors
from core.formats import messages as file_messages
from core.formats.classify import Identity
from core.formats.diffusers_dir import weight_files
from core.models import fit, lora_precheck, messages, precheck
from core.models.sd.files import CONFIG_KEY, configs

INPUT = "model.diffusion_model.input_blocks.0.0.weight"
KEYS = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
DECODER = "first_stage_model.decoder.conv_in.weight"


def made(path: Path, metadata: dict[str, str] | None = None, **shapes: tuple[int, ...]) -> Path:
    """A file of zeros. shapes: a name above -> shape."""
    named = {globals()[name]: torch.zeros(shape) for name, shape in shapes.items()}
    return tensors.save(path / "x.safetensors", named, metadata or {})


def of_base(path: Path):
    return [problem.message for problem in precheck.of_base(path, ModelConfig())]


def test_a_lone_unet_is_called_one_and_is_no_vae_either(tmp_path):
    path = made(tmp_path, INPUT=(32, 4, 3, 3), KEYS=(32, 768))
    assert of_base(path) == [messages.UNET_ONLY]
    assert [problem.message for problem in precheck.of_vae(path)] == [messages.NO_VAE_IN_UNET]


def test_a_model_that_takes_an_image_is_called_by_its_variant(tmp_path):
    path = made(tmp_path, INPUT=(32, 9, 3, 3), KEYS=(32, 768), DECODER=(8, 4, 3, 3))
    [problem] = precheck.of_base(path, ModelConfig())
    assert (problem.message, problem.facts["variant"]) == (messages.VARIANT, "inpainting")


def test_a_model_without_text_encoder_whose_family_no_size_tells_is_told_so(tmp_path):
    path = made(tmp_path, INPUT=(32, 4, 3, 3), KEYS=(32, 16), DECODER=(8, 4, 3, 3))
    [problem] = precheck.of_base(path, ModelConfig())
    assert problem.message is messages.UNKNOWN_FAMILY and "contains no text encoder" in problem.en


@pytest.mark.parametrize(
    ("channels", "metadata", "family"),
    [
        (16, {}, "SD3 / Flux"),
        (32, {}, "32 channels"),
        (4, {"modelspec.architecture": "stable-diffusion-3-medium"}, "SD3"),
    ],
)
def test_a_vae_of_other_latents_is_refused_with_its_family(tmp_path, channels, metadata, family):
    [problem] = precheck.of_vae(made(tmp_path, metadata, DECODER=(8, channels, 3, 3)))
    assert (problem.message, problem.facts["family"]) == (messages.FOREIGN_VAE, family)


def test_a_vae_folder_with_the_factor_of_sdxl_is_refused_for_sd1(tmp_path):
    (tmp_path / "config.json").write_text('{"_class_name": "AutoencoderKL", "scaling_factor": 0.13025}')
    weights = {"decoder.conv_in.weight": torch.zeros(8, 4, 3, 3)}
    tensors.save(tmp_path / "diffusion_pytorch_model.safetensors", weights, {})
    [problem] = precheck.of_vae(tmp_path, FAMILIES["sd1"])
    assert (problem.message, problem.facts["family"]) == (messages.FOREIGN_VAE, "SDXL")
    assert problem.facts["base"] == "SD1 / SD2" and [*precheck.of_vae(tmp_path, FAMILIES["sdxl"])] == []


@pytest.mark.parametrize(
    ("family", "prediction", "side", "message"),
    [
        ("sd1", "epsilon", 256, messages.SIZE_BELOW),
        ("sd1", "epsilon", 1024, messages.SIZE_ABOVE),
        ("sd2", "v", 512, messages.SIZE_BELOW),
        ("sd2", "epsilon", 512, None),
        ("sdxl", "epsilon", 512, messages.SIZE_BELOW),
        ("sdxl", "v", 1024, None),
    ],
)
def test_sizes_far_from_those_that_a_full_size_model_was_trained_at_are_warned_of(
    family, prediction, side, message
):
    identity = Identity("model", family, prediction=prediction, parameters=10**9)
    told = [problem.message for problem in fit.resolution(identity, Size(side, side))]
    assert told == ([message] if message else [])


def test_configs_in_the_metadata_that_are_none_are_refused(tmp_path):
    with pytest.raises(UserError) as refused:
        configs(made(tmp_path, {CONFIG_KEY: "[1"}, INPUT=(32, 4, 3, 3)), "sd1")
    assert refused.value.problems[0].message is messages.BAD_CONFIG


def test_a_lora_in_scaled_fp8_is_called_one(tmp_path):
    module = "lora_unet_mid_block_attentions_0_proj_in"
    named = {f"{module}.lora_{side}.weight": torch.zeros(4, 4) for side in ("down", "up")}
    named[f"{module}.lora_down.scale_weight"] = torch.ones(())
    [problem] = lora_precheck.problems(tensors.save(tmp_path / "x.safetensors", named, {}))
    assert problem.message is messages.LORA_KIND and "is a LoRA in scaled fp8" in problem.en


@pytest.mark.parametrize(("role", "stem"), [("text", "pytorch_model"), ("vae", "diffusion_pytorch_model")])
def test_a_part_without_weights_is_told_what_it_lacks(tmp_path, role, stem):
    with pytest.raises(UserError) as refused:
        weight_files(tmp_path, role)
    [problem] = refused.value.problems
    assert (problem.message, problem.facts["pickle"]) == (file_messages.NO_WEIGHTS, f"{stem}.bin")


def test_a_place_that_can_not_be_written_is_told_with_the_systems_reason(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResourceFault) as fault:
        tensors.save(tmp_path / "file" / "x.safetensors", {"a": torch.zeros(1)}, {})
    assert fault.value.problems[0].message is file_messages.UNWRITABLE


@pytest.mark.skipif(os.name == "nt", reason="Windows has no inodes")
def test_a_disk_that_takes_no_more_files_is_not_called_full(tmp_path, monkeypatch):
    class Counts:
        f_files, f_favail, free = 1000, 0, 10**12

    def write(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "statvfs", lambda folder: Counts)
    monkeypatch.setattr(atomic_write.shutil, "disk_usage", lambda folder: Counts)
    with pytest.raises(ResourceFault) as fault:
        atomic_write.write_file(tmp_path / "x", write)
    assert fault.value.problems[0].message is file_messages.NO_INODES
