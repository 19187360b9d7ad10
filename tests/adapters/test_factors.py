"""Sizes of factors and blocks, and layers that patterns leave out."""

import re

import pytest
from peft.tuners.lokr.layer import factorization

from core.adapters.factors import block_size, factorize
from core.adapters.targets import Module, Ranks, targets
from core.families import FAMILIES


def test_products_are_those_of_peft_where_the_factor_divides_or_is_not_given():
    for dimension in range(1, 1300):
        assert factorize(dimension) == factorization(dimension)
        for factor in (2, 4, 8, 16):
            assert factorize(dimension, factor) == factorization(dimension, factor)


@pytest.mark.parametrize(
    ("outputs", "most", "size"), [(320, 4, 4), (320, 64, 64), (320, 6, 5), (7, 4, 1), (3, 9, 3)]
)
def test_a_block_is_the_largest_that_divides_the_outputs(outputs, most, size):
    assert block_size(outputs, most) == size


MODULES = [Module(f"mid_block.attentions.0.transformer_blocks.0.attn{n}.to_q", 0) for n in (1, 2)]


@pytest.mark.parametrize(
    ("excluded", "included", "left"),
    [
        ([], [], [0, 1]),
        ([".*attn1.*"], [], [1]),
        (["attn1"], [], [0, 1]),  # a pattern is for the whole name
        ([r"unet\.mid_block.*"], [], []),
        ([".*"], [".*attn2.*"], [1]),
    ],
)  # fmt: skip
def test_patterns_leave_layers_out(excluded, included, left):
    ranks = Ranks(
        4, 1.0, excluded=tuple(map(re.compile, excluded)), included=tuple(map(re.compile, included))
    )
    found = targets(FAMILIES["sd1"].part("unet"), MODULES, ranks)
    assert [target.path for target in found] == [MODULES[n].path for n in left]
