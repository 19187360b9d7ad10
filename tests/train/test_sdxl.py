"""Stable Diffusion XL trains: from cached text and with both encoders, stopped and resumed, twice."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.catalog import Size
from core.config.file import toml_text
from core.data.buckets import Fit
from core.data.records import PlannedImage, Sample
from core.errors import UserError
from core.events import Saved, StepDone, Warned
from core.formats import tensors
from core.formats.header import read_header
from core.models.family import Frame, frames_tensor
from core.tools.sample import draw
from core.train.inputs.frames import frame
from tests.tiny import make_tiny, make_tiny_folder
from tests.train.test_metadata import KEYS, SPEC
from tests.train.test_resume import losses, same, stop_after, weights

BOTH = {"text_encoder_lr": 1e-3, "text_encoder_2_lr": 2e-3}
RUNS: dict[str, dict] = {
    "LoRA from cached text": {"train": {"text_encoder_lr": 0.0}},
    "LoRA with both encoders": {"train": BOTH},
    "whole, some blocks, in bf16": {
        "network": {"method": "none"},
        "train": {
            "block_lr": f"{'0,' * 10}1e-3,1e-4,1e-3{',0' * 10}", "precision": "full_bf16", "ema_decay": 0.9,
            "text_encoder_lr": 0.0, "gradient_checkpointing": True,
        },
    },
    "whole with both encoders": {"network": {"method": "none"}, "train": {"learning_rate": 1e-4} | BOTH},
}  # fmt: skip


@pytest.fixture(scope="module")
def xl(tmp_path_factory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("xl") / "xl.safetensors", family="sdxl")


@pytest.fixture
def xl_run(configure, xl):
    """As `configure`, on a tiny SDXL."""

    def make(**sections):
        sections["train"] = {"max_train_steps": 4} | sections.get("train", {})
        sections["model"] = {"base": str(xl)} | sections.get("model", {})
        return configure(**sections)

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


def test_cached_text_of_a_file_is_not_taken_for_that_of_a_folder_where_they_differ(xl_run, train, tmp_path):
    base = make_tiny_folder(tmp_path / "folder", family="sdxl")
    options = {"train": {"text_encoder_lr": 0.0, "max_train_steps": 1}}
    options["dataset"] = {"cache_latents_to_disk": True}
    theirs = {"pooled_as_sd_scripts": True}
    alone = train(xl_run(**options, model=theirs | {"base": str(base)}, save={"output_dir": str(tmp_path)}))
    train(xl_run(**options, model=theirs))
    assert losses(train(xl_run(**options, model=theirs | {"base": str(base)}))) == losses(alone)


# 96 is a multiple of 32, which is enough for SDXL, and not of 64.
def test_the_run_file_of_a_training_draws_images_at_the_size_of_that_training(xl_run, tmp_path):
    config = xl_run(dataset={"resolution": [96, 96], "reg_data_dir": None})
    path = tmp_path / "run.toml"
    path.write_text(toml_text.dumps(toml_text.values_of(config)), encoding="utf-8")
    [drawn] = draw(path, [], ["a frog --s 1"], tmp_path / "drawn")
    with Image.open(drawn) as image:
        assert image.size == (96, 96)


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


def metadata(trial) -> dict[str, str]:
    return dict(read_header(model_file(trial)).metadata)


def model_file(trial) -> Path:
    return Path([event.path for event in trial.of(Saved) if event.kind == "model"][-1])


# Of sd-scripts' sdxl_train_network.py: the same names as for SD1, and these values.
OF_SDXL = {
    "ss_base_model_version": "sdxl_base_v1-0",
    "ss_v2": "False",
    "ss_clip_skip": "None",
    "ss_zero_terminal_snr": "False",
    "ss_max_token_length": "None",
    "ss_network_module": "networks.lora",
    "ss_network_args": '{"mid_lr_weight": "1,0.5,1"}',
    "modelspec.architecture": "stable-diffusion-xl-v1-base/lora",
    "modelspec.implementation": "https://github.com/Stability-AI/generative-models",
    "modelspec.resolution": "64x64",
    "modelspec.prediction_type": "epsilon",
}


def test_the_metadata_of_a_lora_tell_sdxl_as_sd_scripts_does(xl_run, train):
    network = {"mid_lr_weight": "1,0.5,1", "unused_layers": True}
    found = metadata(train(xl_run(network=network, train={"max_train_steps": 1})))
    assert {name: found[name] for name in OF_SDXL} == OF_SDXL
    expected = {f"ss_{name}" for name in (*KEYS, "network_args")} | {f"modelspec.{name}" for name in SPEC}
    expected |= {"sshs_model_hash", "sshs_legacy_hash"}
    assert {name for name in found if not name.startswith("rareword")} == expected


def test_the_metadata_tell_the_noise_schedule_that_the_base_brought_along(xl_run, train, xl, tmp_path):
    held = tensors.load(xl) | {"v_pred": torch.empty(0), "ztsnr": torch.empty(0)}
    base = tensors.save(tmp_path / "v.safetensors", {n: tensors.of(t) for n, t in held.items()}, {})
    (tmp_path / "v_config").symlink_to(xl.with_name("xl_config"))
    found = metadata(train(xl_run(model={"base": str(base)}, train={"max_train_steps": 1})))
    assert (found["ss_zero_terminal_snr"], found["modelspec.prediction_type"]) == ("True", "v")


def test_without_metadata_it_tells_only_that_it_is_sdxl(xl_run, train):
    found = metadata(train(xl_run(save={"no_metadata": True}, train={"max_train_steps": 1})))
    kept = {"ss_v2", "ss_base_model_version", "ss_network_module", "ss_network_dim", "ss_network_alpha"}
    assert {name for name in found if not name.startswith("modelspec.")} == kept
    assert found["ss_base_model_version"] == "sdxl_base_v1-0"


def test_a_run_writes_its_lora_by_the_paths_of_single_files(xl_run, train):
    found = weights(train(xl_run(network={"conv_rank": 1}, train=BOTH | {"max_train_steps": 1})))
    starts = {"_".join(name.split("_")[:3]) for name in found}
    unet = {"lora_unet_input", "lora_unet_middle", "lora_unet_output"}
    assert starts == unet | {"lora_te1_text", "lora_te2_text"}


DEAD = "lora_te1_text_model_encoder_layers_2_"


@pytest.fixture
def with_dead(xl_run, train, tmp_path) -> Path:
    """A LoRA as sd-scripts saves it: with modules of the unused layer, whose up matrices are zero."""
    trial = train(xl_run(network={"unused_layers": True, "rank": 2}, train=BOTH | {"max_train_steps": 1}))
    return model_file(trial).rename(tmp_path / "first.safetensors")


def test_a_lora_with_the_dead_modules_is_gone_on_with_and_they_are_dropped(xl_run, train, with_dead):
    before = tensors.load(with_dead)
    assert [name for name in before if name.startswith(DEAD)]
    network = {"weights": str(with_dead), "dim_from_weights": True}
    rates = BOTH | {
        "max_train_steps": 1,
        "learning_rate": 1e-9,
        "text_encoder_lr": 1e-9,
        "text_encoder_2_lr": 1e-9,
    }
    trial = train(xl_run(network=network, train=rates))
    after = weights(trial)
    assert after.keys() == {name for name in before if not name.startswith(DEAD)}
    for name, tensor in after.items():
        torch.testing.assert_close(tensor, before[name], rtol=1e-4, atol=1e-6)
    assert "W-LORA-PARTLY" not in [event.problem.code for event in trial.of(Warned)]


def test_asked_for_they_are_gone_on_with_too(xl_run, train, with_dead):
    network = {"weights": str(with_dead), "dim_from_weights": True, "unused_layers": True}
    after = weights(train(xl_run(network=network, train=BOTH | {"max_train_steps": 1})))
    assert after.keys() == tensors.load(with_dead).keys()


def test_a_lora_with_the_dead_modules_is_merged_into_the_base(xl_run, train, with_dead):
    network = {"base_weights": [str(with_dead)]}
    trial = train(xl_run(network=network, train={"max_train_steps": 1}))
    [told] = [event.problem for event in trial.of(Warned) if event.problem.code == "W-LORA-MERGED"]
    count = len([name for name in tensors.load(with_dead) if name.endswith(".alpha")])
    assert told.en.startswith(f"{count} modules of this LoRA were added")
    plain = train(xl_run(train={"max_train_steps": 1}))
    assert losses(trial) != losses(plain)


# 23 blocks: 5 and 6 are input_blocks 4 and 5, 11 is middle_block 1, 13 to 15 output_blocks 0 to 2.
def test_blocks_of_sdxl_have_ranks_of_their_own(xl_run, train):
    sizes = [0] * 23
    sizes[5], sizes[11], sizes[15] = 1, 2, 3
    network = {"block_dims": ",".join(map(str, sizes)), "rank": 2}
    found = weights(train(xl_run(network=network, train={"max_train_steps": 1, "text_encoder_lr": 0.0})))
    ranks = {
        "_".join(name.split("_")[2:5]): tensor.shape[0]
        for name, tensor in found.items()
        if "lora_down" in name
    }
    assert ranks == {"input_blocks_4": 1, "middle_block_1": 2, "output_blocks_2": 3}


def test_blocks_of_sdxl_have_rates_of_their_own(xl_run, train):
    down = "0,0,0,0,0.5,0,0,0,0"
    network = {"down_lr_weight": down, "mid_lr_weight": "0,2,0", "up_lr_weight": "zeros"}
    rates = {"max_train_steps": 1, "learning_rate": 1e-3, "text_encoder_lr": 0.0}
    trial = train(xl_run(network=network, train=rates))
    assert trial.of(StepDone)[0].lr == pytest.approx({"unet/b05": 5e-4, "unet/b11": 2e-3})


def whole_by_block(xl_run, train, rates):
    sizes = [0.0] * 23
    for block, rate in rates.items():
        sizes[block] = rate
    own = {"max_train_steps": 1, "text_encoder_lr": 0.0, "block_lr": ",".join(map(str, sizes))}
    return train(xl_run(network={"method": "none"}, train=own))


def test_blocks_of_the_whole_model_learn_at_their_own_rates_or_stay_bit_for_bit(xl_run, train, xl):
    trial = whole_by_block(xl_run, train, {0: 1e-3, 5: 2e-3, 22: 3e-3})
    assert trial.of(StepDone)[0].lr == pytest.approx({"unet/b00": 1e-3, "unet/b05": 2e-3, "unet/b22": 3e-3})
    before, after = tensors.load(xl), weights(trial)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    inside = ("time_embed.", "label_emb.", "input_blocks.4.", "out.")
    starts = tuple(f"model.diffusion_model.{start}" for start in inside)
    assert changed and all(name.startswith(starts) for name in changed)
    assert {start for start in starts if any(name.startswith(start) for name in changed)} == {*starts}


def test_when_every_block_stays_as_it_is_nothing_is_trained(xl_run, train):
    with pytest.raises(UserError, match="nothing would be trained"):
        whole_by_block(xl_run, train, {})


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


def test_what_the_model_is_told_of_the_crop_shapes_the_training(xl_run, train, tmp_path):
    folder = tmp_path / "wide" / "1_frog"
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(5).integers(0, 255, (64, 128, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "0.png")  # 128 x 64, of which 32 pixels are cut away at either side
    data = {"train_data_dir": str(folder.parent), "reg_data_dir": None, "train_batch_size": 1}
    data |= {"enable_bucket": True, "min_bucket_reso": 64, "max_bucket_reso": 64}
    told = {
        how: losses(train(xl_run(dataset=data, train={"max_train_steps": 1, "size_condition": how})))
        for how in ("image", "sd_scripts", "zero")
    }
    assert len({str(each) for each in told.values()}) == 3
