"""What a model of Stable Diffusion 2 predicts when nothing says it: one look at what its U-Net does."""

import pytest
import torch

from core.config.schema.run import ModelConfig
from core.events import Warned
from core.formats import tensors
from core.models.family import open_family
from tests.models.conftest import loaded
from tests.tiny import make_tiny

BIAS = "model.diffusion_model.out.2.bias"


@pytest.fixture(params=["epsilon", "v"])
def silent(tmp_path, request):
    """A model that says nothing, and what its U-Net does of almost pure noise: give it back, or far below."""
    path = make_tiny(tmp_path / "x.safetensors", family="sd2")
    (tmp_path / "x_config" / "scheduler" / "scheduler_config.json").unlink()
    weights = tensors.load(path)
    weights["model.diffusion_model.out.2.weight"].zero_()
    # The input is 0.5 everywhere: a noise model gives it back, a velocity model nearly minus an image.
    weights[BIAS] = torch.full_like(weights[BIAS], 0.5 if request.param == "epsilon" else -1.5)
    return tensors.save(path, weights, {}), request.param


def taken(path, asked):
    """What the model is taken to predict, and what is said of it."""
    said = []
    config = ModelConfig(base=str(path), prediction=asked)
    parts = open_family("auto").open(config, said.append)
    return parts.objective.name, [event for event in said if isinstance(event, Warned)]


def test_a_trial_tells_it_and_that_is_said(silent):
    path, truth = silent
    found, [notice] = taken(path, "auto")
    assert found == truth and notice.code == "W-MODEL-PREDICTION"
    assert notice.problem.facts == {"tried": truth} and notice.problem.path == str(path)


def test_an_option_that_the_trial_agrees_with_is_taken_in_silence(silent):
    path, truth = silent
    assert taken(path, truth) == (truth, [])


def test_an_option_that_the_trial_denies_is_followed_with_a_notice(silent):
    path, truth = silent
    other = "v" if truth == "epsilon" else "epsilon"
    found, [notice] = taken(path, other)
    assert found == other and notice.code == "W-MODEL-PREDICTION"
    assert notice.problem.facts == {"asked": other, "tried": truth}


def test_the_trial_leaves_the_weights_as_they_are(silent):
    path, _ = silent
    parts = loaded(path)
    assert torch.equal(parts.modules["unet"].conv_out.bias, tensors.load(path)[BIAS])
