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
        ('block_dims = "1,2"', "takes 25 (SD1, SD2) or 23 (SDXL) numbers, found 2."),
        (
            'down_lr_weight = "cosinus"',
            "must be 12 (SD1, SD2) or 9 (SDXL) numbers with commas between them or ",
        ),
        ('up_lr_weight = "0.5"', "takes 12 (SD1, SD2) or 9 (SDXL) numbers or one of cosine, "),
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


LISTS = ("block_dims", "block_alphas", "conv_block_dims", "conv_block_alphas")
METHOD = "conv_rank = 2\nalpha = 1.0\n"


def of_family(family: str, text: str):
    """What is said of a list for the blocks of a family, by code."""
    try:
        checked = check(f"{RUN}model.family = '{family}'\n[network]\n{METHOD}{text}\n")
    except ConfigError as refused:
        return [(problem.code, problem.en) for problem in refused.problems if problem.is_error]
    return [(problem.code, problem.en) for problem in checked.notices if problem.key.startswith("network.")]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("family", "words", "count"),
    [
        ("sd1", "Stable Diffusion 1.x", 25),
        ("sd2", "Stable Diffusion 2.x", 25),
        ("sdxl", "Stable Diffusion XL", 23),
    ],
)
def test_a_list_for_every_block_has_as_many_numbers_as_the_family_has_blocks(name, family, words, count):
    assert of_family(family, f"{name} = {[2] * count}") == []
    said = f"takes {count} numbers for {words}, found {48 - count}."
    assert of_family(family, f"{name} = {[2] * (48 - count)}") == [("E-CFG-VALUE", said)]


@pytest.mark.parametrize("count", [23, 25])
def test_while_the_family_is_not_known_the_numbers_of_each_are_taken_without_a_word(count):
    text = f"block_dims = {[2] * count}\ndown_lr_weight = {[1] * 12}\nmid_lr_weight = 1"
    assert of_family("auto", text) == []


# sd-scripts: "Parameters after 9-th are ignored", "filled with 1".
@pytest.mark.parametrize(
    ("family", "text", "said"),
    [
        ("sdxl", f"down_lr_weight = {[0.5] * 12}", "only the first 9 of its 12 numbers are used: "),
        ("sdxl", f"up_lr_weight = {[0.5] * 12}", "only the first 9 of its 12 numbers are used: "),
        ("sdxl", "mid_lr_weight = 0.5", "has 1 of the 3 numbers for Stable Diffusion XL; 1 is used "),
        ("sd1", f"down_lr_weight = {[0.5] * 9}", "has 9 of the 12 numbers for Stable Diffusion 1.x; "),
        ("sd2", "mid_lr_weight = [1, 2, 3]", "only the first 1 of its 3 numbers are used: "),
    ],
)
def test_a_list_of_rates_of_another_length_is_cut_or_filled_up_and_the_user_is_told(family, text, said):
    [(code, found)] = of_family(family, text)
    assert (code, found[: len(said)]) == ("W-CFG-READ-AS", said)


@pytest.mark.parametrize("text", ["cosine", "linear+.25", "0.5,0.5,0.5,0.5,1,1,1,1,1"])
def test_curves_and_nine_numbers_are_the_sides_of_sdxl(text):
    assert of_family("sdxl", f"down_lr_weight = '{text}'\nup_lr_weight = '{text}'") == []


def test_rates_of_a_whole_models_blocks_are_23():
    run = f"{RUN}model.family = 'sdxl'\nnetwork.method = 'none'\n[train]\nblock_lr = "
    assert check(f"{run}{[1e-6] * 23}").config.train.block_lr == ",".join(["1e-06"] * 23)
    with pytest.raises(ConfigError, match="takes 23 numbers for Stable Diffusion XL, found 25"):
        check(f"{run}{[1e-6] * 25}")


def test_a_lone_number_is_no_list_for_a_side():
    # sd-scripts takes it for the name of a curve that there is not, and leaves the side at 1.
    [(code, said)] = of_family("sdxl", "down_lr_weight = 0.5")
    assert code == "E-CFG-VALUE"
    assert said.startswith("takes 9 numbers or one of cosine, ") and said.endswith("found 1.")


def test_ranks_of_a_file_and_ranks_of_blocks_exclude_each_other():
    found = problems(f'weights = "w"\ndim_from_weights = true\nblock_dims = {[2] * 25}')
    assert [key for key, _ in found] == ["network.block_dims"]
