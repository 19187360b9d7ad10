"""Which timestep a sample is trained at: a number in [0, 1) that belongs to the sample -> a timestep."""

from __future__ import annotations

import math
from statistics import NormalDist

_LEAST = 2.0**-54
"""Below the smallest step of a draw: the normal distribution has no value at 0."""


def uniform(draw: float, low: int, high: int) -> int:
    """A timestep in [low, high), each as likely as any other.

    draw: in [0, 1). When high is not above low, low is the answer, as in sd-scripts.
    Source: Ho et al. 2020, arXiv:2006.11239, algorithm 1.
    """
    return low + int(draw * (high - low)) if high > low else low


def logit_normal(draw: float, mean: float, std: float) -> float:
    """The share of noise, in (0, 1), whose logit is normally distributed; draw: its cumulative probability.

    Source: Esser et al. 2024, arXiv:2403.03206, section 3.1.
    """
    normal = NormalDist(mean, std).inv_cdf(min(max(draw, _LEAST), 1.0 - _LEAST))
    return 1.0 / (1.0 + math.exp(-normal))


def logit_normal_draw(sigma: float, mean: float, std: float) -> float:
    """The inverse of `logit_normal`: how probable a share of noise up to `sigma` is."""
    if not 0.0 < sigma < 1.0:
        return float(sigma >= 1.0)
    return NormalDist(mean, std).cdf(math.log(sigma / (1.0 - sigma)))


def shifted(sigma: float, shift: float) -> float:
    """A share of noise moved towards 1, as larger images need it; shift: 1 leaves it, 1/shift is the inverse.

    Source: Esser et al. 2024, arXiv:2403.03206, eq. 23.
    """
    return shift * sigma / (1.0 + (shift - 1.0) * sigma)


def shift_of_size(cells: int, low: tuple[int, float], high: tuple[int, float]) -> float:
    """The shift for so many latent cells: e to a power that is linear in them; low, high: (cells, power).

    Source: FLUX's `time_shift`; diffusers' calculate_shift.
    """
    slope = (high[1] - low[1]) / (high[0] - low[0])
    return math.exp(low[1] + slope * (cells - low[0]))
