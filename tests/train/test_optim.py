"""Optimizers: made, told their arguments, stored and put back."""

import json
import sys

import pytest
import torch

from core.catalog import OPTIMIZERS
from core.config.schema.run import OptimizerConfig
from core.errors import UserError
from core.formats import tensors
from core.train.weights import lr_schedule, optimizer_state
from core.train.weights import optimizer as optim
from core.train.weights.ema import Averages
from core.train.weights.optimizer import ParameterGroup


def groups(rate: float | None = None) -> tuple[ParameterGroup, ...]:
    generator = torch.Generator().manual_seed(0)
    big = torch.nn.Parameter(torch.randn(80, 80, generator=generator))
    small = torch.nn.Parameter(torch.randn(5, generator=generator))
    rates = (1e-2, 1e-3) if rate is None else (rate, rate)
    return ParameterGroup("unet", rates[0], {"unet/big": big}), ParameterGroup(
        "text_encoder", rates[1], {"text_encoder/small": small}
    )


def step(optimizer: torch.optim.Optimizer, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
    optimizer.step()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_stored_optimizer_goes_on_bit_for_bit(name, tmp_path):
    config = OptimizerConfig(optimizer_type=name)
    rate = 1.0 if OPTIMIZERS[name].finds_rate else 1e-2
    straight = groups(rate)
    optimizer = optim.make(config, straight)
    for n in range(3):
        step(optimizer, n)
    memory, numbers = optimizer_state.export_state(optimizer, straight)
    tensors.save(tmp_path / "optimizer.safetensors", memory, {})
    text = json.dumps(numbers)
    resumed = tuple(
        ParameterGroup(
            g.name, g.rate, {k: torch.nn.Parameter(p.detach().clone()) for k, p in g.parameters.items()}
        )
        for g in straight
    )
    again = optim.make(config, resumed)
    optimizer_state.import_state(
        again, resumed, tensors.load(tmp_path / "optimizer.safetensors"), json.loads(text)
    )
    for n in range(3, 6):
        step(optimizer, n)
        step(again, n)
    for old, new in zip(straight, resumed, strict=True):
        for key, parameter in old.parameters.items():
            assert torch.equal(parameter, new.parameters[key])
            assert not torch.equal(parameter, groups(rate)[0 if key == "unet/big" else 1].parameters[key])


@pytest.mark.parametrize(
    ("given", "name"),
    [("adamw8bit", "AdamW8bit"), ("DAdaptation", "DAdaptAdamPreprint"), ("PRODIGY", "Prodigy")],
)
def test_names_are_understood_in_any_case(given, name):
    assert OptimizerConfig(optimizer_type=given).optimizer_type == name


@pytest.mark.parametrize("name", ["Prodigy", "DAdaptLion"])
def test_an_optimizer_that_finds_the_rate_has_one_for_all_parts_blocks_and_matrices(name):
    uneven = tuple(
        ParameterGroup(*one, {}) for one in (("unet/up", 4.0), ("unet", 1.0), ("text_encoder", 0.5))
    )
    rates = {"denoiser": 1.0, "text": 0.5}
    found = optim.level(OptimizerConfig(optimizer_type=name), uneven, rates)
    assert [group.rate for group in found] == [1.0, 1.0, 1.0]
    assert [group.rate for group in optim.level(OptimizerConfig(), uneven, rates)] == [4.0, 1.0, 0.5]


def test_the_rate_that_is_told_is_the_one_that_is_applied():
    made = groups(1.0)
    optimizer = optim.make(OptimizerConfig(optimizer_type="Prodigy", optimizer_args=["d0=0.25"]), made)
    assert optim.applied_rates(optimizer, {"unet": 2.0}) == {"unet": 0.5}


@pytest.mark.parametrize(
    ("args", "is_relative"),
    [([], True), (["relative_step=False"], False), (["relative_step=False", "warmup_init=True"], True)],
)
def test_adafactor_finds_its_rate_unless_told_not_to(args, is_relative):
    made = groups()
    config = OptimizerConfig(optimizer_type="Adafactor", optimizer_args=args)
    optimizer = optim.make(config, made)
    assert (optimizer.defaults["lr"] is None) == is_relative
    assert lr_schedule.make(config, 10).name == ("adafactor" if is_relative else "constant")
    before = made[0].parameters["unet/big"].detach().clone()
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    step(optimizer, 0)
    assert torch.equal(before, made[0].parameters["unet/big"]) != is_relative


@pytest.mark.skipif(torch.cuda.is_available(), reason="paging works there")
def test_paging_without_a_gpu_is_said_and_changes_nothing():
    made, plain = groups(), groups()
    (notice,) = optim.check(OptimizerConfig(optimizer_type="PagedAdamW8bit"))
    assert notice.code == "W-OPT-PAGED" and "needs an NVIDIA GPU" in notice.en and "GPU" in notice.ja
    assert optim.check(OptimizerConfig(optimizer_type="AdamW8bit")) == []
    for name, these in (("PagedAdamW8bit", made), ("AdamW8bit", plain)):
        step(optim.make(OptimizerConfig(optimizer_type=name), these), 0)
    assert torch.equal(made[0].parameters["unet/big"], plain[0].parameters["unet/big"])


def test_a_missing_package_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "prodigyopt", None)
    with pytest.raises(UserError, match="pip install prodigyopt"):
        optim.check(OptimizerConfig(optimizer_type="Prodigy"))


def test_a_schedule_free_optimizer_is_saved_as_its_mean_and_trains_on_unchanged():
    made = groups()
    optimizer = optim.make(OptimizerConfig(optimizer_type="AdamWScheduleFree"), made)
    for n in range(3):
        step(optimizer, n)
    parameter = made[0].parameters["unet/big"]
    trained = parameter.detach().clone()
    # y = (1 - beta) z + beta x, with beta1 = 0.9: x = (y - 0.1 z) / 0.9.
    expected = (trained - 0.1 * optimizer.state[parameter]["z"]) / 0.9
    averages = Averages(optimizer, made, None)
    with averages.averaged():
        torch.testing.assert_close(parameter.detach(), expected, rtol=1e-5, atol=1e-6)
        assert not torch.equal(parameter, trained)
    assert torch.equal(parameter, trained)
    step(optimizer, 3)  # it would refuse to, were it not back in its training mode


@pytest.mark.parametrize("name", ["AdamW8bit", "Lion8bit"])
def test_the_memory_of_8_bit_optimizers_is_8_bit(name):
    made = groups()
    optimizer = optim.make(OptimizerConfig(optimizer_type=name), made)
    step(optimizer, 0)
    tensors, _ = optimizer_state.export_state(optimizer, made)
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
        ("betas=abc", "the value of .betas. is not a number"),
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
    before = made[1].parameters["text_encoder/small"].detach().clone()
    optim.drop_group(optimizer, "text_encoder")
    step(optimizer, 1)
    assert torch.equal(made[1].parameters["text_encoder/small"], before)
    assert optimizer_state.export_state(optimizer, made)[0].keys() == {
        "unet/big/step",
        "unet/big/exp_avg",
        "unet/big/exp_avg_sq",
    }
