"""A model folder whose configs make no model is forecast as nothing, without an exception and at once."""

import json

import pytest

from core.forecast import architecture
from tests.tiny import make_tiny_folder


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("unet", {"layers_per_block": 10**9}),
        ("unet", {"layers_per_block": "2"}),
        ("unet", {"block_out_channels": 5}),
        ("unet", {"attention_head_dim": None}),
        ("unet", {"norm_num_groups": "four"}),
        ("unet", {"down_block_types": [1, 2, 3, 4]}),
        ("text_encoder", {"num_hidden_layers": 10**9}),
        ("text_encoder", {"hidden_size": {"a": 1}}),
        ("vae", {"block_out_channels": []}),
    ],
)
def test_odd_values_are_no_model(tmp_path, part, values):
    folder = make_tiny_folder(tmp_path / "x")
    config = folder / part / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | values))
    assert architecture.of_base(str(folder)) is None


def test_nesting_too_deep_is_no_model(tmp_path):
    folder = make_tiny_folder(tmp_path / "x")
    (folder / "vae" / "config.json").write_text("[" * 100_000)
    assert architecture.of_base(str(folder)) is None


def test_a_sound_folder_is_one(tmp_path):
    found = architecture.of_base(str(make_tiny_folder(tmp_path / "x")))
    assert found is not None and found.family == "sd1"
