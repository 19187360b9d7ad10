"""Every form of every method as whole trainings: gone on with from their states and from their files.

On every layer of every family, step by step: tests/adapters/test_contract.py. Here four layers are trained.
"""

from pathlib import Path

import pytest
import torch

from core.formats import tensors
from tests.tiny import make_tiny
from tests.train.test_resume import losses, same, weights

FORMS = {
    "lora": {"method": "lora", "rslora": True},
    "locon": {"method": "lora", "conv_rank": 1},
    "dora": {"method": "dora", "dora_axis": "input"},
    "dora of outputs": {"method": "dora", "dora_axis": "output"},
    "loha": {"method": "loha"},
    "lokr": {"method": "lokr", "factor": 2},
    "lokr of products": {"method": "lokr", "factor": 4, "decompose_both": True, "rank": 1, "conv_rank": 1},
    "whole lokr": {"method": "lokr", "full_matrix": True},
    "oft": {"method": "oft", "rank": 4},
}
FAMILIES = ("sd1", "sd2", "sdxl")
IN_TURN = {
    "from_its_state": {
        "dora": "sd2", "dora of outputs": "sdxl", "loha": "sd1", "lokr of products": "sd1",
        "whole lokr": "sd2", "oft": "sd1",
    },
    "its_file": {"dora": "sd2", "loha": "sd1", "whole lokr": "sd2"},
}  # fmt: skip
"""Where a form is trained unless all are asked for; other tests train a LoRA on each family."""
LAYERS = (
    r"unet\.mid_block\.attentions\.0\.(proj_in|transformer_blocks\.0\.attn1\.to_q)",
    r"unet\.mid_block\.resnets\.0\.conv1",
    r"text_encoder\w*\.(text_model\.)?encoder\.layers\.0\.mlp\.fc1",
)
"""A Linear, a projection, a convolution and a layer of each text encoder."""
STILL = {"max_train_steps": 1, "learning_rate": 1e-12, "text_encoder_lr": 1e-12}
"""A step that changes nothing, to see the loss."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each form on one family, in turn; with --everywhere on all of them."""
    name = metafunc.function.__name__
    places = [pair for word, turn in IN_TURN.items() if word in name for pair in turn.items()]
    if metafunc.config.getoption("--everywhere"):
        places = [(form, family) for form in FORMS for family in FAMILIES]
    metafunc.parametrize(("form", "family"), places)


@pytest.fixture(scope="module")
def bases(tmp_path_factory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("bases")
    return {name: make_tiny(place / f"{name}.safetensors", family=name) for name in FAMILIES}


@pytest.fixture
def options(bases, form, family):
    """Three steps of an image each, of the text encoders too, with a state after the second."""
    chosen = {"rank": 2, "alpha": 3.0, "conv_rank": 2, "exclude_patterns": [".*"], "include_patterns": LAYERS}
    return {
        "model": {"base": str(bases[family])},
        "dataset": {"train_batch_size": 1, "reg_data_dir": None},
        "network": chosen | FORMS[form],
        "train": {"max_train_steps": 3, "text_encoder_lr": 1e-2},
        "save": {"save_every_n_steps": 2, "save_state": True},
    }


def test_from_its_state_it_ends_in_the_bits_of_the_straight_run(configure, train, trained, options):
    straight = trained(**options)
    [state] = Path(straight.config.save.output_dir).glob("*-00000002-state")
    rest = train(configure(**options | {"save": {"resume": str(state)}}))
    assert losses(rest) == losses(straight)[2:]
    assert same(weights(rest), weights(straight))


def test_its_file_goes_on_as_it_was_and_is_worth_the_same_merged_into_the_base(
    configure, train, trained, options
):
    straight = trained(**options)
    [path] = Path(straight.config.save.output_dir).glob("last.safetensors")
    still, network = options | {"save": {}, "train": STILL}, options["network"]
    gone_on = train(configure(**still | {"network": network | {"weights": str(path)}}))
    found, wanted = weights(gone_on), tensors.load(path)
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-6, atol=1e-9)
    merged = train(configure(**still | {"network": network | {"base_weights": [str(path)]}}))
    assert losses(gone_on) == pytest.approx(losses(merged), rel=1e-5)
    assert losses(gone_on) != pytest.approx(losses(straight)[:1], rel=1e-4)
