"""What a run's files say before it starts, as `check` prints it."""

import pytest

from core.config.check import check
from core.train import run_checks
from tests.golden import names
from tests.headers import write_header

FILE = "[model]\nbase = '{base}'\n[dataset]\n"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            "train_data_dir = 't'\nresolution = 512",
            ["this model is trained at 1024 x 1024; at 512 x 512 image quality suffers"],
        ),
        ("train_data_dir = 't'\nresolution = [1216, 832]", []),
        ("train_data_dir = 't'\nresolution = 768", []),
        (
            "train_data_dir = 't'\nresolution = 2048",
            ["this model is trained at 1024 x 1024; at 2048 x 2048 it tends to repeat"],
        ),
        ("resolution = 512\ndataset_config = 'sets.toml'", []),
    ],
)
def test_a_resolution_far_from_that_of_sdxl_is_told(tmp_path, lines, told):
    base = write_header(tmp_path / "xl.safetensors", names("ldm_keys_sdxl"))
    config = check(FILE.format(base=base) + lines).config
    found = [p.text("en") for p in run_checks.problems(config) if p.code == "W-MODEL-SIZE"]
    assert len(found) == len(told) and all(words in one for words, one in zip(told, found, strict=True))
