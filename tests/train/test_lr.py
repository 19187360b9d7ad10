"""The learning rate over a run, against transformers."""

import pytest
import torch
from transformers import get_scheduler

from core.catalog import SCHEDULES
from core.train.lr import Schedule

BASE, TOTAL = 2e-4, 40


def of_transformers(name: str, warmup: int, **more: float) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE)
    scheduler = get_scheduler(name, optimizer, warmup, TOTAL, scheduler_specific_kwargs=more or None)
    rates = []
    for _ in range(TOTAL):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "constant"])
@pytest.mark.parametrize("warmup", [0, 7])
def test_every_schedule_is_that_of_transformers(name, warmup):
    schedule = Schedule(name, warmup, TOTAL)
    assert [schedule.rate(BASE, step) for step in range(TOTAL)] == pytest.approx(
        of_transformers(name, warmup)
    )


def test_restarts_and_powers_are_those_of_transformers():
    restarts = Schedule("cosine_with_restarts", 3, TOTAL, cycles=3)
    assert [restarts.rate(BASE, step) for step in range(TOTAL)] == pytest.approx(
        of_transformers("cosine_with_restarts", 3, num_cycles=3)
    )
    power = Schedule("polynomial", 3, TOTAL, power=2.0)
    assert [power.rate(BASE, step) for step in range(TOTAL)] == pytest.approx(
        of_transformers("polynomial", 3, power=2.0)
    )


def test_constant_with_a_warm_up_just_works():
    schedule = Schedule("constant", 4, TOTAL)
    assert [schedule.rate(1.0, step) for step in (0, 1, 2, 3, 4, 39)] == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]


def test_a_rate_below_the_end_of_the_polynomial_does_not_rise():
    assert Schedule("polynomial", 0, TOTAL).rate(1e-8, 39) == pytest.approx(1e-8)
