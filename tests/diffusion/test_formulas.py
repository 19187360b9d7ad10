"""Each formula against numbers made by hand or by diffusers and sd-scripts."""

import pytest
import torch
from diffusers import DDPMScheduler

from core.diffusion.loss import huber, huber_thresholds, per_sample, squared
from core.diffusion.noise import (
    adaptive_strength,
    add_coarse_noise,
    offset_noise,
    sample_latents,
    unit_variance,
)
from core.diffusion.objective import Diffusion, Flow
from core.diffusion.weights import (
    debiased_weight,
    like_noise_weight,
    like_velocity_weight,
    min_snr_weight,
)

SCHEDULER = DDPMScheduler(
    beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
)
ZERO_TERMINAL = DDPMScheduler(
    beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", rescale_betas_zero_snr=True
)
EPSILON, V = (Diffusion(SCHEDULER.alphas_cumprod, name) for name in ("epsilon", "v"))
RESCALED = Diffusion(ZERO_TERMINAL.alphas_cumprod, "v")
EVERY = torch.arange(1000)
TIMESTEPS = torch.tensor([0, 100, 500, 999])


def draws() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(4, 4, 8, 8, generator=generator)
    return latents, torch.randn(4, 4, 8, 8, generator=generator)


def test_noise_is_laid_over_latents_as_diffusers_does():
    latents, noise = draws()
    expected = SCHEDULER.add_noise(latents, noise, TIMESTEPS)
    torch.testing.assert_close(EPSILON.noisy(latents, noise, TIMESTEPS), expected)


def test_the_velocity_is_that_of_diffusers():
    latents, noise = draws()
    expected = SCHEDULER.get_velocity(latents, noise, TIMESTEPS)
    torch.testing.assert_close(V.target(latents, noise, TIMESTEPS), expected)


def test_the_target_of_epsilon_is_the_noise():
    latents, noise = draws()
    assert EPSILON.target(latents, noise, TIMESTEPS) is noise


def test_an_unknown_prediction_is_refused():
    with pytest.raises(ValueError, match="sample"):
        Diffusion(SCHEDULER.alphas_cumprod, "sample")


# Numbers of sd-scripts at t = 0, 100, 500 for gamma 5, run there.
@pytest.mark.parametrize(
    ("prediction", "expected"), [("epsilon", [0.004, 0.591, 1.0]), ("v", [0.004, 0.529, 0.276])]
)
def test_min_snr_weights_are_those_of_sd_scripts(prediction, expected):
    weights = min_snr_weight(EPSILON.snr(TIMESTEPS[:3]), 5.0, prediction)
    assert [round(weight, 3) for weight in weights.tolist()] == expected


def test_the_debiased_weight_is_that_of_sd_scripts():
    assert debiased_weight(EPSILON.snr(TIMESTEPS[3:]), "epsilon").item() == pytest.approx(14.6, abs=0.05)
    assert debiased_weight(torch.tensor([3.0]), "v").item() == 0.25


def test_the_loss_of_a_sample_is_the_mean_square_over_its_own_pixels():
    pred = torch.stack([torch.full((4, 2, 2), 1.0), torch.full((4, 2, 2), 3.0)])
    assert per_sample(squared(pred, torch.zeros_like(pred))).tolist() == [1.0, 9.0]


def test_a_mask_takes_pixels_out_and_the_mean_stays_over_all_of_them():
    error, mask = torch.full((1, 4, 2, 2), 8.0), torch.tensor([[[[1.0, 0.5], [0.0, 0.0]]]])
    assert per_sample(error, mask).tolist() == [3.0]  # 8 * (1 + 0.5) / 4


def test_noise_offset_moves_whole_channels():
    shift = torch.tensor([[[[2.0]], [[-1.0]]]])
    shifted = offset_noise(torch.zeros(1, 2, 3, 3), shift, torch.tensor(0.1).view(1, 1, 1, 1))
    assert shifted[0, 0].unique().tolist() == pytest.approx([0.2])
    assert shifted[0, 1].unique().tolist() == pytest.approx([-0.1])


def test_the_adaptive_offset_grows_with_the_mean_of_the_latents_and_is_never_negative():
    latents = torch.tensor([-3.0, 1.0]).view(1, 2, 1, 1).expand(1, 2, 3, 3)
    strength = torch.tensor(0.2).view(1, 1, 1, 1)
    assert adaptive_strength(strength, latents, 0.5).flatten().tolist() == pytest.approx([1.7, 0.7])
    assert adaptive_strength(strength, latents, -0.1).flatten().tolist() == pytest.approx([0.0, 0.1])


def test_multires_noise_is_finer_noise_plus_enlarged_coarser_noise_with_unit_variance():
    noise = torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(2))
    made = noise.clone()
    add_coarse_noise(made, 2, 0.5, torch.Generator().manual_seed(5))
    generator = torch.Generator().manual_seed(5)
    torch.rand((), generator=generator)
    whole = torch.randn(1, 4, 8, 8, generator=generator)
    side = int(8 / (2 + 2 * torch.rand((), generator=generator).item()))
    coarse = torch.randn(1, 4, side, side, generator=generator)
    enlarged = torch.nn.Upsample(size=(8, 8), mode="bilinear")(coarse)
    torch.testing.assert_close(made, noise + whole[0] + 0.5 * enlarged[0])
    assert unit_variance(made[None]).std().item() == pytest.approx(1.0)


def test_each_sample_has_unit_variance_by_itself():
    pair = torch.cat([torch.randn(1, 4, 8, 8), 5 * torch.randn(1, 4, 8, 8)])
    assert unit_variance(pair).std(dim=(1, 2, 3)).tolist() == pytest.approx([1.0, 1.0])


def test_coarse_noise_ends_at_a_single_cell():
    made = torch.zeros(1, 2, 2)
    add_coarse_noise(made, 64, 1.0, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    torch.rand((), generator=generator)
    whole = torch.randn(1, 1, 2, 2, generator=generator)
    torch.rand((), generator=generator)
    torch.testing.assert_close(made, (whole + torch.randn(1, 1, 1, 1, generator=generator))[0])


def test_a_latent_is_drawn_around_its_mean():
    assert sample_latents(torch.tensor(2.0), torch.tensor(0.5), torch.tensor(-1.0)).item() == 1.5


def test_timesteps_reach_both_ends_and_never_the_limit():
    assert EPSILON.draw(0.0, 10, 20, 64) == 10
    assert EPSILON.draw(1 - 2**-53, 10, 20, 64) == 19


@pytest.mark.parametrize("objective", [EPSILON, Flow(), Flow(std=1.0)])
def test_equal_limits_give_that_timestep(objective):
    assert objective.draw(0.7, 300, 300, 64) == 300


# By hand: d = 3, c = 4 gives sqrt(9 + 16) - 4 = 1, times 2c or 2.
def test_huber_and_smooth_l1_are_the_formulas_of_sd_scripts():
    d, zero, c = torch.full((1, 1, 1, 1), 3.0), torch.zeros(1, 1, 1, 1), torch.tensor([4.0])
    assert huber(d, zero, c, is_smooth_l1=False).item() == 8.0
    assert huber(d, zero, c, is_smooth_l1=True).item() == 2.0


def test_each_sample_has_its_own_huber_threshold():
    d, zero = torch.full((2, 1, 1, 1), 3.0), torch.zeros(2, 1, 1, 1)
    found = huber(d, zero, torch.tensor([4.0, 1.0]), is_smooth_l1=False).flatten()
    assert found.tolist() == pytest.approx([8.0, 2 * (10**0.5 - 1)])


def test_the_huber_schedules_are_those_of_sd_scripts():
    sigma = ((1 - SCHEDULER.alphas_cumprod[500]) / SCHEDULER.alphas_cumprod[500]) ** 0.5
    by_snr = huber_thresholds(EPSILON, EVERY, "snr", 0.1, 7.0)
    assert by_snr[500].item() == pytest.approx(0.9 / (1 + sigma.item()) ** 2 + 0.1)
    exponential = huber_thresholds(EPSILON, EVERY, "exponential", 0.1, 2.0)
    assert exponential[[0, 500]].tolist() == pytest.approx([2.0, 2.0 * 0.1**0.5])
    assert huber_thresholds(EPSILON, EVERY, "constant", 0.1, 2.0).unique().tolist() == pytest.approx([0.2])


def test_a_v_loss_scaled_like_noise_weighs_snr_over_snr_plus_one():
    assert like_noise_weight(torch.tensor([1.0, 3.0, 1e6])).tolist() == pytest.approx(
        [0.5, 0.75, 1000 / 1001]
    )


def test_the_v_like_loss_is_added_by_its_share():
    assert like_velocity_weight(torch.tensor([1.0, 3.0]), 0.5).tolist() == pytest.approx([2.0, 1 + 2 / 3])


def test_a_terminal_snr_of_zero_is_exact_and_gives_no_weight_that_is_not_finite():
    snr = RESCALED.snr(EVERY)
    assert snr[999].item() == 0.0 and ZERO_TERMINAL.alphas_cumprod[999].item() == 0.0
    weights = [
        min_snr_weight(snr, 5.0, "epsilon"),
        min_snr_weight(snr, 5.0, "v"),
        debiased_weight(snr, "epsilon"),
        debiased_weight(snr, "v"),
        like_noise_weight(snr),
        like_velocity_weight(snr, 1.0),
        huber_thresholds(RESCALED, EVERY, "snr", 0.1, 1.0),
    ]
    assert all(found.isfinite().all() for found in weights)
    assert [found[999].item() for found in weights[:2]] == [1.0, 0.0]


def test_pure_noise_holds_nothing_of_the_image_and_its_velocity_is_minus_the_image():
    latents, noise = draws()
    last = torch.tensor([999] * 4)
    torch.testing.assert_close(RESCALED.noisy(latents, noise, last), noise)
    torch.testing.assert_close(RESCALED.target(latents, noise, last), -latents)
