"""Optimizers: made, told their arguments, stored and put back."""

import pytest
import torch

from core.catalog import OPTIMIZERS
from core.config.schema import OptimizerConfig
from core.errors import UserError
from core.train import optim
from core.train.optim import Group


def groups() -> tuple[Group, ...]:
    generator = torch.Generator().manual_seed(0)
    big = torch.nn.Parameter(torch.randn(80, 80, generator=generator))
    small = torch.nn.Parameter(torch.randn(5, generator=generator))
    return Group("unet", 1e-2, {"big": big}), Group("text_encoder", 1e-3, {"small": small})


def step(optimizer: torch.optim.Optimizer, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
    optimizer.step()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_stored_optimizer_goes_on_bit_for_bit(name):
    config = OptimizerConfig(optimizer_type=name)
    straight = groups()
    optimizer = optim.make(config, straight)
    for n in range(3):
        step(optimizer, n)
    tensors, numbers = optim.export_state(optimizer, straight)
    tensors = {key: tensor.clone() for key, tensor in tensors.items()}
    resumed = tuple(
        Group(g.name, g.rate, {k: torch.nn.Parameter(p.detach().clone()) for k, p in g.parameters.items()})
        for g in straight
    )
    again = optim.make(config, resumed)
    optim.import_state(again, resumed, tensors, numbers)
    for n in range(3, 6):
        step(optimizer, n)
        step(again, n)
    for old, new in zip(straight, resumed, strict=True):
        for key, parameter in old.parameters.items():
            assert torch.equal(parameter, new.parameters[key])


@pytest.mark.parametrize("name", ["AdamW8bit", "Lion8bit"])
def test_the_memory_of_8_bit_optimizers_is_8_bit(name):
    made = groups()
    optimizer = optim.make(OptimizerConfig(optimizer_type=name), made)
    step(optimizer, 0)
    tensors, _ = optim.export_state(optimizer, made)
    assert tensors["unet/big/state1"].dtype is torch.uint8


def test_every_group_has_its_own_rate_and_name():
    made = optim.make(OptimizerConfig(), groups()).param_groups
    assert [(group["name"], group["lr"]) for group in made] == [("unet", 1e-2), ("text_encoder", 1e-3)]


def test_weight_decay_is_0_01_unless_said():
    assert optim.make(OptimizerConfig(), groups()).defaults["weight_decay"] == 0.01


def test_arguments_are_read_as_numbers_and_tuples():
    config = OptimizerConfig(optimizer_args=["weight_decay=0.1", "betas=0.9, 0.99"])
    made = optim.make(config, groups())
    assert made.defaults["weight_decay"] == 0.1 and made.defaults["betas"] == (0.9, 0.99)


def test_sgd_has_nesterov_momentum():
    defaults = optim.make(OptimizerConfig(optimizer_type="SGDNesterov"), groups()).defaults
    assert defaults["nesterov"] and defaults["momentum"] == 0.9


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("weight_decy=0.1", "no argument weight_decy .* weight_decay"),
        ("betas=abc", "the value of betas is no number"),
        ("weight_decay", "write name=value"),
        ("lr=1", "no argument lr"),
        ("weight_decay=-1", "does not take these arguments"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_would_be_right(line, said):
    with pytest.raises(UserError, match=said) as refused:
        optim.make(OptimizerConfig(optimizer_args=[line]), groups())
    assert refused.value.problems[0].key == "optimizer.optimizer_args"


def test_a_dropped_group_is_neither_stepped_nor_decayed():
    made = groups()
    optimizer = optim.make(OptimizerConfig(), made)
    step(optimizer, 0)
    before = made[1].parameters["small"].detach().clone()
    optim.drop_group(optimizer, "text_encoder")
    step(optimizer, 1)
    assert torch.equal(made[1].parameters["small"], before)
    assert optim.export_state(optimizer, made)[0].keys() == {
        "unet/big/step",
        "unet/big/exp_avg",
        "unet/big/exp_avg_sq",
    }
