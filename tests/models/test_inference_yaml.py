"""The .yaml beside a single file of Stable Diffusion 2: what A1111-style programs read in it."""

import pytest
import torch
import yaml

from core.formats import sidecar_yaml, tensors
from core.formats.identify import identify
from core.models.family import open_family
from core.models.sd import inference_yaml, sampling
from core.models.sd.configs import architecture
from core.tools.convert import ConvertSettings, convert
from tests.models.conftest import loaded
from tests.tiny import make_tiny


def save(parts, path, save_as):
    return open_family("auto").save(parts, path, save_as, "auto", {})


@pytest.fixture(scope="module")
def parts2(tmp_path_factory):
    return loaded(make_tiny(tmp_path_factory.mktemp("sd2") / "x.safetensors", family="sd2"))


def written(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))["model"]


@pytest.mark.parametrize(("prediction", "named"), [("epsilon", None), ("v", "v")])
def test_the_real_models_yaml_says_what_stabilitys_own_says(tmp_path, prediction, named):
    model = written(inference_yaml.write(tmp_path / "x.ckpt", prediction, architecture("sd2")))
    assert model["target"] == "ldm.models.diffusion.ddpm.LatentDiffusion"
    assert model["params"].get("parameterization") == named
    facts = {
        name: model["params"][name] for name in ("linear_start", "linear_end", "timesteps", "scale_factor")
    }
    assert facts == {"linear_start": 0.00085, "linear_end": 0.012, "timesteps": 1000, "scale_factor": 0.18215}
    unet = model["params"]["unet_config"]
    assert unet["target"] == "ldm.modules.diffusionmodules.openaimodel.UNetModel"
    wanted = {
        "in_channels": 4, "out_channels": 4, "model_channels": 320, "attention_resolutions": [4, 2, 1],
        "num_res_blocks": 2, "channel_mult": [1, 2, 4, 4], "num_head_channels": 64, "transformer_depth": 1,
        "use_spatial_transformer": True, "use_linear_in_transformer": True, "context_dim": 1024,
        "legacy": False,
    }  # fmt: skip
    assert {name: unet["params"][name] for name in wanted} == wanted
    vae = model["params"]["first_stage_config"]["params"]
    assert (vae["embed_dim"], vae["ddconfig"]["ch"], vae["ddconfig"]["ch_mult"]) == (4, 128, [1, 2, 4, 4])
    text = model["params"]["cond_stage_config"]
    assert text["target"] == "ldm.modules.encoders.modules.FrozenOpenCLIPEmbedder"
    assert text["params"] == {"freeze": True, "layer": "penultimate"}


@pytest.mark.parametrize(("save_as", "ending"), [("safetensors", ".safetensors"), ("ckpt", ".ckpt")])
@pytest.mark.parametrize("name", ["last", "sls frog v1.5-000010"])
def test_it_lies_beside_a_saved_file_of_sd2_under_its_name(tmp_path, parts2, save_as, ending, name):
    place = save(parts2, tmp_path / name, save_as)
    assert place.name == f"{name}{ending}" and (tmp_path / f"{name}.yaml").is_file()
    assert sidecar_yaml.sidecars(place) == (tmp_path / f"{name}.yaml",)
    unet = written(tmp_path / f"{name}.yaml")["params"]["unet_config"]["params"]
    assert (unet["context_dim"], unet["num_head_channels"]) == (16, 8)


def test_there_is_none_beside_sd1_nor_beside_a_folder(tmp_path, parts, parts2):
    save(parts, tmp_path / "one", "safetensors")
    save(parts2, tmp_path / "two", "diffusers")
    assert not [*tmp_path.glob("*.yaml")]


def test_a_file_that_says_nothing_itself_is_read_by_its_yaml(tmp_path, parts2):
    parts2.objective = sampling.objective("v")
    place = save(parts2, tmp_path / "x", "safetensors")
    tensors.save(place, tensors.load(place), {})
    assert (identify(place).prediction, identify(place).variant) == ("v", "768-v")
    sidecar_yaml.yaml_of(place).unlink()
    assert identify(place).prediction == ""


def test_converting_writes_it_too(tmp_path):
    source = make_tiny(tmp_path / "x.safetensors", family="sd2", dtype=torch.float16)
    (tmp_path / "x_config" / "scheduler" / "scheduler_config.json").unlink()
    assert identify(source).prediction == ""
    convert(ConvertSettings(source=str(source), target=str(tmp_path / "out" / "y"), save_as="ckpt"))
    assert "parameterization" not in written(tmp_path / "out" / "y.yaml")["params"]


def test_a_yaml_from_elsewhere_is_kept(tmp_path, parts2):
    (tmp_path / "x.yaml").write_text("mine: 1")
    place = save(parts2, tmp_path / "x", "safetensors")
    save(parts2, tmp_path / "x", "safetensors")
    assert (tmp_path / "x.old-1.yaml").read_text() == "mine: 1" and not (tmp_path / "x.old-2.yaml").exists()
    sidecar_yaml.yaml_of(place).write_text("mine: 2")
    assert sidecar_yaml.sidecars(place) == ()
