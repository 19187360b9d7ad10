"""Latents, the noise schedule and pictures."""

from dataclasses import replace

import pytest
import torch

from core.catalog import SAMPLER_ALIASES, SAMPLERS
from core.config.schema.run import ModelConfig
from core.models.family import Conditioning, open_family
from core.models.sd.sampling import SCHEDULERS

SD = open_family("sd1")


def test_every_sampler_of_the_catalog_is_there():
    assert SCHEDULERS.keys() == SAMPLERS.keys()


def test_latents_are_the_vaes_mean_times_the_scale(parts):
    pixels = torch.rand(2, 3, 64, 128) * 2 - 1
    with torch.no_grad():
        mean, std = SD.encode_image(parts, pixels)
        raw = parts.vae.encode(pixels).latent_dist
    assert mean.shape == std.shape == (2, 4, 8, 16)
    assert torch.equal(mean, raw.mean * 0.18215) and torch.equal(std, raw.std * 0.18215)


def test_prediction_equals_diffusers_own(parts):
    latents, times = torch.randn(2, 4, 8, 8), torch.tensor([1, 999])
    states = torch.randn(2, 77, 16)
    with torch.no_grad():
        mine = SD.predict(parts, latents, times, Conditioning(states))
        theirs = parts.unet(latents, times, states).sample
    assert torch.equal(mine, theirs)


def test_the_schedule_is_stable_diffusions(parts):
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    kept = (1 - betas).cumprod(0)
    torch.testing.assert_close(SD.objective(parts).snr(torch.arange(1000)), kept / (1 - kept))


def test_the_samplers_are_sd_scripts_own():
    theirs = "ddim pndm lms euler euler_a heun dpm_2 dpm_2_a dpmsolver dpmsolver++ dpmsingle"
    assert list(SAMPLERS) == theirs.split()
    assert {"k_lms", "k_euler", "k_euler_a", "k_dpm_2", "k_dpm_2_a"} <= SAMPLER_ALIASES.keys()


@pytest.mark.parametrize(("prediction", "named"), [("epsilon", "epsilon"), ("v", "v_prediction")])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samplers_know_what_the_model_predicts(parts, prediction, named, sampler):
    told = replace(parts, prediction=prediction)
    assert SD.pipeline(told, sampler).scheduler.config.prediction_type == named


def test_the_pipeline_has_the_very_same_modules(parts):
    pipe = SD.pipeline(parts, "ddim")
    assert pipe.unet is parts.unet and pipe.vae is parts.vae and pipe.text_encoder is parts.text_encoder
    assert pipe.safety_checker is None


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_picture_is_drawn_and_the_seed_decides_it(parts, sampler):
    def draw(seed):
        generator = torch.Generator().manual_seed(seed)
        return SD.pipeline(parts, sampler)(
            "frog", num_inference_steps=2, height=64, width=64, generator=generator, output_type="np"
        ).images

    one = draw(1)
    assert one.shape == (1, 64, 64, 3)
    assert (one == draw(1)).all() and (one != draw(2)).any()


def test_our_text_states_give_the_pipelines_own_picture(parts):
    config = ModelConfig()
    pipe = SD.pipeline(parts, "ddim")
    with torch.no_grad():
        states = [SD.encode_text(parts, SD.tokenize(parts, [t], config), config) for t in ("frog", "")]
    options = {"num_inference_steps": 2, "height": 64, "width": 64, "output_type": "np"}
    mine = pipe(
        prompt_embeds=states[0].encoder_hidden_states,
        negative_prompt_embeds=states[1].encoder_hidden_states,
        generator=torch.Generator().manual_seed(1),
        **options,
    ).images
    theirs = pipe("frog", generator=torch.Generator().manual_seed(1), **options).images
    assert abs(mine - theirs).max() < 1e-5
