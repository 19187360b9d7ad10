"""Latents, the noise schedule and images."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.catalog import SAMPLER_ALIASES, SAMPLERS, Size
from core.config.schema.run import ModelConfig
from core.models.draw import Drawing, draw
from core.models.family import TextState, open_family
from core.models.sd import sampling
from core.models.sd.sampling import SCHEDULERS
from tests.pipelines import pipeline

SD = open_family("sd1")


def test_every_sampler_of_the_catalog_is_there():
    assert SCHEDULERS.keys() == SAMPLERS.keys()


def test_latents_are_the_vaes_mean_times_the_scale(parts):
    pixels = torch.rand(2, 3, 64, 128) * 2 - 1
    with torch.no_grad():
        mean, std = SD.encode_image(parts, pixels)
        raw = parts.modules["vae"].encode(pixels).latent_dist
    assert mean.shape == std.shape == (2, 4, 8, 16)
    assert torch.equal(mean, raw.mean * 0.18215) and torch.equal(std, raw.std * 0.18215)


def test_prediction_equals_diffusers_own(parts):
    latents, times = torch.randn(2, 4, 8, 8), torch.tensor([1, 999])
    states = torch.randn(2, 77, 16)
    with torch.no_grad():
        mine = SD.predict(
            parts, latents, times, [TextState({"states": one}) for one in states], torch.empty(0)
        )
        theirs = parts.modules["unet"](latents, times, states).sample
    assert torch.equal(mine, theirs)


def test_the_schedule_is_stable_diffusions(parts):
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    kept = (1 - betas).cumprod(0)
    torch.testing.assert_close(sampling.objective("epsilon").snr(torch.arange(1000)), kept / (1 - kept))


def test_the_samplers_are_sd_scripts_own():
    theirs = "ddim pndm lms euler euler_a heun dpm_2 dpm_2_a dpmsolver dpmsolver++ dpmsingle"
    assert list(SAMPLERS) == theirs.split()
    assert {"k_lms", "k_euler", "k_euler_a", "k_dpm_2", "k_dpm_2_a"} <= SAMPLER_ALIASES.keys()


@pytest.mark.parametrize(("prediction", "named"), [("epsilon", "epsilon"), ("v", "v_prediction")])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samplers_know_what_the_model_predicts(parts, prediction, named, sampler):
    told = replace(parts, objective=sampling.objective(prediction))
    assert SD.schedule(told, sampler, 4, Size(64, 64)).config.prediction_type == named


def ours(parts, sampler, seeds=(1,), guidance=7.5):
    with torch.no_grad():
        texts = SD.encode_text(parts, ["frog", "wet"], ModelConfig())
    drawing = Drawing(Size(64, 128), seeds, sampler, steps=3, guidance=guidance)
    return [np.asarray(image).astype(int) for image in draw(SD, parts, texts, drawing)]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_an_image_is_the_one_that_diffusers_draws_and_the_seed_decides_it(parts, sampler):
    theirs = pipeline(parts, sampler)(
        "frog", negative_prompt="wet", num_inference_steps=3, height=128, width=64,
        generator=torch.Generator().manual_seed(1),
    ).images[0]  # fmt: skip
    one, other = ours(parts, sampler, (1, 2))
    assert abs(one - np.asarray(theirs).astype(int)).max() <= 1
    assert (one != other).any()


def test_without_guidance_the_negative_text_has_no_say(parts):
    theirs = pipeline(parts)(
        "frog", num_inference_steps=3, height=128, width=64, guidance_scale=1.0,
        generator=torch.Generator().manual_seed(1),
    ).images[0]  # fmt: skip
    (one,) = ours(parts, "ddim", guidance=1.0)
    assert abs(one - np.asarray(theirs).astype(int)).max() <= 1
