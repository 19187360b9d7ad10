"""Flow matching against numbers made by hand and by diffusers."""

import math
from statistics import NormalDist

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.training_utils import compute_density_for_timestep_sampling

from core.diffusion.loss import huber_thresholds
from core.diffusion.objective import Flow
from core.diffusion.weights import debiased_weight, min_snr_weight

PART = torch.tensor([0.0, 250.0, 500.0, 1000.0])


def test_noise_lies_over_latents_in_a_straight_line_and_the_target_is_noise_minus_image():
    latents, noise = torch.full((4, 1, 1, 1), 2.0), torch.full((4, 1, 1, 1), 10.0)
    assert Flow().noisy(latents, noise, PART).flatten().tolist() == [2.0, 4.0, 6.0, 10.0]
    assert Flow().target(latents, noise, PART).flatten().tolist() == [8.0] * 4


def test_the_snr_is_the_square_of_what_is_left_over_the_noise():
    assert Flow().snr(PART).tolist() == [math.inf, 9.0, 1.0, 0.0]  # (0.75 / 0.25)^2


def test_a_step_along_the_target_to_no_noise_gives_the_image():
    generator = torch.Generator().manual_seed(1)
    latents, noise = (torch.randn(4, 2, 3, 3, generator=generator) for _ in range(2))
    noisy, velocity = Flow().noisy(latents, noise, PART), Flow().target(latents, noise, PART)
    torch.testing.assert_close(noisy - (PART / 1000).view(-1, 1, 1, 1) * velocity, latents)


# sigma = t / 1000 has the SNR ((1 - sigma) / sigma)^2, and an error of the velocity is sigma times that in
# the image: at t = 250 min(9, 5) * 0.25^2, at 500 1 * 0.5^2; debiased 3 * 0.25^2 and 1 * 0.5^2.
def test_weights_are_those_of_the_image_error():
    snr = Flow().snr(PART)
    assert min_snr_weight(snr, 5.0, "flow").tolist() == pytest.approx([0.0, 0.3125, 0.25, 0.0])
    assert debiased_weight(snr[1:3], "flow").tolist() == pytest.approx([0.1875, 0.25])


def test_the_huber_threshold_falls_as_noise_grows():
    by_snr = huber_thresholds(Flow(), PART, "snr", 0.1, 1.0)
    # The noise over the signal is 0, 1/3, 1, infinite: 0.9 / (1 + it)^2 + 0.1.
    assert by_snr.tolist() == pytest.approx([1.0, 0.9 * 9 / 16 + 0.1, 0.325, 0.1])
    exponential = huber_thresholds(Flow(), PART, "exponential", 0.01, 2.0)
    assert exponential.tolist() == pytest.approx([2.0, 2 * 0.01**0.25, 0.2, 0.02])


def test_timesteps_are_uniform_real_numbers_unless_they_are_shifted():
    assert [Flow().draw(u, 0, 1000, 64) for u in (0.0, 0.25, 0.5)] == [0.0, 250.0, 500.0]
    assert Flow().draw(0.5, 200, 400, 64) == pytest.approx(300.0)
    # 3 * 0.5 / (1 + 2 * 0.5)
    assert Flow(shift=3.0).draw(0.5, 0, 1000, 64) == pytest.approx(750.0)


def test_a_shift_that_grows_with_the_image_is_linear_in_its_power():
    flow = Flow(shift_points=((256, 0.5), (4096, 1.15)))
    for cells, shift in ((256, math.exp(0.5)), (4096, math.exp(1.15)), (2176, math.exp(0.825))):
        assert flow.draw(0.5, 0, 1000, cells) == pytest.approx(1000 * shift / (1 + shift))


def test_logit_normal_timesteps_are_the_sigmoid_of_a_normal_draw():
    flow = Flow(mean=0.5, std=2.0)
    assert flow.draw(0.5, 0, 1000, 64) == pytest.approx(1000 / (1 + math.exp(-0.5)))
    one_deviation = NormalDist().cdf(1.0)
    assert flow.draw(one_deviation, 0, 1000, 64) == pytest.approx(1000 / (1 + math.exp(-2.5)))
    assert 0 <= flow.draw(0.0, 0, 1000, 64) < flow.draw(1 - 2**-53, 0, 1000, 64) <= 1000


def test_logit_normal_timesteps_are_spread_as_those_of_diffusers():
    generator = torch.Generator().manual_seed(0)
    theirs = compute_density_for_timestep_sampling("logit_normal", 20_000, 0.3, 0.8, generator=generator)
    ours = torch.tensor([Flow(mean=0.3, std=0.8).draw((n + 0.5) / 2000, 0, 1000, 64) for n in range(2000)])
    shares = torch.tensor([0.1, 0.5, 0.9])
    torch.testing.assert_close(ours.quantile(shares) / 1000, theirs.quantile(shares), atol=0.01, rtol=0)


def test_the_shift_is_that_of_diffusers_own_schedule():
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    at = [Flow(shift=3.0).draw(n / 1000, 0, 1000, 64) for n in (1000 - 2**-40, 750, 500, 250)]
    expected = scheduler.timesteps[[0, 250, 500, 750]]
    assert at == pytest.approx(expected.tolist(), abs=1e-3)


@pytest.mark.parametrize("flow", [Flow(std=1.0), Flow(std=1.0, shift=3.0), Flow(shift=0.5)])
def test_limits_cut_the_distribution_and_keep_its_shape_between_them(flow):
    drawn = [flow.draw((n + 0.5) / 4000, 0, 1000, 64) for n in range(4000)]
    inside = torch.tensor([t for t in drawn if 300 <= t < 600])
    cut = torch.tensor([flow.draw((n + 0.5) / 4000, 300, 600, 64) for n in range(4000)])
    assert cut.min() >= 300 and cut.max() < 600
    shares = torch.tensor([0.1, 0.5, 0.9])
    torch.testing.assert_close(cut.quantile(shares), inside.quantile(shares), atol=1.0, rtol=0)
