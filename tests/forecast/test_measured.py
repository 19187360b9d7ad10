"""The recorded measurements, against the real modules that they were made on."""

import itertools

import pytest
import torch

from bench import activations
from core.families import FAMILIES
from core.forecast.measured import DEVICES, KINDS, PRECISIONS, measured, passes_name, step_name, work_name
from core.forecast.setup import NUMBER_BYTES
from core.models.sd.configs import architecture
from core.models.sd.load import blank, shapes_of
from core.train.device.engine import COMPUTE_TYPES, WEIGHT_TYPES


@pytest.mark.parametrize("family", FAMILIES)
def test_the_shapes_are_those_of_the_modules(family):
    made = {part: shapes_of(blank(part, config)) for part, config in architecture(family).items()}
    assert measured(family).shapes == made


@pytest.mark.parametrize("family", FAMILIES)
def test_every_way_to_train_is_measured(family):
    found, is_checkpointed = measured(family), (False, True)
    assert found.work.keys() == {work_name(*one) for one in itertools.product(KINDS, is_checkpointed)}
    rows = [*itertools.product(DEVICES, PRECISIONS)]
    assert found.passes.keys() == {passes_name(*row) for row in rows}
    kinds = itertools.product(KINDS, is_checkpointed)
    assert found.steps.keys() == {step_name(*row, *kind) for row, kind in itertools.product(rows, kinds)}


def test_a_step_takes_what_is_recorded():
    with activations.faked("sd1", "gpu", "mixed", "lora") as step:
        moments = activations.moments(step)
    recorded = measured("sd1").steps[step_name("gpu", "mixed", "lora", False)]["moments"]
    assert moments == [pytest.approx(moment, rel=0.01, abs=0.001) for moment in recorded]


@pytest.mark.parametrize("precision", NUMBER_BYTES)
def test_numbers_are_as_long_as_the_training_holds_them(precision):
    trained = WEIGHT_TYPES.get(precision, torch.float32)
    assert NUMBER_BYTES[precision] == (COMPUTE_TYPES[precision].itemsize, trained.itemsize)
