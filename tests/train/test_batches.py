"""What a micro-batch is made of, and the thread that reads ahead."""

import time
from itertools import islice

import pytest
import torch

from core.train.inputs.read_ahead import ahead
from core.train.seeds import fraction, generator, torch_seed


def test_numbers_belong_to_seed_and_purpose():
    assert torch_seed(1, "noise", 1, 0) == torch_seed(1, "noise", 1, 0)
    assert len({torch_seed(seed, "noise", 1, slot) % 2**32 for seed in (1, 2) for slot in range(50)}) == 100
    assert torch.equal(
        torch.randn(3, generator=generator(1, "a")), torch.randn(3, generator=generator(1, "a"))
    )


def test_fractions_are_spread_over_the_unit_interval():
    drawn = [fraction(3, "timestep", 1, slot) for slot in range(2000)]
    assert 0 <= min(drawn) < 0.01 and 0.99 < max(drawn) < 1
    assert sum(drawn) / 2000 == pytest.approx(0.5, abs=0.02)


def test_reading_ahead_keeps_the_order():
    assert [*ahead(iter(range(20)), 2)] == [*range(20)]


def test_reading_ahead_stops_when_nobody_wants_more():
    made = []

    def items():
        for n in range(1000):
            made.append(n)
            yield n

    assert [*islice(ahead(items(), 2), 3)] == [0, 1, 2]
    time.sleep(0.3)
    assert len(made) <= 7


def test_a_fault_while_reading_ahead_comes_out_where_the_item_was_wanted():
    def items():
        yield 1
        raise OSError("gone")

    stream = ahead(items(), 2)
    assert next(stream) == 1
    with pytest.raises(OSError, match="gone"):
        next(stream)
