"""Settings for SDXL of sd-scripts, kohya_ss and LoRA files: rates at their encoders, defaults of scripts."""

import json

import pytest

from core.config.check import check
from core.config.file import toml_text
from core.config.imports.read_any import import_metadata, import_text
from core.errors import ConfigError
from tests.tiny import make_tiny

LORA = "sdxl_train_network.py --network_module=networks.lora --network_dim=8 --learning_rate=1e-4"
WHOLE = "sdxl_train.py --learning_rate=4e-7 --train_data_dir=t --resolution=1024,1024"
RATES = ("train.unet_lr", "train.text_encoder_lr", "train.text_encoder_2_lr")


def rates(found):
    return tuple(found.values.get(key) for key in RATES)


def said(found, lang="en"):
    return " / ".join(problem.text(lang) for problem in found.report)


def kohya(**fields):
    return import_text(json.dumps(fields))


@pytest.mark.parametrize(("command", "method"), [(LORA, "lora"), (WHOLE, "none")])
def test_a_script_tells_family_and_method(command, method):
    found = import_text(f"accelerate launch {command}")
    assert (found.values["model.family"], found.values["network.method"]) == ("sdxl", method)
    assert '.py is read as model.family = "sdxl".' in said(found)


def test_of_two_rates_each_encoder_gets_its_own_and_it_is_said_what_the_script_does_with_them():
    found = import_text(f"{LORA} --unet_lr=1e-4 --text_encoder_lr 1e-5 2e-5")
    assert rates(found) == (1e-4, 1e-5, 2e-5)
    assert (
        "text_encoder_lr is read as train.text_encoder_lr = 1e-05, train.text_encoder_2_lr = 2e-05: "
        "for the first text encoder and the second; networks.lora of sd-scripts uses the first rate for both."
    ) in said(found)
    assert "1つ目と2つ目のText Encoder" in said(found, "ja")


def test_one_rate_is_for_both_encoders_as_in_the_script():
    assert rates(import_text(f"{LORA} --text_encoder_lr 1e-5")) == (None, 1e-5, None)


def test_no_rate_trains_the_encoders_of_a_lora_at_the_learning_rate():
    """A form may hold SDXL's own default, which leaves them alone."""
    found = import_text(LORA)
    assert rates(found) == (None, 1e-4, None)
    assert "set to the defaults of sd-scripts: train.text_encoder_lr = 0.0001" in said(found)


def test_the_unet_alone_is_trained_whatever_rates_the_encoders_have():
    found = import_text(f"{LORA} --text_encoder_lr 1e-5 2e-5 --network_train_unet_only")
    assert rates(found) == (None, 0.0, 0.0)
    assert "text_encoder_lr = 2e-05 is not used beside network_train_unet_only" in said(found)


def test_the_whole_model_script_leaves_the_encoders_alone_though_they_have_rates():
    found = import_text(f"{WHOLE} --learning_rate_te1=1e-6 --learning_rate_te2=2e-6")
    assert rates(found) == (None, 0.0, 0.0)
    assert "sdxl_train.py without train_text_encoder is read as train.text_encoder_lr = 0.0" in said(found)


@pytest.mark.parametrize(
    ("flags", "first", "second"),
    [
        ("--learning_rate_te1=1e-6 --learning_rate_te2=2e-6", 1e-6, 2e-6),
        ("--learning_rate_te1=1e-6", 1e-6, 4e-7),
        ("--learning_rate_te2=2e-6", 4e-7, 2e-6),
        ("--learning_rate_te1=0 --learning_rate_te2=2e-6", 0.0, 2e-6),
        ("", 4e-7, None),
    ],
)
def test_with_its_flag_each_encoder_is_trained_at_its_rate_or_the_learning_rate(flags, first, second):
    assert rates(import_text(f"{WHOLE} --train_text_encoder {flags}")) == (None, first, second)


def test_options_that_these_scripts_have_alone_are_taken_or_named():
    found = import_text(
        f"{WHOLE} --cache_text_encoder_outputs --cache_text_encoder_outputs_to_disk --no_half_vae "
        "--full_bf16 --mixed_precision=bf16 --v_parameterization --zero_terminal_snr --max_token_length=225 "
        f"--clip_skip=2 --disable_mmap_load_safetensors --block_lr={','.join(['1e-6'] * 23)}"
    )
    assert found.values["train.precision"] == "full_bf16" and found.values["model.prediction"] == "v"
    assert found.values["train.zero_terminal_snr"] and found.values["model.max_token_length"] == 225
    assert "model.clip_skip" not in found.values
    assert "clip_skip = '2' is not used: Stable Diffusion XL models do not have this option." in said(found)
    for name in ("cache_text_encoder_outputs", "cache_text_encoder_outputs_to_disk", "no_half_vae"):
        assert f"{name} is not needed: " in said(found)
    assert "cached without it, and kept on disk with dataset.cache_latents_to_disk" in said(found)
    assert found.values["train.block_lr"] == ",".join(["1e-6"] * 23)


def test_defaults_of_the_script_are_stated_where_the_familys_own_are_others():
    found = import_text(f"{LORA} --enable_bucket")
    keys = ("dataset.min_bucket_reso", "dataset.max_bucket_reso", "train.gradient_checkpointing")
    assert [found.values[key] for key in keys] == [256, 1024, False]
    assert found.values["train.precision"] == "no" and "dataset.resolution" not in found.values
    given = import_text(f"{LORA} --enable_bucket --max_bucket_reso=2048 --mixed_precision=fp16")
    assert given.values["dataset.max_bucket_reso"] == 2048 and given.values["train.precision"] == "fp16"


def test_what_sd_scripts_computes_otherwise_is_told_and_not_switched_on():
    found = import_text(WHOLE)
    told = 'set train.size_condition = "sd_scripts", model.pooled_as_sd_scripts = true.'
    assert told in said(found) and not {"train.size_condition", "model.pooled_as_sd_scripts"} & {
        *found.values
    }
    assert "network.unused_layers = true" in said(import_text(LORA))
    assert "size_condition" not in said(import_text("train_network.py --network_dim=8"))


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    for family in ("sd1", "sdxl"):
        make_tiny(folder / f"{family}.safetensors", family=family)
    return {family: (folder / f"{family}.safetensors").as_posix() for family in ("sd1", "sdxl")}


def foreign(base, lines):
    return f"pretrained_model_name_or_path = '{base}'\ntrain_data_dir = 't'\nlearning_rate = 4e-7\n{lines}"


def test_a_toml_of_the_whole_model_script_is_known_by_its_base_model(bases):
    found = import_text(foreign(bases["sdxl"], ""))
    assert rates(found) == (None, 0.0, None) and "sdxl_train.py without train_text_encoder" in said(found)
    assert rates(import_text(foreign(bases["sd1"], ""))) == (None, None, None)
    with_flag = foreign(bases["sdxl"], "train_text_encoder = true\nlearning_rate_te1 = 1e-6\n")
    assert rates(import_text(with_flag)) == (None, 1e-6, 4e-7)


def test_such_a_toml_runs_as_it_stands_with_the_encoders_at_rest(bases):
    train = check(foreign(bases["sdxl"], ""), reads_base=True).config.train
    assert train.rates() == {"denoiser": 4e-7}


@pytest.mark.parametrize(("family", "second"), [("sdxl", 2e-5), ("sd1", None)])
def test_two_rates_in_a_run_file_are_divided_by_what_the_base_model_is(bases, family, second):
    text = f"format = 1\n[model]\nbase = '{bases[family]}'\n[dataset]\ntrain_data_dir = 't'\n[train]\n"
    checked = check(f"{text}text_encoder_lr = [1e-5, 2e-5]\n", reads_base=True)
    train = checked.config.train
    assert (train.text_encoder_lr, train.text_encoder_2_lr) == (1e-5, second)
    assert [notice.line for notice in checked.notices if notice.code == "W-CFG-READ-AS"] == [7]
    over = check(f"{text}seed = 1\n", ["train.text_encoder_lr=[1e-5, 2e-5]"], reads_base=True)
    assert over.config.train.text_encoder_2_lr == second


def test_a_lora_json_of_kohya_ss_is_one_of_its_network_script():
    found = kohya(
        LoRA_type="Standard", sdxl=True, network_dim=32, learning_rate=1e-4, unet_lr=1e-4,
        text_encoder_lr=5e-5, t5xxl_lr=1e-5, learning_rate_te1=1e-5, learning_rate_te2=1e-5,
        max_resolution="1024,1024",
        sdxl_cache_text_encoder_outputs=True, sdxl_no_half_vae=True, clip_skip=1,
    )  # fmt: skip
    assert found.values["model.family"] == "sdxl" and rates(found) == (1e-4, 5e-5, None)
    assert "no_half_vae is not needed" in said(found) and "cache_text_encoder_outputs is not" in said(found)
    assert not any(problem.code.startswith("E-") for problem in found.report)


def test_a_lora_json_without_a_rate_for_text_trains_the_unet_alone():
    fields = {"LoRA_type": "Standard", "sdxl": True, "network_dim": 8, "unet_lr": 1e-4, "text_encoder_lr": 0}
    assert rates(kohya(**fields)) == (1e-4, 0.0, None)


@pytest.mark.parametrize(
    ("te1", "te2", "expected"),
    [(1e-5, 0, (None, 1e-5, 0.0)), (0, 1e-5, (None, 0.0, 1e-5)), (0, 0, (None, 0.0, None))],
)
def test_its_dreambooth_tab_trains_the_encoders_whose_rate_is_above_zero(te1, te2, expected):
    found = kohya(sdxl=True, learning_rate=1e-6, learning_rate_te=1e-5, learning_rate_te1=te1,
                  learning_rate_te2=te2)  # fmt: skip
    assert found.values["network.method"] == "none" and rates(found) == expected


def test_its_finetune_tab_names_the_family_otherwise_and_has_a_box_for_the_encoders():
    fields = {
        "sdxl_checkbox": True,
        "learning_rate": 1e-6,
        "learning_rate_te1": 2e-6,
        "learning_rate_te2": 3e-6,
    }
    assert rates(kohya(**fields, train_text_encoder=False)) == (None, 0.0, None)
    found = kohya(**fields, train_text_encoder=True)
    assert found.values["model.family"] == "sdxl" and rates(found) == (None, 2e-6, 3e-6)


def test_rates_of_two_encoders_are_passed_over_for_models_with_one():
    found = kohya(learning_rate=1e-6, learning_rate_te=2e-6, learning_rate_te1=3e-6, learning_rate_te2=4e-6)
    assert rates(found) == (None, 2e-6, None) and "learning_rate_te1" not in said(found)


def test_fields_of_lycoris_count_for_its_own_kinds_only():
    """The window keeps them filled whatever is chosen."""
    fields = {
        "network_dim": 8,
        "unet_lr": 1e-4,
        "text_encoder_lr": 1e-4,
        "train_on_input": True,
        "use_cp": True,
    }
    assert "LyCORIS" not in said(kohya(LoRA_type="Standard", sdxl=True, **fields))
    assert "train_on_input of LyCORIS" in said(kohya(LoRA_type="LyCORIS/LoCon", sdxl=True, **fields))


def test_buttons_of_the_finetune_tab_are_no_options():
    found = kohya(learning_rate=1e-6, generate_caption_database=True, generate_image_buckets=True)
    assert "generate_" not in said(found)


@pytest.mark.parametrize(
    ("box", "family"),
    [("sd3_checkbox", "SD3"), ("flux1_checkbox", r"Flux\.1"), ("lumina_checkbox", "Lumina")],
)
def test_a_json_for_models_that_cannot_be_trained_is_refused_by_their_name(box, family):
    with pytest.raises(ConfigError, match=rf"another model family \({family}\)"):
        kohya(**{box: True}, LoRA_type="Standard", network_dim=4)


def test_a_json_for_textual_inversion_teaches_a_word():
    values = kohya(sdxl=True, token_string="zxc", num_vectors_per_token=8, learning_rate=1e-4).values
    assert (values["network.method"], values["model.family"]) == ("embedding", "sdxl")
    assert (values["embedding.token_string"], values["embedding.num_vectors_per_token"]) == ("zxc", 8)
    assert values["embedding.embedding_lr"] == 1e-4 and "train.learning_rate" not in values


METADATA = {
    "ss_base_model_version": "sdxl_base_v1-0", "ss_v2": "False", "modelspec.prediction_type": "v",
    "modelspec.architecture": "stable-diffusion-xl-v1-base/lora", "ss_network_module": "networks.lora",
    "ss_network_dim": "16", "ss_network_alpha": "8", "ss_learning_rate": "0.0001", "ss_unet_lr": "0.0001",
    "ss_text_encoder_lr": "5e-05", "ss_zero_terminal_snr": "True", "ss_resolution": "(1024, 1024)",
    "ss_max_bucket_reso": "2048", "ss_enable_bucket": "True", "ss_clip_skip": "None",
    "ss_max_train_steps": "800",
    "ss_network_args": json.dumps(
        {"conv_dim": "4", "conv_alpha": "2", "block_dims": ",".join(str(n) for n in range(23))}
    ),
}  # fmt: skip
BLOCK = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.alpha"
NAMES = [f"lora_te{n}_text_model_encoder_layers_0_mlp_fc1.alpha" for n in (1, 2)]


def test_the_metadata_of_a_lora_of_sd_scripts_gives_its_settings_back():
    found = import_metadata(METADATA, [*NAMES, BLOCK])
    values = found.values
    assert (values["model.family"], values["model.prediction"]) == ("sdxl", "v")
    assert rates(found) == (1e-4, 5e-5, None) and values["train.zero_terminal_snr"] is True
    assert (values["network.conv_rank"], values["network.conv_alpha"]) == (4, 2)
    assert values["network.block_dims"] == ",".join(str(n) for n in range(23))
    assert values["dataset.max_bucket_reso"] == 2048
    assert not any(problem.code in ("E-CFG-VALUE", "W-IMPORT-MEND") for problem in found.report)


def test_parts_that_a_lora_has_no_weights_for_were_not_trained():
    """sd-scripts does not record network_train_unet_only."""
    only_unet = import_metadata(METADATA, [BLOCK])
    assert rates(only_unet) == (1e-4, 0.0, 0.0)
    assert "no weights of text_encoder_2, so train.text_encoder_2_lr = 0.0" in said(only_unet)
    assert rates(import_metadata(METADATA, ["lycoris_unet_x.alpha"])) == (1e-4, 5e-5, None)


def test_the_recipe_in_a_file_of_ours_counts_before_the_records_for_other_programs():
    recipe = {
        "train.learning_rate": 1e-4, "train.text_encoder_lr": 1e-5, "train.text_encoder_2_lr": 2e-5,
        "network.rank": 24, "train.size_condition": "zero", "model.base": "xl.safetensors",
        "optimizer.lr_scheduler": "cosine", "train.seed": 7, "dataset.caption_prefix": "a frog",
        "dataset.resolution": [1024, 768], "network.new_option": 3,
    }  # fmt: skip
    found = import_metadata({**METADATA, "rareword_recipe": json.dumps(recipe)})
    values = found.values
    assert rates(found) == (None, 1e-5, 2e-5) and values["network.rank"] == 24
    assert (values["model.family"], values["model.prediction"]) == ("sdxl", "v")
    assert values["train.size_condition"] == "zero" and values["optimizer.lr_scheduler"] == "cosine"
    assert check_of(values).dataset.resolution == (1024, 768)
    assert values["train.seed"] == 7 and "dataset.caption_prefix" not in values
    assert "model.base" not in values and "network.conv_rank" not in values
    assert "network.new_option: not taken" in said(found) and "sd-scripts" not in said(found)


def check_of(values):
    own = {"model.base": "m", "dataset.train_data_dir": "t"}
    return check(toml_text.dumps({**values, **own})).config


def test_metadata_of_models_that_cannot_be_trained_is_refused_by_their_name():
    with pytest.raises(ConfigError, match=r"another model family \(SD3\)"):
        import_metadata({"ss_base_model_version": "sd3_m", "ss_network_dim": "4", "ss_seed": "1"})


def test_more_rates_than_there_are_text_encoders_are_refused_with_how_many_there_may_be():
    with pytest.raises(ConfigError) as refused:
        check("format = 1\nmodel.family = 'sdxl'\n[train]\ntext_encoder_lr = [1e-5, 2e-5, 3e-5]\n")
    [problem] = [one for one in refused.value.problems if one.key == "train.text_encoder_lr" and one.is_error]
    assert problem.en == "takes one learning rate, or one for each of 2 text encoders; found 3."


@pytest.mark.parametrize("flags", ["--fused_backward_pass", "--fused_optimizer_groups 10"])
def test_updates_in_the_backward_pass_are_read_from_either_option(flags):
    found = import_text(f"{WHOLE} {flags} --optimizer_type Adafactor")
    assert found.values["train.fused_backward_pass"] is True
