"""Stable Diffusion XL trains: from cached text and with both encoders, stopped and resumed, twice."""

from pathlib import Path

import pytest
import torch

from core.catalog import Size
from core.data.buckets import Fit
from core.data.records import PlannedImage, Sample
from core.events import Saved, StepDone, Warned
from core.formats import tensors
from core.models.family import Frame, frames_tensor
from core.train.inputs.frames import frame
from tests.tiny import make_tiny
from tests.train.test_resume import losses, same, stop_after, weights

BOTH = {"text_encoder_lr": 1e-3, "text_encoder_2_lr": 2e-3}
RUNS = {
    "LoRA from cached text": {"train": {"text_encoder_lr": 0.0}},
    "LoRA with both encoders": {"train": BOTH},
    "whole with both encoders": {"network": {"method": "none"}, "train": {"learning_rate": 1e-4} | BOTH},
}


@pytest.fixture(scope="module")
def xl(tmp_path_factory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("xl") / "xl.safetensors", family="sdxl")


@pytest.fixture
def xl_run(configure, xl):
    """As `configure`, on a tiny SDXL."""

    def make(**sections):
        sections["train"] = {"max_train_steps": 4} | sections.get("train", {})
        return configure(**{"model": {"base": str(xl)}} | sections)

    return make


@pytest.mark.parametrize("name", RUNS)
def test_stopped_and_resumed_it_ends_in_the_bits_of_a_straight_run_as_does_a_second_run(xl_run, train, name):
    options = RUNS[name] | {"dataset": {"flip_aug": True}}
    straight = train(xl_run(**options))
    second = train(xl_run(**options))
    resumed = xl_run(**options, save={"resume": "auto"})
    first = stop_after(train, resumed, 2)
    rest = train(resumed)
    assert same(weights(straight), weights(rest)) and same(weights(straight), weights(second))
    assert losses(straight) == [*losses(first), *losses(rest)] == losses(second)


def test_samples_are_drawn_and_a_run_of_cached_text_is_over_without_a_warning_of_them(xl_run, train):
    sample = {"sample_prompts": ["sls frog --w 64 --h 64 --s 2"], "sample_at_first": True}
    trial = train(
        xl_run(train={"text_encoder_lr": 0.0}, sample=sample, dataset={"cache_latents_to_disk": True})
    )
    assert [event.kind for event in trial.of(Saved)].count("sample") == 2
    assert not [event for event in trial.of(Warned) if event.problem.code == "W-SAMPLE"]
    assert all(event.loss > 0 for event in trial.of(StepDone))


def test_each_encoder_learns_at_its_own_rate_or_not_at_all(xl_run, train, xl):
    rates = {"learning_rate": 1e-4, "unet_lr": 0.0, "text_encoder_lr": 0.0, "text_encoder_2_lr": 1e-3}
    trial = train(xl_run(network={"method": "none"}, train=rates))
    before, after = tensors.load(xl), weights(trial)
    changed = {name.split(".")[2] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"1"}


def test_what_nothing_uses_stays_bit_for_bit_and_gets_no_adapter(xl_run, train, xl):
    dead = "conditioner.embedders.0.transformer.text_model."
    dead = (f"{dead}encoder.layers.2.", f"{dead}final_layer_norm.")
    before, after = tensors.load(xl), weights(train(xl_run(network={"method": "none"}, train=BOTH)))
    still = {name for name in before if torch.equal(before[name], after[name]) and "embedders.0" in name}
    assert still == {name for name in before if name.startswith(dead)}


@pytest.mark.parametrize(("is_asked", "layers"), [(False, {"0", "1"}), (True, {"0", "1", "2"})])
def test_a_lora_has_the_modules_of_the_unused_layer_only_when_asked_for(xl_run, train, is_asked, layers):
    written = weights(train(xl_run(network={"unused_layers": is_asked}, train=BOTH | {"max_train_steps": 1})))
    start = "lora_te1_text_model_encoder_layers_"
    assert {name.removeprefix(start)[0] for name in written if name.startswith(start)} == layers


def test_a_v_model_with_zero_terminal_snr_is_trained_and_saved_as_one(xl_run, train, xl, tmp_path):
    held = tensors.load(xl) | {"v_pred": torch.empty(0), "ztsnr": torch.empty(0)}
    (tmp_path / "v_config").symlink_to(xl.with_name("xl_config"))
    base = tensors.save(tmp_path / "v.safetensors", {n: tensors.of(t) for n, t in held.items()}, {})
    options = {"network": {"method": "none"}, "train": {"min_snr_gamma": 5.0, "min_timestep": 990}}
    trial = train(xl_run(model={"base": str(base)}, **options))
    assert {"v_pred", "ztsnr"} <= weights(trial).keys()
    plain = train(xl_run(**options))
    assert losses(trial) != losses(plain) and all(loss == loss for loss in losses(trial))


# Size and crop.

IMAGE = PlannedImage(
    Path("x.png"), 0, False, 1, Size(900, 500), Fit(Size(128, 64), Size(128, 71), 0, 3), "", None, ""
)
WIDE = PlannedImage(
    Path("x.png"), 0, False, 1, Size(1000, 400), Fit(Size(128, 64), Size(160, 64), 16, 0), "", None, ""
)


@pytest.mark.parametrize(
    ("image", "crop", "flip", "how", "expected"),
    [
        (IMAGE, (0, 3), False, "image", (0, 3)),
        (WIDE, (10, 0), False, "image", (10, 0)),
        (WIDE, (10, 0), True, "image", (22, 0)),  # 160 - 128 - 10
        (WIDE, (10, 0), True, "zero", (0, 0)),
        # Fitted into 128 x 64: 900 x 500 to 115.2 x 64, 6 from the left; mirrored 128 - 6 - 115.2.
        (IMAGE, (0, 3), False, "sd_scripts", (6, 0)),
        (IMAGE, (0, 3), True, "sd_scripts", (6.8, 0)),
        # 1000 x 400 to 128 x 51.2, 6 from the top.
        (WIDE, (10, 0), False, "sd_scripts", (0, 6)),
    ],
)
def test_a_sample_is_described_by_its_size_and_the_crop_that_was_made(image, crop, flip, how, expected):
    found = frame(image, Sample(0, 0, flip, "", crop), how)
    assert found.crop == pytest.approx(expected)
    assert (found.original, found.target) == (image.size, Size(128, 64))


def test_the_six_numbers_are_in_the_order_that_the_model_was_trained_with():
    found = frames_tensor([Frame(Size(900, 500), (10, 3), Size(128, 64))])
    assert found.tolist() == [[500, 900, 3, 10, 64, 128]]
