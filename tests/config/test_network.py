"""Options of [network]: lists for the blocks, and sd-scripts' network_args."""

import pytest

from core.config.check import check
from core.config.imports.read_any import import_metadata, import_text
from core.errors import ConfigError

RUN = "format = 1\nmodel.base = 'm'\ndataset.train_data_dir = 't'\n"

COMMAND = """accelerate launch train_network.py --pretrained_model_name_or_path=m.safetensors
 --train_data_dir=t --network_module=networks.lora --network_dim=16 --network_alpha=8
 --network_args conv_dim=4 conv_alpha=1 rank_dropout=0.1 loraplus_lr_ratio=16 down_lr_weight=cosine+.25
 --base_weights "a b.safetensors" c.safetensors --base_weights_multiplier 0.5 1 --scale_weight_norms 1"""


def network(text: str):
    return check(f"{RUN}[network]\n{text}\n").config.network


def problems(text: str) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as refused:
        network(text)
    return [(problem.key, problem.en) for problem in refused.value.problems if problem.is_error]


def test_network_args_of_a_pasted_command_are_options_of_their_own():
    values = import_text(COMMAND).values
    assert values["network.conv_rank"] == 4 and values["network.conv_alpha"] == 1.0
    assert values["network.rank_dropout"] == 0.1 and values["network.loraplus_lr_ratio"] == 16.0
    assert values["network.down_lr_weight"] == "cosine+.25"
    assert values["network.base_weights"] == ["a b.safetensors", "c.safetensors"]
    assert values["network.base_weights_multiplier"] == "0.5,1"
    assert values["network.scale_weight_norms"] == 1


def test_a_part_that_is_not_trained_has_no_rate_of_its_own():
    command = "train_network.py --network_train_unet_only --unet_lr=1e-4 --text_encoder_lr=5e-5"
    values = import_text(command).values
    assert (values["train.unet_lr"], values["train.text_encoder_lr"]) == (1e-4, 0.0)


def test_what_a_lora_file_tells_of_its_network_is_read_back():
    told = {
        "ss_network_module": "networks.lora",
        "ss_network_dim": "Dynamic",
        "ss_network_dropout": "None",
        "ss_network_args": '{"conv_dim": "4", "rank_dropout": "0.1", "down_lr_weight": "cosine+.25"}',
    }
    values = import_metadata(told).values
    assert values["network.conv_rank"] == 4 and values["network.rank_dropout"] == 0.1
    assert values["network.down_lr_weight"] == "cosine+.25" and "network.rank" not in values


def test_network_args_are_understood_in_a_run_file_too():
    found = network('network_args = ["conv_dim=4", "block_dims=' + ",".join("2" * 25) + '"]')
    assert found.conv_rank == 4 and found.block_dims == ",".join("2" * 25)


def test_an_argument_that_networks_lora_does_not_have_is_refused_with_the_nearest_one():
    [(_, said)] = problems('network_args = ["conv_dims=4", "rank_dropout=0.1"]')
    assert said == "networks.lora has no argument conv_dims; did you mean conv_dim?"


def test_a_value_of_an_argument_that_is_no_number_is_named():
    [(key, said)] = problems('network_args = ["conv_dim=four"]')
    assert (key, said) == ("network.conv_rank", "must be a whole number, not 'four'.")


def test_a_list_of_numbers_may_be_a_list():
    assert network("mid_lr_weight = 0.5").mid_lr_weight == "0.5"
    assert network(f"block_alphas = {[1.5] * 25}").block_alphas == ",".join(["1.5"] * 25)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('block_dims = "1,2"', "takes 25 numbers, found 2."),
        ('down_lr_weight = "cosinus"', "must be 12 numbers with commas between them or one of cosine, "),
        ("up_lr_weight = [1, 2, 3]", "takes 12 numbers or one of cosine, "),
        (f"block_dims = {[1.5] * 25}", "must be whole numbers from 0 to 1024, "),
        ("mid_lr_weight = -1", "must not be below 0, "),
        ("mid_lr_weight = 1e308", "must be at most 1,000,000 each, "),
        ("alpha = 1e308", "must be at most 1,000,000, "),
        ("scale_weight_norms = 1e308", "must be at most 1,000,000, "),
        ("dim_from_weights = true", "needs a LoRA file to read the ranks from; "),
        ('base_weights = ["a", "b"]\nbase_weights_multiplier = "1"', "takes 2 numbers, found 1."),
    ],
)
def test_what_does_not_fit_is_said(text, said):
    [(_, found)] = problems(text)
    assert found.startswith(said)


def test_ranks_of_a_file_and_ranks_of_blocks_exclude_each_other():
    found = problems(f'weights = "w"\ndim_from_weights = true\nblock_dims = {[2] * 25}')
    assert [key for key, _ in found] == ["network.block_dims"]
