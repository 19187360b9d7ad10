"""Bad input gets one clear sentence and exit code 2, and nothing of the user's is touched."""

import hashlib
import io
from pathlib import Path

import pytest
import torch
from PIL import Image

from core import cli
from core.config.file.toml_text import toml_value
from core.errors import ConfigError
from core.formats import tensors
from core.formats.tensors import save
from core.runner import Runner
from tests.tiny import make_tiny

pytestmark = pytest.mark.usefixtures("hurried")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("model") / "tiny.safetensors")


@pytest.fixture
def images(tmp_path) -> Path:
    folder = tmp_path / "train" / "2_sls frog"
    folder.mkdir(parents=True)
    for n in range(2):
        Image.new("RGB", (64, 64), (n * 90, 120, 30)).save(folder / f"{n}.jpg")
    return folder


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder and what is in it."""
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def refusal(base: Path, train_data_dir: Path, out: Path) -> str:
    """What a run is refused with, in one line each; its exit code is 2 and the images are as they were."""
    before = tree(train_data_dir) if train_data_dir.exists() else {}
    text = (
        f"format = 1\n[model]\nbase = {toml_value(str(base))}\n"
        f"[dataset]\ntrain_data_dir = {toml_value(str(train_data_dir))}\nresolution = 64\n"
        f"[train]\nmax_train_steps = 1\n[save]\noutput_dir = {toml_value(str(out))}\n"
    )
    handle = Runner().start(text)
    assert handle.wait(60)
    end = handle.ended
    assert (end.status, end.exit_code, end.message) == ("refused", 2, "")
    assert end.en != end.ja and "Traceback" not in end.en
    assert (tree(train_data_dir) if train_data_dir.exists() else {}) == before
    assert not list(out.glob("*.safetensors"))
    return end.en


def test_a_folder_without_a_count_is_named_with_the_name_it_should_have(model, images, tmp_path):
    images.rename(images.parent / "frog")
    said = refusal(model, tmp_path / "train", tmp_path / "out")
    assert "`frog`" in said and "10_frog" in said


def test_a_folder_without_images_is_named(model, tmp_path):
    (tmp_path / "train" / "2_sls frog").mkdir(parents=True)
    assert "2_sls frog" in refusal(model, tmp_path / "train", tmp_path / "out")


def test_a_cut_image_is_named(model, images, tmp_path):
    whole = (images / "1.jpg").read_bytes()
    (images / "1.jpg").write_bytes(whole[: len(whole) // 2])
    assert "1.jpg" in refusal(model, tmp_path / "train", tmp_path / "out")


def test_a_missing_data_folder_is_named(model, tmp_path):
    assert "nowhere" in refusal(model, tmp_path / "nowhere", tmp_path / "out")


def test_a_missing_model_is_named(images, tmp_path):
    assert "no-model.safetensors" in refusal(
        tmp_path / "no-model.safetensors", images.parent, tmp_path / "out"
    )


def test_a_lora_given_as_the_model_is_called_a_lora(images, tmp_path):
    name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    pair = {f"{name}.lora_down.weight": torch.zeros(4, 320), f"{name}.lora_up.weight": torch.zeros(320, 4)}
    lora = save(tmp_path / "lora.safetensors", pair, {})
    assert "LoRA" in refusal(lora, images.parent, tmp_path / "out")


def test_a_cut_model_file_tells_the_expected_and_the_found_size(model, images, tmp_path):
    whole = model.read_bytes()
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(whole[: len(whole) // 2])
    said = refusal(cut, images.parent, tmp_path / "out")
    assert f"{len(whole):,}" in said or str(len(whole)) in said


def test_images_of_another_size_are_named_when_buckets_are_off(model, images, tmp_path):
    Image.new("RGB", (100, 64)).save(images / "wide.jpg")
    said = refusal(model, tmp_path / "train", tmp_path / "out")
    assert "wide.jpg" in said and "enable_bucket" in said


def test_a_run_file_with_a_typo_starts_nothing(tmp_path):
    with pytest.raises(ConfigError, match="did you mean learning_rate"):
        Runner().start("format = 1\n[train]\nlearning_rat = 1\n")


FIRST = "model.diffusion_model.input_blocks.0.0.weight"


def variant(model: Path, path: Path, channels: int) -> Path:
    """The tiny model with another number of input channels; 0: its U-Net alone."""
    whole = tensors.load(model)
    if channels:
        whole[FIRST] = torch.zeros(whole[FIRST].shape[0], channels, 3, 3)
    else:
        whole = {name: tensor for name, tensor in whole.items() if name.startswith("model.diffusion_model.")}
    return save(path, whole, {})


VARIANTS = {9: "inpainting", 8: "instruct-pix2pix", 7: "upscaler", 5: "depth", 0: "only a U-Net"}


@pytest.mark.parametrize("channels", VARIANTS)
def test_a_model_that_wants_more_than_a_text_is_refused_with_its_name(model, images, tmp_path, channels):
    path = variant(model, tmp_path / "other.safetensors", channels)
    assert VARIANTS[channels] in refusal(path, images.parent, tmp_path / "out")


@pytest.mark.parametrize("channels", VARIANTS)
def test_check_refuses_such_a_model_too(model, tmp_path, channels):
    path = variant(model, tmp_path / "other.safetensors", channels)
    run = tmp_path / "run.toml"
    run.write_text(f"format = 1\n[model]\nbase = {toml_value(str(path))}\n[dataset]\ntrain_data_dir = 'x'\n")
    args = cli._parser("en").parse_args(["check", str(run)])
    with pytest.raises(ConfigError) as refused:
        args.run(args, io.StringIO(), "en")
    assert [problem.code for problem in refused.value.problems] == ["E-MODEL-VARIANT"]
    assert VARIANTS[channels] in refused.value.problems[0].en


def test_an_upscaler_given_as_the_model_is_called_one(images, tmp_path):
    path = save(tmp_path / "x.pth", {"conv_first.weight": torch.zeros(64, 3, 3, 3)}, {})
    assert "an upscaler" in refusal(path, images.parent, tmp_path / "out")
