"""Regularization images from the base model: how many, where, and going on after a break."""

import io

import pytest
import torch
from PIL import Image

from core.control import RunControl, StopRun
from core.data.sources.folders import scan
from core.errors import UserError
from core.formats import tensors
from core.tools import command_line, regularize
from core.tools.regularize_plan import RegularizeSettings, hint, plan
from core.tools.tool import Work, checked
from tests.models.conftest import loaded
from tests.pipelines import pipeline
from tests.tiny import make_tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_tiny(tmp_path_factory.mktemp("model") / "tiny.safetensors")


def settings(model, out, **more):
    usual = {"prompt": ("frog",), "count": 3, "steps": 2, "resolution": (64, 64), "sampler": "euler_a"}
    return checked(RegularizeSettings, {"model": str(model), "out": str(out), **usual, **more})


def make_images(made, *work):
    return regularize.make_images(made, Work(*work))


def training(place, **folders):
    """A folder of training images: name -> how many."""
    for name, count in folders.items():
        (place / name).mkdir(parents=True)
        for n in range(count):
            Image.new("RGB", (64, 64)).save(place / name / f"{n}.png")
    return place


def counts(**more):
    folder, data = str(more.pop("out")), more.pop("train_data_dir", None)
    made = RegularizeSettings(model="no/model", out=folder, train_data_dir=data and str(data), **more)
    return {w.folder.name: w.count for w in plan(made)}


def test_the_folder_is_one_that_training_reads(tmp_path, model):
    make_images(settings(model, tmp_path, count=2))
    (folder,) = scan(tmp_path, is_reg=True).folders
    assert (folder.repeats, folder.prompt) == (1, "frog")
    assert [path.name for path in folder.images] == ["000000.png", "000001.png"]
    with Image.open(folder.images[0]) as image:
        assert image.size == (64, 64)


def test_the_number_is_repeats_times_images_of_the_folders_of_the_class(tmp_path):
    data = training(tmp_path / "train", **{"20_sls frog": 2, "5_shs frog": 3, "10_cpc 1girl": 1})
    assert counts(out=tmp_path, prompt=("frog", "1girl"), train_data_dir=data) == {
        "1_frog": 55,
        "1_1girl": 10,
    }


def test_the_number_is_hinted_at(tmp_path):
    data = training(tmp_path / "train", **{"1_sls frog": 1})
    assert hint({"train_data_dir": str(data)}).en == "The guide's rule gives 1 image: 1 × 1."
    assert hint({}) is None and hint({"train_data_dir": str(tmp_path / "none")}) is None


def test_a_class_that_no_folder_names_gets_its_share_of_all(tmp_path):
    data = training(tmp_path / "train", **{"20_sls frog": 2})
    assert counts(out=tmp_path, prompt=("toad", "newt"), train_data_dir=data) == {"1_toad": 20, "1_newt": 20}


def test_without_a_prompt_the_classes_are_those_of_the_training_folders(tmp_path):
    data = training(tmp_path / "train", **{"2_sls tree frog": 2, "3_cpc 1girl": 1})
    assert counts(out=tmp_path, train_data_dir=data) == {"1_1girl": 3, "1_tree frog": 4}


def test_a_number_given_is_the_number_of_each_class(tmp_path):
    assert counts(out=tmp_path, prompt=("a", "b"), count=7) == {"1_a": 7, "1_b": 7}


def test_what_is_there_is_neither_drawn_again_nor_overwritten(tmp_path, model, monkeypatch):
    make_images(settings(model, tmp_path, count=1))
    own = tmp_path / "1_frog" / "000001.png"
    own.write_bytes(b"mine")
    before = (tmp_path / "1_frog" / "000000.png").stat().st_mtime_ns
    done = make_images(settings(model, tmp_path, count=3))
    assert done[0].missing == (2,)
    assert own.read_bytes() == b"mine"
    assert (tmp_path / "1_frog" / "000000.png").stat().st_mtime_ns == before
    monkeypatch.setattr("core.tools.regularize.family_of", None)
    assert make_images(settings(model, tmp_path, count=3))[0].missing == ()


def test_an_image_does_not_depend_on_how_many_are_drawn_at_once(tmp_path, model):
    make_images(settings(model, tmp_path / "one"))
    make_images(settings(model, tmp_path / "two", batch=2))
    for name in ("000000.png", "000001.png", "000002.png"):
        with Image.open(tmp_path / "one/1_frog" / name) as a, Image.open(tmp_path / "two/1_frog" / name) as b:
            assert max(abs(x - y) for x, y in zip(a.tobytes(), b.tobytes(), strict=True)) <= 1


def test_it_is_the_image_that_diffusers_draws(tmp_path, model):
    make_images(settings(model, tmp_path, count=1, seed=5, negative="wet", scale=4.0))
    theirs = pipeline(loaded(model), "euler_a")(
        "frog", negative_prompt="wet", width=64, height=64, num_inference_steps=2, guidance_scale=4.0,
        generator=torch.Generator().manual_seed(5),
    ).images[0]  # fmt: skip
    with Image.open(tmp_path / "1_frog" / "000005.png") as ours:
        assert max(abs(a - b) for a, b in zip(ours.tobytes(), theirs.tobytes(), strict=True)) <= 1


def test_a_stop_leaves_whole_images_only(tmp_path, model):
    control, told = RunControl(), []

    def progress(stage, done, total):
        told.append((stage, done, total))
        if done == 1:
            control.stop()

    with pytest.raises(StopRun):
        make_images(settings(model, tmp_path), progress, control)
    assert [path.name for path in (tmp_path / "1_frog").iterdir()] == ["000000.png"]
    assert told == [("regularize", 0, 3), ("regularize", 1, 3)]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"prompt": ()}, "E-REG-PROMPT"), ({"prompt": (" ",)}, "E-REG-PROMPT"),
        ({"count": None}, "E-REG-COUNT"), ({"count": 0}, "E-CFG-VALUE"), ({"steps": 0}, "E-CFG-VALUE"),
        ({"batch": 0}, "E-CFG-VALUE"), ({"seed": -1}, "E-CFG-VALUE"), ({"sampler": "magic"}, "E-CFG-VALUE"),
        ({"resolution": (100, 64)}, "E-CFG-VALUE"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(tmp_path, wrong, code):
    with pytest.raises(UserError) as caught:
        plan(settings("no/model", tmp_path, **wrong))
    assert [problem.code for problem in caught.value.problems] == [code]


def test_a_file_that_is_no_base_model_is_refused(tmp_path):
    lora = {"lora_unet_a.lora_down.weight": torch.zeros(4, 8), "lora_unet_a.alpha": torch.tensor(4.0)}
    path = tensors.save(tmp_path / "lora.safetensors", lora, {})
    with pytest.raises(UserError, match="is not a base model") as caught:
        plan(settings(path, tmp_path / "reg"))
    assert [problem.code for problem in caught.value.problems] == ["E-MODEL-KIND"]


def test_the_console_draws_for_several_prompts(tmp_path, model):
    words = [str(model), str(tmp_path / "reg"), "--prompt", "frog", "--prompt", "tree frog", "--count", "1"]
    out = io.StringIO()
    assert command_line.run("regularize", [*words, "--steps", "1", "--resolution", "64"], out, "en") == 0
    assert sorted(path.name for path in (tmp_path / "reg").glob("*/*")) == ["000000.png"] * 2
    assert f"{tmp_path / 'reg' / '1_tree frog'}: 1 image, 1 of them new" in out.getvalue()


@pytest.mark.parametrize("guidance", [float("nan"), float("inf"), 1e30, -1e30])
def test_a_guidance_scale_that_is_no_scale_is_refused(tmp_path, guidance):
    with pytest.raises(UserError, match=r"^scale: "):
        plan(settings("no/model", tmp_path, scale=guidance))


def test_images_are_not_drawn_into_the_folder_of_training_images(tmp_path):
    place = training(tmp_path / "img", **{"2_sls frog": 1})
    (tmp_path / "link").symlink_to(place)
    for out in (place, tmp_path / "link"):
        with pytest.raises(UserError) as caught:
            plan(settings("no/model", out, train_data_dir=str(place)))
        assert [problem.code for problem in caught.value.problems] == ["E-REG-PLACE"]
    assert plan(settings("no/model", tmp_path / "reg", train_data_dir=str(place)))


def test_two_classes_that_would_share_a_folder_are_refused(tmp_path):
    with pytest.raises(UserError, match="share the folder 1_a b"):
        plan(settings("no/model", tmp_path, prompt=("a/b", "a b")))
    assert len(plan(settings("no/model", tmp_path, prompt=("a b", "a b")))) == 1
