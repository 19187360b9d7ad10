"""The learning rate over a run, against transformers and diffusers."""

from typing import Any

import pytest
import torch
from diffusers.optimization import get_piecewise_constant_schedule
from transformers import get_scheduler
from transformers.optimization import Adafactor

from core.config.schema.run import OptimizerConfig
from core.train.weights import lr_schedule

BASE, TOTAL = 2e-4, 40


def over_the_run(make) -> list[float]:
    """The rates that a scheduler of a library gives to 40 updates."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE)
    scheduler = make(optimizer)
    rates = []
    for _ in range(TOTAL):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def ours(**options: Any) -> list[float]:
    schedule = lr_schedule.make(OptimizerConfig(**options), TOTAL)
    return [schedule.rate(BASE, step) for step in range(TOTAL)]


# Our options -> the name and arguments that sd-scripts hands to transformers for them.
CASES: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"lr_scheduler": "constant_with_warmup"}, "constant_with_warmup", {}),
    ({"lr_scheduler": "linear"}, "linear", {}),
    ({"lr_scheduler": "cosine"}, "cosine", {}),
    ({"lr_scheduler": "cosine_with_restarts"}, "cosine_with_restarts", {"num_cycles": 1}),
    (
        {"lr_scheduler": "cosine_with_restarts", "lr_scheduler_num_cycles": 3},
        "cosine_with_restarts",
        {"num_cycles": 3},
    ),
    ({"lr_scheduler": "polynomial"}, "polynomial", {"power": 1.0}),
    ({"lr_scheduler": "polynomial", "lr_scheduler_power": 2.5}, "polynomial", {"power": 2.5}),
    ({"lr_scheduler": "inverse_sqrt"}, "inverse_sqrt", {}),
    ({"lr_scheduler": "inverse_sqrt", "lr_scheduler_timescale": 20}, "inverse_sqrt", {"timescale": 20}),
    (
        {"lr_scheduler": "cosine_with_min_lr", "lr_scheduler_min_lr_ratio": 0.1},
        "cosine_with_min_lr",
        {"num_cycles": 0.5, "min_lr_rate": 0.1},
    ),
    (
        {
            "lr_scheduler": "cosine_with_min_lr",
            "lr_scheduler_min_lr_ratio": 0.25,
            "lr_scheduler_num_cycles": 2,
        },
        "cosine_with_min_lr",
        {"num_cycles": 1.0, "min_lr_rate": 0.25},
    ),
    (
        {"lr_scheduler": "warmup_stable_decay", "lr_decay_steps": 12, "lr_scheduler_min_lr_ratio": 0.1},
        "warmup_stable_decay",
        {"num_decay_steps": 12, "min_lr_ratio": 0.1, "num_cycles": 0.5},
    ),
    (
        {"lr_scheduler": "warmup_stable_decay", "lr_decay_steps": "30%"},
        "warmup_stable_decay",
        {"num_decay_steps": 12, "num_cycles": 0.5},
    ),
]


@pytest.mark.parametrize("warmup", [0, 7])
@pytest.mark.parametrize(("options", "name", "arguments"), CASES)
def test_every_schedule_is_that_of_transformers(options, name, arguments, warmup):
    expected = over_the_run(
        lambda optimizer: get_scheduler(name, optimizer, warmup, TOTAL, scheduler_specific_kwargs=arguments)
    )
    assert ours(**options, lr_warmup_steps=warmup) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_pieces_are_those_of_diffusers(quote):
    rules = "1:10,0.1:20,0.01:30,0.005"
    expected = over_the_run(lambda optimizer: get_piecewise_constant_schedule(optimizer, rules))
    args = [f"step_rules={quote}{rules}{quote}"]
    assert ours(lr_scheduler="piecewise_constant", lr_scheduler_args=args) == pytest.approx(expected)


@pytest.mark.parametrize("warmup_init", [False, True])
def test_adafactors_rate_is_that_of_its_own_steps(warmup_init):
    config = OptimizerConfig(optimizer_type="Adafactor", optimizer_args=[f"warmup_init={warmup_init}"])
    schedule = lr_schedule.make(config, TOTAL)
    group = {"lr": None, "relative_step": True, "warmup_init": warmup_init, "scale_parameter": False}
    for step in (0, 1, 9_999, 20_000):
        assert schedule.rate(BASE, step) == Adafactor._get_lr(group, {"step": step + 1})


def test_constant_with_a_warm_up_just_works():
    schedule = lr_schedule.Schedule("constant", 4, TOTAL)
    assert [schedule.rate(1.0, step) for step in (0, 1, 2, 3, 4, 39)] == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]


@pytest.mark.parametrize(("given", "steps"), [(10, 10), (0.25, 10), ("25%", 10), ("1.0", 40), ("3", 3)])
def test_a_warm_up_is_given_in_steps_or_as_a_share_of_the_run(given, steps):
    assert lr_schedule.make(OptimizerConfig(lr_warmup_steps=given), TOTAL).warmup == steps


def test_a_share_is_not_cut_short_by_rounding():
    assert lr_schedule.make(OptimizerConfig(lr_warmup_steps=0.29), 100).warmup == 29


def test_a_rate_below_the_end_of_the_polynomial_does_not_rise():
    assert lr_schedule.Schedule("polynomial", 0, TOTAL).rate(1e-8, 39) == pytest.approx(1e-8)
