"""network_module=lycoris.kohya and its network_args, as people have them in their commands."""

import pytest

from core.config.imports.read_any import import_text

COMMAND = (
    "accelerate launch train_network.py --pretrained_model_name_or_path=x --network_module=lycoris.kohya"
)


def read(arguments: str, more: str = "--network_dim=16 --network_alpha=8"):
    return import_text(f"{COMMAND} {more} --network_args {arguments}" if arguments else f"{COMMAND} {more}")


def network(found) -> dict:
    return {
        key.removeprefix("network."): value
        for key, value in found.values.items()
        if key.startswith("network.")
    }


def said(found) -> str:
    return "\n".join(problem.en for problem in found.report)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("algo=loha preset=attn-mlp", {"method": "loha", "conv_rank": None}),
        ("algo=lokr factor=8 full_matrix=True preset=full conv_dim=4 conv_alpha=1",
         {"method": "lokr", "factor": 8, "full_matrix": True, "conv_rank": 4, "conv_alpha": 1.0}),
        ("algo=diag-oft", {"method": "oft"}),
        ("algo=locon dora_wd=True", {"method": "dora", "dora_axis": "output"}),
        ("dora_wd=True wd_on_out=False", {"method": "dora", "dora_axis": "input"}),
        ("algo=lora rs_lora=True", {"method": "lora", "rslora": True}),
        ("algo=lokr decompose_both=True use_tucker=False train_norm=False",
         {"method": "lokr", "decompose_both": True}),
        ("preset=attn-only", {"exclude_patterns": (".*",),
                              "include_patterns": (r".*(attn[12]|self_attn)\..*",)}),
    ],
)  # fmt: skip
def test_arguments_become_options(arguments, expected):
    found = network(read(arguments))
    assert {name: found[name] for name in expected} == expected and found["rank"] == 16


def test_convolutions_are_trained_at_the_usual_rank_where_lycoris_does_so():
    found = read("algo=loha")
    assert {"conv_rank": 16, "conv_alpha": 8.0}.items() <= network(found).items()
    assert "network.conv_rank = 16 was set; conv_in, conv_out and the time embedding" in said(found)


def test_without_an_algorithm_it_is_a_lora():
    assert network(read(""))["method"] == "lora"


def test_a_preset_without_text_encoders_leaves_them_alone():
    assert read("preset=unet-only").values["train.text_encoder_lr"] == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("algo=boft", "this algorithm of LyCORIS can't be trained here (found 'boft')"),
        ("algo=loha use_tucker=True", "use_tucker of LyCORIS is not available here"),
        ("algo=loha dora_wd=True", "dora_wd of LyCORIS is not available here"),
        ("preset=mine.toml", "this preset of LyCORIS is not known here (found 'mine.toml')"),
    ],
)
def test_what_is_not_here_is_refused_by_name(arguments, sentence):
    assert sentence in said(read(arguments))


def test_other_modules_are_refused_with_those_there_are():
    found = import_text(COMMAND.replace("lycoris.kohya", "networks.dylora") + " --network_dim=4")
    assert "'networks.dylora' can't be trained here; there are networks.lora" in said(found)
