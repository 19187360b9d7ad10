"""Other trainers' settings are taken as they stand, with a word on everything that is not."""

import json
from pathlib import Path

import pytest

from core.config import presets
from core.config.check import check
from core.config.file import toml_text
from core.config.imports.read_any import import_metadata, import_text, is_dataset_config
from core.errors import ConfigError

GUIDE = Path(__file__).parents[1] / "guide"
COMMANDS = ("least-memory", "more-memory", "buckets-augmentation")
OF_ONE_SUBJECT = {
    "model.base": "demo/base.safetensors",
    "dataset.train_data_dir": "demo/train",
    "dataset.reg_data_dir": "demo/reg",
    "save.output_dir": "output",
}


def command(name):
    return (GUIDE / f"{name}.txt").read_text(encoding="utf-8")


def config_of(values):
    return check(toml_text.dumps({**values, **OF_ONE_SUBJECT})).config


def codes(found):
    return {problem.code for problem in found.report}


def said(found, code):
    return [problem.text("en") for problem in found.report if problem.code == code]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_of_the_guide_its_preset_and_its_run_file_are_the_same_run(name):
    imported = config_of(import_text(command(name)).values)
    values = dict(presets.load(presets.SHIPPED / f"dreambooth-{name}.toml").values)
    values.pop("save.save_last_n_epochs", None)  # beyond the command, so that the disk does not fill
    assert config_of(values) == imported
    assert check((GUIDE / f"{name}.toml").read_text(encoding="utf-8")).config == imported


def test_the_guides_first_command_means_what_the_guide_says():
    config = config_of(import_text(command("least-memory")).values)
    data, train = config.dataset, config.train
    assert (data.resolution, data.train_batch_size, data.prior_loss_weight) == ((512, 512), 1, 1.0)
    assert (train.learning_rate, train.max_train_steps, train.precision) == (1e-6, 1600, "bf16")
    assert data.cache_latents and train.gradient_checkpointing
    assert config.optimizer.optimizer_type == "AdamW8bit" and config.model.attention == "xformers"
    assert config.network.method == "none"


def test_the_guides_second_command_trades_memory_for_speed():
    config = config_of(import_text(command("more-memory")).values)
    assert (config.dataset.train_batch_size, config.train.max_train_steps) == (4, 400)
    assert not config.train.gradient_checkpointing and config.dataset.cache_latents


def test_the_guides_third_command_means_what_the_guide_says():
    config = config_of(import_text(command("buckets-augmentation")).values)
    data, train, save = config.dataset, config.train, config.save
    assert (data.resolution, data.train_batch_size) == ((768, 512), 20)
    assert (data.enable_bucket, data.min_bucket_reso, data.max_bucket_reso) == (True, 384, 1280)
    assert data.color_aug and data.flip_aug and not data.cache_latents
    assert (train.learning_rate, train.max_train_steps, train.seed) == (5e-6, 800, 42)
    assert (save.save_every_n_epochs, save.save_state, save.save_precision) == (1, True, "bf16")
    assert config.log.logging_dir == "logs" and train.gradient_checkpointing


@pytest.mark.parametrize("name", COMMANDS)
def test_what_only_stands_for_a_value_is_left_to_be_filled_in(name):
    found = import_text(command(name))
    assert not set(OF_ONE_SUBJECT) & set(found.values)
    empty = said(found, "W-IMPORT-EMPTY")
    assert len(empty) == 4 and all("has no value yet: <" in text for text in empty)
    assert codes(found) <= {"I-IMPORT-TAKEN", "W-IMPORT-EMPTY", "W-CFG-READ-AS"}


def test_accelerates_own_options_are_left_to_accelerate():
    assert not any(
        "cpu_threads" in problem.text("en") for problem in import_text(command(COMMANDS[0])).report
    )


@pytest.mark.parametrize("joint", [" \\\n", " ^\n", " `\n", "\n", " "])
def test_lines_may_be_joined_in_any_shells_way(joint):
    text = joint.join(["python train_db.py", "--train_data_dir=t", "--seed 42", "--enable_bucket"])
    values = import_text(text).values
    assert (values["train.seed"], values["dataset.enable_bucket"]) == (42, True)


def test_dashes_quotes_and_blanks_of_a_web_page_are_understood():
    values = import_text("train_db.py –mixed_precision=“bf16”　—seed 7 --train_data_dir=‘my images’").values
    assert (values["train.precision"], values["train.seed"]) == ("bf16", 7)
    assert values["dataset.train_data_dir"] == "my images"


def test_a_windows_path_keeps_its_backslashes_and_blanks():
    values = import_text(
        r'train_db.py --pretrained_model_name_or_path="C:\my models\v1-5.ckpt" --seed 1'
    ).values
    assert values["model.base"] == r"C:\my models\v1-5.ckpt"


def test_a_name_of_digits_stays_a_name():
    values = import_text("train_db.py --output_name=007 --seed=007").values
    assert (values["save.output_name"], values["train.seed"]) == ("007", 7)


def test_a_lora_command_is_a_lora_run():
    found = import_text(
        "python train_network.py --network_dim=8 --optimizer_args weight_decay=0.1 betas=0.9,0.99"
    )
    assert (found.values["network.method"], found.values["network.rank"]) == ("lora", 8)
    assert list(found.values["optimizer.optimizer_args"]) == ["weight_decay=0.1", "betas=0.9,0.99"]


def test_an_option_nobody_knows_is_named_with_the_nearest_one():
    found = import_text("train_db.py --lerning_rate 1e-4 --seed 1")
    assert said(found, "E-CFG-UNKNOWN") == [
        "lerning_rate: not taken: no such option; did you mean learning_rate?"
    ]


def test_what_is_not_taken_is_told_first_and_asks_for_nothing_more():
    found = import_text("train_db.py --seed 1 --network_dim 8 --torch_compile")
    assert [problem.code for problem in found.report][:2] == ["I-IMPORT-TAKEN", "E-CFG-NOTHERE"]
    said = found.report[1]
    assert said.en == (
        "not taken: this sd-scripts option is not available here and would change the result (found true)."
    )
    assert said.ja == "取り込んでいません：sd-scriptsのこのオプションには対応していません（値：true）。"


@pytest.mark.parametrize(
    "script", ["flux_train.py", "sd3_train_network.py", "train_textual_inversion_XTI.py"]
)
def test_a_command_for_something_else_is_refused(script):
    with pytest.raises(ConfigError, match=script):
        import_text(f"accelerate launch {script} --seed 1")


def test_several_commands_at_once_are_refused():
    with pytest.raises(ConfigError, match="2 commands"):
        import_text(command(COMMANDS[0]) + command(COMMANDS[1]))


def kohya(**fields):
    return import_text(json.dumps(fields))


def test_a_kohya_gui_file_is_taken_with_its_own_names():
    values = kohya(
        pretrained_model_name_or_path="m", max_resolution="512,640", epoch=3, optimizer="AdamW8bit",
        xformers="xformers", network_dim=16, clip_skip=0, unet_lr=0.0001, bucket_reso_steps=64.0,
    ).values  # fmt: skip
    assert values["dataset.resolution"] == "512,640" and values["train.max_train_epochs"] == 3
    assert values["model.attention"] == "xformers" and values["network.rank"] == 16
    assert values["dataset.bucket_reso_steps"] == 64 and "model.clip_skip" not in values


def test_kohyas_percentages_are_steps_as_its_window_works_them_out():
    found = kohya(max_train_steps=1500, epoch=1, lr_warmup=10, stop_text_encoder_training=33)
    assert found.values["optimizer.lr_warmup_steps"] == 150
    assert found.values["train.stop_text_encoder_training"] == 495
    assert "train.max_train_epochs" not in found.values
    assert "33% is read as stop_text_encoder_training = 495." in said(found, "W-CFG-READ-AS")


def test_a_standard_lora_has_no_convolutions_whatever_its_hidden_fields_say():
    fields = {"network_dim": 8, "conv_dim": 4, "conv_alpha": 1, "unet_lr": "0.0001", "text_encoder_lr": 5e-05}
    values = kohya(LoRA_type="Standard", **fields).values
    assert values["network.method"] == "lora" and "network.conv_rank" not in values
    assert kohya(LoRA_type="Kohya LoCon", **fields).values["network.conv_rank"] == 4


def test_a_zero_rate_in_the_lora_tab_means_that_part_is_not_trained():
    values = kohya(LoRA_type="Standard", unet_lr=0.0001, text_encoder_lr=0).values
    assert values["train.text_encoder_lr"] == 0.0 and values["train.unet_lr"] == 0.0001


def test_another_kind_of_network_is_named_and_not_replaced():
    found = kohya(LoRA_type="LoRA-FA", network_dim=8, unet_lr=1e-4, text_encoder_lr=1e-4)
    assert any("LoRA-FA" in text for text in said(found, "E-CFG-NOTHERE"))


def test_kohyas_kinds_of_lycoris_are_methods():
    found = kohya(
        LoRA_type="LyCORIS/LoKr", LyCORIS_preset="full", network_dim=8, conv_dim=4, factor=16, unet_lr=1e-4
    )
    expected = {"method": "lokr", "rank": 8, "conv_rank": 4, "factor": 16}
    assert {name: found.values[f"network.{name}"] for name in expected} == expected


def test_an_algorithm_of_lycoris_that_is_not_here_is_named():
    found = kohya(LoRA_type="LyCORIS/iA3", network_dim=8, unet_lr=1e-4, text_encoder_lr=1e-4)
    assert any("ia3" in text for text in said(found, "E-CFG-NOTHERE"))


def test_kohyas_additional_parameters_and_prompts_are_read():
    found = kohya(
        additional_parameters="--caption_prefix='sls frog' --seed 5",
        seed="1",
        sample_prompts="a\n# no\nb --s 9",
    )
    assert found.values["dataset.caption_prefix"] == "sls frog" and found.values["train.seed"] == 5
    assert list(found.values["sample.sample_prompts"]) == ["a", "b --s 9"]


@pytest.mark.parametrize(
    "text", ["[[datasets]]\n[[datasets.subsets]]\nimage_dir = 'x'", '{"datasets": [{}]}']
)
def test_a_dataset_config_is_told_from_a_run_and_what_to_do_is_said(text):
    assert is_dataset_config(text) and not is_dataset_config("seed = 1") and not is_dataset_config("{}")
    with pytest.raises(ConfigError, match="describes datasets"):
        import_text(text)


@pytest.mark.parametrize("given", [[1e-5, 2e-5], "[1e-5, 2e-5]", "1e-5 2e-5"])
def test_kohyas_list_of_rates_trains_the_text_encoder_at_the_first(given):
    values = kohya(LoRA_type="Standard", unet_lr=1e-4, text_encoder_lr=given).values
    assert (values["train.unet_lr"], values["train.text_encoder_lr"]) == (1e-4, 1e-5)


def test_kohyas_additional_parameters_may_be_a_list_and_what_is_wrong_in_them_is_said():
    assert kohya(LoRA_type="Standard", additional_parameters=["--seed", 5]).values["train.seed"] == 5
    found = kohya(LoRA_type="Standard", seed=7, additional_parameters="words -seed=5")
    assert found.values["train.seed"] == 7
    codes = [problem.code for problem in found.report]
    assert "W-IMPORT-STRAY" in codes and "E-IMPORT-DASH" in codes


def test_half_an_epoch_in_kohyas_file_is_refused_and_not_rounded():
    found = kohya(LoRA_type="Standard", epoch=2.5)
    assert "train.max_train_epochs" not in found.values
    assert any(problem.key == "train.max_train_epochs" for problem in found.report)


def test_false_as_text_is_no_other_family():
    assert kohya(LoRA_type="Standard", sdxl="false", network_dim=4).values["network.rank"] == 4


def test_kohyas_settings_for_another_family_are_refused():
    with pytest.raises(ConfigError, match=r"another model family \(SD3\); only .*Stable Diffusion XL can be"):
        kohya(sd3_checkbox=True, max_resolution="1024,1024")


def test_metadata_of_a_lora_gives_its_settings_back():
    values = import_metadata(
        {
            "ss_network_dim": "16", "ss_learning_rate": "0.0001", "ss_seed": "None", "other": "x",
            "ss_resolution": "(512, 768)", "ss_v2": "True", "ss_output_name": "frog", "ss_flip_aug": "False",
            "ss_optimizer": "bitsandbytes.optim.adamw.AdamW8bit(weight_decay=0.1,eps=1e-07)",
            "ss_max_train_steps": "1600", "ss_num_epochs": "4", "ss_network_args": '{"conv_dim": "8"}',
        }
    ).values  # fmt: skip
    assert values["network.rank"] == 16 and values["network.conv_rank"] == 8
    assert values["train.learning_rate"] == 0.0001 and values["dataset.resolution"] == "512,768"
    assert values["optimizer.optimizer_type"] == "AdamW8bit" and values["model.family"] == "sd2"
    assert list(values["optimizer.optimizer_args"]) == ["weight_decay=0.1", "eps=1e-07"]
    assert not {"train.seed", "save.output_name", "train.max_train_epochs"} & set(values)


def test_a_file_that_tells_nothing_is_refused():
    with pytest.raises(ConfigError, match="no record"):
        import_metadata({"modelspec.title": "x"})


def test_text_that_is_no_settings_is_refused():
    with pytest.raises(ConfigError, match="neither"):
        import_text("hello there, friend")


@pytest.mark.parametrize("value", ['["a", "b"]', '{"x": "a"}', "[1]"])
def test_a_list_or_table_for_one_folder_is_not_taken_as_its_text(value):
    found = import_text(f'{{"train_data_dir": {value}, "network_dim": 8}}')
    assert "dataset.train_data_dir" not in found.values
    assert any(p.key == "dataset.train_data_dir" or "train_data_dir" in p.en for p in found.report)
    assert found.values["network.rank"] == 8
