"""What a file tells of its training: every writer's, and nothing of what is damaged."""

import json

import pytest

from core.tools import trained_with

KOHYA = {
    "ss_network_module": "networks.lora",
    "ss_network_args": '{"conv_dim": "4"}',
    "ss_network_dim": "32",
    "ss_optimizer": "bitsandbytes.optim.adamw.AdamW8bit(weight_decay=0.1)",
    "ss_text_encoder_lr": "None",
    "ss_resolution": "(768, 512)",
    "ss_training_finished_at": "86400.5",
    "ss_tag_frequency": json.dumps({"10_frog": {"frog": 9, " pond": 4}, "1_reg": {"frog": 2}}),
    "ss_dataset_dirs": '{"10_frog": {"n_repeats": 10, "img_count": 9}}',
    "ss_reg_dataset_dirs": '{"1_reg": {"n_repeats": 1, "img_count": 2}}',
}


def test_a_file_of_sd_scripts_is_told_in_plain_values():
    found = trained_with.of(KOHYA)
    date = found.facts["date"]
    assert dict(found.facts) == {
        "method": "LoCon", "network_dim": "32", "optimizer": "AdamW8bit(weight_decay=0.1)",
        "resolution": "768x512", "date": date,
    }  # fmt: skip
    assert date[:10] in ("1970-01-01", "1970-01-02")
    assert found.tags == (("frog", 11), ("pond", 4))
    assert found.folders == (("10_frog", 10, 9, False), ("1_reg", 1, 2, True))


@pytest.mark.parametrize(
    ("arguments", "method"),
    [
        ({}, "LoCon"),
        ({"algo": "loha"}, "LoHa"),
        ({"algo": "lokr", "factor": "8"}, "LoKr"),
        ({"algo": "diag-oft"}, "OFT"),
        ({"algo": "lora", "dora_wd": "True"}, "LoCon (DoRA)"),
        ({"algo": "glora"}, "glora"),
    ],
)
def test_the_method_of_lycoris_is_its_algorithm(arguments, method):
    told = {"ss_network_module": "lycoris.kohya", "ss_network_args": json.dumps(arguments)}
    assert trained_with.of(told).facts["method"] == method


@pytest.mark.parametrize("metadata", [{}, {"format": "pt"}, {"modelspec.title": "x", "modelspec.date": "y"}])
def test_a_file_that_tells_nothing_is_said_to(metadata):
    assert not trained_with.of(metadata)


@pytest.mark.parametrize(
    "text", ["[1]", "{", '{"a": 1}', '{"a": {"b": "x"}}', "[" * 9999, '{"a": {"b": 1e999}}']
)
def test_damaged_tables_are_left_out(text):
    found = trained_with.of(
        {"ss_steps": "3", "ss_tag_frequency": text, "ss_dataset_dirs": text, "ss_network_args": text}
    )
    assert found.facts["steps"] == "3" and found.tags == ()
    assert all(folder[1:3] == (0, 0) for folder in found.folders)
