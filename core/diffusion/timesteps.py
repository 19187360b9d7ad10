"""Which timestep a sample is trained at."""

from __future__ import annotations


def uniform(draw: float, low: int, high: int) -> int:
    """A timestep in [low, high), each as likely as any other.

    draw: a number in [0, 1) that belongs to the sample. When high is not above low, low is the answer, as in
    sd-scripts.
    Source: Ho et al. 2020, arXiv:2006.11239, algorithm 1.
    """
    return low + int(draw * (high - low)) if high > low else low
