"""The guide's own option names mean here what they mean there."""

import pytest

from core.config.check import check
from core.errors import ConfigError

GUIDE = """
pretrained_model_name_or_path = "model.safetensors"
train_data_dir = "train"
reg_data_dir = "reg"
output_dir = "out"
[anything]
prior_loss_weight = 1.0
resolution = "768,512"
train_batch_size = 20
learning_rate = 5e-6
max_train_steps = 800
use_8bit_adam = true
xformers = true
mixed_precision = "bf16"
save_every_n_epochs = 1
save_state = true
save_precision = "bf16"
enable_bucket = true
min_bucket_reso = 384
max_bucket_reso = 1280
color_aug = true
flip_aug = true
gradient_checkpointing = true
seed = 42
"""


def test_a_config_file_of_sd_scripts_runs_unchanged():
    config = check(GUIDE).config
    assert config.model.base == "model.safetensors"
    assert config.model.attention == "xformers"
    assert config.dataset.resolution == (768, 512)
    assert config.optimizer.optimizer_type == "AdamW8bit"
    assert config.train.precision == "bf16"
    assert config.save.save_state


def test_without_a_network_module_the_model_itself_is_trained():
    assert check(GUIDE).config.network.method == "none"


def test_with_the_lora_module_a_lora_is_trained():
    text = GUIDE + 'network_module = "networks.lora"\nnetwork_dim = 16\nnetwork_alpha = 8\n'
    network = check(text).config.network
    assert (network.method, network.rank, network.alpha) == ("lora", 16, 8.0)


def test_v2_and_v_parameterization_are_family_and_prediction():
    model = check(GUIDE + "v2 = true\nv_parameterization = true\n").config.model
    assert (model.family, model.prediction) == ("sd2", "v")


def test_v2_and_v_parameterization_switched_off_say_the_contrary():
    model = check(GUIDE + "v2 = false\nv_parameterization = false\n").config.model
    assert (model.family, model.prediction) == ("sd1", "epsilon")
    assert (check(GUIDE).config.model.family, check(GUIDE).config.model.prediction) == ("auto", "auto")


def test_what_was_read_as_what_is_said_with_its_line():
    assert "line 2: pretrained_model_name_or_path is read as model.base." in [
        notice.text("en") for notice in check(GUIDE).notices
    ]


def test_an_option_that_would_change_the_result_is_refused_when_set():
    with pytest.raises(ConfigError, match="deepspeed"):
        check(GUIDE + "deepspeed = true\n")


def test_an_option_that_is_off_is_no_fault():
    assert check(GUIDE + "weighted_captions = false\nzero_terminal_snr = false\n").config


def test_the_same_option_under_two_names_with_two_values_is_refused():
    with pytest.raises(ConfigError, match="already sets"):
        check(GUIDE + "unet_lr = 1e-4\n[train]\nunet_lr = 2e-4\n")


@pytest.mark.parametrize(
    "option", ["initial_epoch = 2", "initial_step = 5", "skip_until_initial_step = true"]
)
def test_where_to_go_on_is_refused_because_the_state_knows_it(option):
    with pytest.raises(ConfigError, match=r"continues exactly where its state was saved.* save\.resume"):
        check(GUIDE + option + "\n")


def test_a_zero_for_states_to_keep_is_not_given():
    assert check(GUIDE + "save_last_n_steps_state = 0\n").config.save.save_last_n_steps_state is None
