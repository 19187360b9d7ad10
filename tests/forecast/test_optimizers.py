"""What the catalog says that optimizers keep, against the optimizers."""

import pytest
import torch
from torch import nn

from core.catalog import OPTIMIZERS
from core.config.schema.run import OptimizerConfig
from core.forecast.optimizers import remembered
from core.train.weights import optimizer as optim

SHAPES = ((256, 128), (64, 64, 3, 3), (96, 64), (128,))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_keeps_what_the_catalog_says(name):
    weights = {str(n): nn.Parameter(torch.ones(shape)) for n, shape in enumerate(SHAPES)}
    try:
        optimizer = optim.make(
            OptimizerConfig(optimizer_type=name), [optim.ParameterGroup("unet", 1e-4, weights)]
        )
    except optim.UserError:
        pytest.skip("its package is not installed")
    for weight in weights.values():
        weight.grad = torch.ones_like(weight)
    optimizer.step()
    kept = sum(
        value.nbytes
        for weight in weights.values()
        for entry, value in optimizer.state[weight].items()
        # bitsandbytes' table of 256 values is one for all weights.
        if isinstance(value, torch.Tensor) and not entry.startswith("qmap")
    )
    assert remembered(name, SHAPES, is_gpu=False) == pytest.approx(kept, abs=64)
