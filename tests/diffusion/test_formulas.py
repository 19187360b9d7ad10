"""Each formula against numbers made by hand or by diffusers and sd-scripts."""

import pytest
import torch
from diffusers import DDPMScheduler

from core.diffusion.loss import debiased_weight, min_snr_weight, per_sample
from core.diffusion.noise import add_noise, offset_noise, sample_latents
from core.diffusion.schedule import NoiseTable
from core.diffusion.target import target
from core.diffusion.timesteps import uniform

SCHEDULER = DDPMScheduler(
    beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
)
TABLE = NoiseTable(SCHEDULER.alphas_cumprod)
TIMESTEPS = torch.tensor([0, 100, 500, 999])


def draws() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(4, 4, 8, 8, generator=generator)
    return latents, torch.randn(4, 4, 8, 8, generator=generator)


def test_noise_is_laid_over_latents_as_diffusers_does():
    latents, noise = draws()
    expected = SCHEDULER.add_noise(latents, noise, TIMESTEPS)
    torch.testing.assert_close(add_noise(latents, noise, TIMESTEPS, TABLE), expected)


def test_the_velocity_is_that_of_diffusers():
    latents, noise = draws()
    expected = SCHEDULER.get_velocity(latents, noise, TIMESTEPS)
    torch.testing.assert_close(target("v", latents, noise, TIMESTEPS, TABLE), expected)


def test_the_target_of_epsilon_is_the_noise():
    latents, noise = draws()
    assert target("epsilon", latents, noise, TIMESTEPS, TABLE) is noise


def test_an_unknown_prediction_is_refused():
    latents, noise = draws()
    with pytest.raises(ValueError, match="sample"):
        target("sample", latents, noise, TIMESTEPS, TABLE)


# Numbers of sd-scripts at t = 0, 100, 500 for gamma 5, run there.
@pytest.mark.parametrize(
    ("prediction", "expected"), [("epsilon", [0.004, 0.591, 1.0]), ("v", [0.004, 0.529, 0.276])]
)
def test_min_snr_weights_are_those_of_sd_scripts(prediction, expected):
    weights = min_snr_weight(TABLE.snr[TIMESTEPS[:3]], 5.0, prediction)
    assert [round(weight, 3) for weight in weights.tolist()] == expected


def test_the_debiased_weight_is_that_of_sd_scripts():
    assert debiased_weight(TABLE.snr[TIMESTEPS[3:]], "epsilon").item() == pytest.approx(14.6, abs=0.05)
    assert debiased_weight(torch.tensor([3.0]), "v").item() == 0.25


def test_the_loss_of_a_sample_is_the_mean_square_over_its_own_pixels():
    pred = torch.stack([torch.full((4, 2, 2), 1.0), torch.full((4, 2, 2), 3.0)])
    assert per_sample(pred, torch.zeros_like(pred)).tolist() == [1.0, 9.0]


def test_noise_offset_moves_whole_channels():
    shift = torch.tensor([[[[2.0]], [[-1.0]]]])
    shifted = offset_noise(torch.zeros(1, 2, 3, 3), shift, 0.1)
    assert shifted[0, 0].unique().tolist() == pytest.approx([0.2])
    assert shifted[0, 1].unique().tolist() == pytest.approx([-0.1])


def test_a_latent_is_drawn_around_its_mean():
    assert sample_latents(torch.tensor(2.0), torch.tensor(0.5), torch.tensor(-1.0)).item() == 1.5


def test_timesteps_reach_both_ends_and_never_the_limit():
    assert uniform(0.0, 10, 20) == 10
    assert uniform(1 - 2**-53, 10, 20) == 19


def test_equal_limits_give_that_timestep():
    assert uniform(0.7, 300, 300) == 300
