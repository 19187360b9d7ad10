"""The layers of a run file, in the console."""

import json

import pytest

from core.errors import UserError
from core.tools.table import TOOLS
from core.tools.tool import Work, checked


def told(**values):
    tool = TOOLS["layers"]
    return tool.start(checked(tool.settings, {"file": "demo/run.toml", **values}), Work())


def test_the_numbers_are_told_by_block_and_add_up():
    found = json.loads(told(json=True).lines[0].en)
    assert len(found["layers"]) == 204 and found["parameters"] == 512_000 and found["bytes"] == 2_048_000
    assert sum(block["layers"] for block in found["blocks"]) == 204
    assert sum(layer["parameters"] for layer in found["layers"]) == 512_000
    assert found["layers"][0]["rank"] == 16 and "unet.conv_in" in found["others"]


def test_the_first_names_are_told_unless_all_are_asked_for():
    few, every = ([line.en for line in told(verbose=verbose).lines] for verbose in (False, True))
    assert few[0] == "204 layers with an adapter, 512,000 parameters, about 2.0 MiB in the file"
    assert "  and 194 others" in few and len(every) > 300


def test_a_run_of_a_whole_model_is_refused(tmp_path):
    run = tmp_path / "run.toml"
    run.write_text('format = 1\nmodel.base = "b"\ndataset.train_data_dir = "t"\nnetwork.method = "none"\n')
    with pytest.raises(UserError, match="trains no adapter"):
        told(file=str(run))
