"""A pasted command ends where its shell ends it, and means what its script does where a flag is absent."""

import pytest

from core.config.imports.read_any import import_text
from core.errors import ConfigError

BATCH = """accelerate launch train_network.py ^
  --network_dim=16 --pretrained_model_name_or_path="D:\\m.safetensors" ^
  --output_name=mychar
pause
"""
SHELL = """#!/bin/bash
cd sd-scripts  # it's here
accelerate launch train_network.py \\
  --output_name=mine \\
  --seed=5

# finished
echo "done"
"""


def facts(found, code):
    return [problem.facts for problem in found.report if problem.code == code]


def said(found, code=""):
    return [problem.text("en") for problem in found.report if not code or problem.code == code]


def test_what_stands_behind_a_batch_files_command_is_no_part_of_it():
    found = import_text(BATCH)
    assert found.values["save.output_name"] == "mychar" and found.values["network.rank"] == 16
    assert found.values["model.base"] == "D:\\m.safetensors"
    assert facts(found, "W-IMPORT-AFTER") == [{"text": "pause"}]


def test_what_stands_before_and_behind_a_shell_scripts_command_is_no_part_of_it():
    found = import_text(SHELL)
    assert (found.values["save.output_name"], found.values["train.seed"]) == ("mine", 5)
    assert facts(found, "W-IMPORT-AFTER") == [{"text": "echo done"}]


@pytest.mark.parametrize(
    "behind",
    [
        "&& shutdown -h now",
        '--caption_prefix="a b"; shutdown',
        "; shutdown",
        "|| pause",
        "> log.txt 2>&1",
        "| tee log.txt",
        "&",
        ";sleep 3",
        "&&shutdown",
        ">log.txt",
        "2>err.txt",
        "&> log.txt",
        "|tee log.txt",
        "\nREM 16",
        "\n:: 16",
    ],
)
def test_an_operator_or_a_remark_ends_the_command(behind):
    values = import_text(f"train_network.py --network_dim=16 --seed 5 {behind}").values
    assert (values["network.rank"], values["train.seed"]) == (16, 5)
    assert "shutdown" not in str(values)


def test_a_remark_between_the_lines_is_passed_over_and_signs_in_quotes_are_none():
    found = import_text(
        'train_db.py --seed=5\nREM the names\n--caption_separator ";" --keep_tokens_separator="|||"\n# end'
    )
    assert found.values["dataset.caption_separator"] == ";" and not said(found, "W-IMPORT-AFTER")
    assert found.values["dataset.keep_tokens_separator"] == "|||"


def test_an_option_with_one_dash_is_named_and_does_not_become_part_of_a_value():
    found = import_text("train_network.py --output_name=mine -network_dim=8 --stop_text_encoder_training -1")
    assert found.values["save.output_name"] == "mine" and "network.rank" not in found.values
    assert found.values["train.stop_text_encoder_training"] == -1
    assert said(found, "E-IMPORT-DASH") == [
        "not taken: -network_dim has one dash; an option begins with two: write --network_dim=8."
    ]


def test_an_option_with_one_dash_and_a_value_in_quotes_is_named_too():
    found = import_text("train_network.py --seed=5 -output_name='my own' --network_dim 8")
    assert found.values["train.seed"] == 5 and found.values["network.rank"] == 8
    assert "-output_name has one dash" in said(found, "E-IMPORT-DASH")[0]


def test_the_last_of_an_option_given_twice_counts_as_in_argparse_and_is_said():
    found = import_text("train_network.py --network_dim=8 --seed 1 --network_dim=16")
    assert found.values["network.rank"] == 16
    assert said(found, "W-IMPORT-TWICE") == ["network_dim is given 2 times; the last one counts: 16."]


def test_a_quote_that_is_not_closed_is_refused():
    with pytest.raises(ConfigError, match="quote is not closed"):
        import_text('train_db.py --output_name "mine --seed 5')


def test_a_variable_of_the_shell_only_stands_for_a_value():
    found = import_text("train_db.py --output_name=$NAME --train_data_dir '%DATA%' --seed 1")
    assert "save.output_name" not in found.values and "dataset.train_data_dir" not in found.values
    assert len(said(found, "W-IMPORT-EMPTY")) == 2


FINE_TUNE = "accelerate launch fine_tune.py --in_json meta.json --train_data_dir=img --learning_rate=5e-6"


def test_fine_tune_without_its_flag_leaves_the_text_encoder_alone_and_says_so():
    found = import_text(FINE_TUNE)
    assert (found.values["train.text_encoder_lr"], found.values["train.learning_rate"]) == (0.0, 5e-6)
    assert "fine_tune.py without train_text_encoder is read as train.text_encoder_lr = 0.0." in said(found)
    assert import_text(FINE_TUNE + " --learning_rate_te=1e-6").values["train.text_encoder_lr"] == 0.0


def test_fine_tune_with_its_flag_trains_the_text_encoder_at_its_rate():
    values = import_text(FINE_TUNE + " --train_text_encoder --learning_rate_te=1e-6").values
    assert values["train.text_encoder_lr"] == 1e-6
    assert "train.text_encoder_lr" not in import_text(FINE_TUNE + " --train_text_encoder").values


@pytest.mark.parametrize(("script", "method"), [("train_db.py", "none"), ("train_network.py", "lora")])
def test_the_other_scripts_train_the_text_encoder_unasked(script, method):
    values = import_text(f"{script} --learning_rate=5e-6 --train_data_dir=img").values
    assert "train.text_encoder_lr" not in values and values["network.method"] == method


@pytest.mark.parametrize(
    "script",
    [
        "train_dreambooth_lora.py",
        "train_dreambooth.py",
        "train_text_to_image_lora.py",
        "textual_inversion.py",
    ],
)
def test_a_script_of_diffusers_is_refused_by_name_with_what_to_do(script):
    with pytest.raises(ConfigError, match=f"{script} belongs to diffusers.*20_sls frog"):
        import_text(f"accelerate launch {script} --instance_data_dir=x --learning_rate=1e-4 --seed=0")


@pytest.mark.parametrize(
    "script",
    ["train_textual_inversion_XTI.py", "train_controlnet.py",
     "sd3_train_network.py", "flux_train_network.py", "wan_train_network.py", "train_control_net.py",
     "sd3_train.py"],
)  # fmt: skip
def test_a_script_for_something_else_is_refused_by_name(script):
    with pytest.raises(ConfigError, match=f"{script} trains what is not supported here"):
        import_text(f"accelerate launch {script} --seed 1")


def test_an_unknown_script_is_read_as_sd_scripts_own_and_said():
    found = import_text("python my_own.py --learning_rate=1e-4 --network_dim 8")
    assert found.values["network.rank"] == 8
    known = (
        "train_db.py, fine_tune.py, train_network.py, train_textual_inversion.py, sdxl_train.py, "
        "sdxl_train_network.py, sdxl_train_textual_inversion.py"
    )
    assert facts(found, "W-IMPORT-SCRIPT") == [{"script": "my_own.py", "known": known}]


@pytest.mark.parametrize("given", ["5e-5 6e-5", "[5e-5, 6e-5]", "5e-5,6e-5"])
def test_of_several_rates_of_text_encoders_the_first_is_ours(given):
    found = import_text(f"train_network.py --network_dim=8 --text_encoder_lr {given}")
    assert found.values["train.text_encoder_lr"] == 5e-5
    text = "text_encoder_lr is read as its first learning rate, 5e-05: only Stable Diffusion XL has a second"
    assert any(line.startswith(text) for line in said(found))


def test_a_command_that_keeps_its_settings_in_a_file_says_to_open_that():
    found = import_text('accelerate launch train_network.py --config_file="my settings.toml" --seed=5')
    assert (
        "config_file: not taken: the settings in the file 'my settings.toml' are not read from here; "
        "open that file itself." in said(found)
    )


def test_a_toml_with_prompts_in_it_is_no_command():
    values = import_text("network_dim = 4\nsample_prompts = ['a frog --w 512 --s 9']\nseed = 1").values
    assert values["network.rank"] == 4 and list(values["sample.sample_prompts"]) == ["a frog --w 512 --s 9"]


def test_options_alone_are_a_command():
    assert import_text("--seed=5\n--network_dim=8").values["network.rank"] == 8


def test_an_operator_within_a_word_without_quotes_ends_the_command():
    found = import_text("train_network.py --seed=5 --output_name=mine;shutdown -h now")
    assert found.values["save.output_name"] == "mine"
    assert facts(found, "W-IMPORT-AFTER") == [{"text": "shutdown -h now"}]


def test_a_remark_on_a_joined_line_of_a_batch_file_is_passed_over():
    found = import_text("train_network.py ^\n --network_dim=16 ^\nREM --network_alpha=4 ^\n --seed=5")
    assert (found.values["network.rank"], found.values["train.seed"]) == (16, 5)
    assert "network.alpha" not in found.values


@pytest.mark.parametrize("variable", ["$ext_args", '"${ext_args[@]}"', '"$@"', "%*", "@extra", "$env:MORE"])
def test_a_variable_that_may_hold_options_is_no_part_of_a_value_and_is_said(variable):
    for command in (f"--output_name=mine {variable}", f"{variable} --output_name=mine"):
        found = import_text(f"train_network.py {command}")
        assert found.values["save.output_name"] == "mine"
        name = variable.strip('"')
        assert facts(found, "W-IMPORT-VARIABLE") == [{"name": name}]


def test_a_word_before_the_first_option_is_said():
    found = import_text("train_network.py settings --seed=5")
    assert facts(found, "W-IMPORT-STRAY") == [{"text": "settings"}]


def test_a_quote_behind_a_backslash_is_part_of_the_value_and_no_end_of_a_folder():
    values = import_text(
        'train_network.py --training_comment="say \\"hi\\"" --train_data_dir="D:\\my pics\\" --seed=5'
    ).values
    assert values["save.training_comment"] == 'say "hi"'
    assert values["dataset.train_data_dir"] == "D:\\my pics\\" and values["train.seed"] == 5


def test_a_command_for_textual_inversion_teaches_a_word():
    found = import_text(
        "accelerate launch sdxl_train_textual_inversion.py --pretrained_model_name_or_path=m.safetensors "
        "--train_data_dir=t --token_string=frg-x --init_word=frog --num_vectors_per_token=4 "
        "--weights=e.safetensors --learning_rate=5e-3"
    ).values
    assert found["network.method"] == "embedding" and found["model.family"] == "sdxl"
    own = {key: value for key, value in found.items() if key.startswith("embedding.")}
    assert own == {
        "embedding.token_string": "frg-x", "embedding.init_word": "frog",
        "embedding.num_vectors_per_token": 4, "embedding.weights": "e.safetensors",
        "embedding.embedding_lr": 5e-3, "embedding.keep_norm": False,
    }  # fmt: skip
    assert "train.learning_rate" not in found
