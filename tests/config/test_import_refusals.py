"""What an import does not take is named with what stays; what is another program's is refused by its name."""

import json

import pytest

from core.config.imports.read_any import import_text
from core.errors import ConfigError


def kohya(**fields):
    return import_text(json.dumps(fields))


def said(found, lang="en"):
    return [problem.text(lang) for problem in found.report]


def refusal(text):
    with pytest.raises(ConfigError) as caught:
        import_text(text if isinstance(text, str) else json.dumps(text))
    return caught.value.problems


@pytest.mark.parametrize(
    ("option", "given", "key", "stays"),
    [
        ("optimizer_type", "CAME", "optimizer.optimizer_type", "AdamW"),
        ("mixed_precision", "fp8", "train.precision", "no"),
        ("lr_scheduler", "foo", "optimizer.lr_scheduler", "constant"),
    ],
)
def test_a_word_that_is_not_in_its_list_is_not_taken_and_is_named_with_the_choices(option, given, key, stays):
    found = import_text(f"accelerate launch train_network.py --network_dim=8 --{option}={given}")
    assert key not in found.values and found.values["network.rank"] == 8
    [line] = [line for line in said(found) if line.startswith(key)]
    assert f"not taken: must be one of {stays}" in line or f", {stays}, " in line
    assert line.endswith(f"not '{given}'; {stays} stays.")
    assert any(line.startswith(key) and f"{stays}のままです" in line for line in said(found, "ja"))


def test_values_out_of_bounds_are_not_taken_and_the_bound_that_is_broken_is_named():
    found = kohya(LoRA_type="Standard", network_dim=8, bucket_reso_steps=1.0, train_batch_size=5000)
    lines = said(found)
    assert not {"dataset.bucket_reso_steps", "dataset.train_batch_size"} & set(found.values)
    assert "dataset.bucket_reso_steps: not taken: must be a multiple of 32, not 1; 64 stays." in lines
    assert "dataset.train_batch_size: not taken: must be at most 1,024, not 5000; 1 stays." in lines


def test_values_that_do_not_go_together_are_taken_and_what_to_mend_is_told():
    found = import_text("train_db.py --cache_latents --color_aug --resolution=500 --seed 1")
    assert found.values["dataset.color_aug"] and found.values["dataset.resolution"] == 500
    mend = [problem for problem in found.report if problem.code == "W-IMPORT-MEND"]
    assert {problem.key for problem in mend} == {"dataset.color_aug", "dataset.resolution"}
    assert all(problem.en.startswith("taken, but it ") for problem in mend)


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("output_dir = 'x'\npipeline_stages = 1\n[model]\ntype = 'flux'\n", "diffusion-pipe"),
        ({"nodes": [], "links": [], "version": 0.4}, "ComfyUI"),
        ({"resume_ckpt": "sd15", "project_name": "x", "max_epochs": 3, "lr": 1e-6}, "EveryDream"),
    ],
)
def test_settings_of_other_programs_are_refused_by_name(text, program):
    [problem] = refusal(text)
    assert problem.code == "E-IMPORT-PROGRAM" and program in problem.en and program in problem.ja


def test_a_zero_and_a_switch_that_is_off_are_settings_too():
    assert import_text("seed = 0").values["train.seed"] == 0
    assert import_text("cache_latents = false").values["dataset.cache_latents"] is False


def test_no_advice_is_given_that_is_not_near():
    found = import_text(
        "--seed=1 --training_method=LORA --train_on_input=1 --zzz=1 --lerning_rate=1 --batch_size=4"
    )
    lines = " / ".join(said(found))
    assert "did you mean training_comment" not in lines and "rank_dropout" not in lines
    assert "lerning_rate: not taken: no such option; did you mean learning_rate?" in lines
    assert "did you mean train_batch_size or vae_batch_size?" in lines


@pytest.mark.parametrize(
    "text", ["", " \n\ufeff", "# only a remark\n", "{}", '{"a": 1, "b": 2}', "x = 1\ny = 2"]
)
def test_what_holds_no_setting_is_refused(text):
    problems = refusal(text)
    assert problems[0].code == "E-IMPORT" and "paste a command line" in problems[0].en


def test_a_windows_path_in_a_pasted_toml_gets_the_hint_that_check_gives():
    [problem] = refusal('train_data_dir = "C:\\Users\\me"\nseed = 1\n')
    assert (
        problem.line == 1
        and "Windows path in 'single quotes'" in problem.en
        and "シングルクォート" in problem.ja
    )


def test_broken_json_is_told_with_line_and_column():
    [problem] = refusal('{\n "network_dim": 8,\n "seed": \n}')
    assert (problem.code, problem.line) == ("E-CFG-SYNTAX", 4)
    assert problem.facts == {"why": "Expecting value", "column": 1, "line_text": "}"}


def test_loraplus_ratios_of_the_window_are_taken():
    found = kohya(
        LoRA_type="Standard", loraplus_lr_ratio=16, loraplus_unet_lr_ratio=0, loraplus_text_encoder_lr_ratio=4
    )
    assert found.values["network.loraplus_lr_ratio"] == 16
    assert found.values["network.loraplus_text_encoder_lr_ratio"] == 4
    assert "network.loraplus_unet_lr_ratio" not in found.values


def test_an_explicit_nothing_empties_folders_names_and_prompts():
    empty = ("reg_data_dir", "logging_dir", "sample_prompts", "output_name", "caption_prefix", "resume")
    fields = {"LoRA_type": "Standard", "network_dim": 8, "train_data_dir": "t", "vae": None}
    found = kohya(**fields, caption_extension="", **dict.fromkeys(empty, ""))
    for key in ("dataset.reg_data_dir", "log.logging_dir", "save.output_name", "model.vae", "save.resume"):
        assert found.values[key] is None, key
    assert found.values["dataset.caption_prefix"] is None and found.values["sample.sample_prompts"] == ()
    assert "dataset.caption_extension" not in found.values
    assert "reg_data_dir" not in said(found)[0] and "train_data_dir" in said(found)[0]


def test_what_a_file_does_not_name_is_not_emptied():
    assert "dataset.reg_data_dir" not in kohya(LoRA_type="Standard", network_dim=8).values


FINETUNE = {
    "train_text_encoder": False, "learning_rate": 5e-6, "learning_rate_te": 0, "image_folder": "pics",
    "train_dir": "work",
    "caption_metadata_filename": "meta_cap.json",
    "latent_metadata_filename": "meta_lat.json", "use_latent_files": "No",
    "max_resolution": "512,512", "train_batch_size": 2, "batch_size": 1, "max_train_steps": 100,
}  # fmt: skip


def test_the_finetune_tab_leaves_the_text_encoder_alone_unless_it_is_ticked():
    found = kohya(**FINETUNE)
    assert found.values["train.text_encoder_lr"] == 0.0 and found.values["network.method"] == "none"
    assert "train_text_encoder = false is read as train.text_encoder_lr = 0.0." in said(found)
    assert "train.text_encoder_lr" not in kohya(**{**FINETUNE, "train_text_encoder": True}).values


def test_the_finetune_tabs_own_fields_are_read():
    values = kohya(**FINETUNE).values
    assert (values["dataset.in_json"], values["dataset.train_data_dir"]) == ("work/meta_cap.json", "pics")
    assert values["dataset.enable_bucket"] is True and values["dataset.train_batch_size"] == 2


def test_a_dreambooth_json_trains_the_text_encoder_as_before():
    values = kohya(learning_rate=5e-6, train_data_dir="t", reg_data_dir="r", max_train_steps=100).values
    assert "train.text_encoder_lr" not in values and values["network.method"] == "none"


@pytest.mark.parametrize(
    ("command", "program"),
    [
        ("--instance_data_dir=x --instance_prompt='a sks dog' --rank=4 --learning_rate=5e-6", "diffusers"),
    ],
)
def test_a_command_of_another_program_is_refused_by_name_though_its_script_is_unknown(command, program):
    with pytest.raises(ConfigError, match=f"settings of {program}"):
        import_text(command)


@pytest.mark.parametrize(
    "text", ["network_dim = [[4]]\nseed = 5", "--network_train_unet_only --learning_rate=1e-4 --seed=5"]
)
def test_settings_of_a_network_that_are_not_taken_do_not_become_a_training_of_the_whole_model(text):
    assert import_text(text).values["network.method"] == "lora"
