"""What saved files say about themselves."""

import hashlib

import pytest
import torch

from core.formats import lora_file, metadata
from core.formats.metadata import ModelSpec

SPEC = ModelSpec("sd1", "epsilon", True, "frog", (512, 768), 0.0)


def test_a_lora_of_sd1_has_sd_scripts_architecture_name():
    assert metadata.modelspec(SPEC)["modelspec.architecture"] == "stable-diffusion-v1/lora"


def test_a_768_v_model_is_named_so():
    spec = ModelSpec("sd2", "v", False, "frog", (768, 768), 0.0)
    assert metadata.modelspec(spec)["modelspec.architecture"] == "stable-diffusion-v2-768-v"


def test_the_resolution_is_width_then_height():
    assert metadata.modelspec(SPEC)["modelspec.resolution"] == "512x768"


# As sd-scripts' library/sai_model_spec.py and get_sai_model_spec have it for SDXL.
@pytest.mark.parametrize("prediction", ["epsilon", "v"])
@pytest.mark.parametrize(("is_lora", "end"), [(True, "/lora"), (False, "")])
def test_sdxl_is_told_as_sd_scripts_tells_it(prediction, is_lora, end):
    found = metadata.modelspec(ModelSpec("sdxl", prediction, is_lora, "frog", (1024, 1024), 0.0))
    del found["modelspec.date"]
    assert found == {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": f"stable-diffusion-xl-v1-base{end}",
        "modelspec.implementation": "https://github.com/Stability-AI/generative-models",
        "modelspec.title": "frog",
        "modelspec.resolution": "1024x1024",
        "modelspec.prediction_type": prediction,
        "modelspec.implementation_version": "rareword",
    }
    assert metadata.base_model_version("sdxl", prediction) == "sdxl_base_v1-0"


def test_a_lora_of_sd1_says_that_it_has_the_names_of_diffusers():
    assert metadata.modelspec(SPEC)["modelspec.implementation"] == "diffusers"


def test_what_is_not_set_is_not_written():
    assert "modelspec.author" not in metadata.modelspec(SPEC)


def test_every_value_of_training_metadata_is_text():
    found = metadata.training({"steps": 10, "seed": None, "bucket_info": {"a": [1]}, "note": "蛙"})
    assert found == {"ss_steps": "10", "ss_seed": "None", "ss_bucket_info": '{"a": [1]}', "ss_note": "蛙"}


def test_a_v_model_of_sd1_is_told_apart_by_its_version():
    assert metadata.base_model_version("sd1", "v") == "sd_v1_v"


def test_the_short_hash_is_of_64_kib_after_the_first_mib(tmp_path):
    data = bytes(0x100000) + b"x" * 0x10000 + b"rest"
    (tmp_path / "x").write_bytes(data)
    assert metadata.short_hash(tmp_path / "x") == hashlib.sha256(b"x" * 0x10000).hexdigest()[:8]


def test_the_hash_of_a_lora_does_not_change_with_its_title():
    weights = {"a": torch.ones(2, 3)}
    first = lora_file.hashes(weights, {"ss_steps": "1", "modelspec.title": "one"})
    assert first == lora_file.hashes(weights, {"ss_steps": "1", "modelspec.title": "two"})
    assert first["sshs_model_hash"] == hashlib.sha256(torch.ones(2, 3).numpy().tobytes()).hexdigest()


def test_the_hashes_are_those_of_the_file_that_sd_scripts_would_hash():
    numbers = torch.arange(300_000, dtype=torch.float32)
    told = {"modelspec.title": "t", "ss_seed": "7"}
    head = b'{"__metadata__":{"ss_seed":"7"},"w":{"dtype":"F32","shape":[300000],"data_offsets":[0,1200000]}}'
    head += b" " * (-len(head) % 8)
    data = numbers.numpy().tobytes()
    file = len(head).to_bytes(8, "little") + head + data
    assert lora_file.hashes({"w": numbers}, told) == {
        "sshs_model_hash": hashlib.sha256(data).hexdigest(),
        "sshs_legacy_hash": hashlib.sha256(file[1048576:1114112]).hexdigest()[:8],
    }


def test_a_file_made_from_another_has_not_its_hashes_and_its_image_only_with_its_weights():
    told = dict.fromkeys(("ss_seed", "sshs_model_hash", "modelspec.hash_sha256", "modelspec.thumbnail"), "x")
    assert metadata.carried(told, is_changed=False) == {"ss_seed": "x", "modelspec.thumbnail": "x"}
    assert metadata.carried(told, is_changed=True) == {"ss_seed": "x"}
