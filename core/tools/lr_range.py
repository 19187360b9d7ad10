"""A learning-rate range test: its settings, and the rate that its curve suggests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from core.catalog import Words
from core.config.schema.option import Section, opt
from core.tools.tool import Tool

LOWEST, HIGHEST = 1e-7, 1e-1
"""Rates that every method and optimizer with a rate of its own is between."""

STEPS = 100

_WINDOW = 5
"""Points that a point of the smoothed curve is the mean of."""

_LEAST_GAIN = 0.005
"""Share of the loss at the start by which it must fall somewhere, else the test has found nothing."""


class LrRangeSettings(Section):
    """What is tried."""

    file: str = opt(
        ...,
        ("Run file", "設定ファイル"),
        ("Of the run to find a learning rate for.", "学習率を調べたい学習の設定ファイル。"),
        path="file",
    )
    steps: int = opt(
        STEPS,
        ("Steps", "ステップ数"),
        ("Each trains with a higher rate than the one before.", "1ステップごとに学習率を上げます。"),
        ge=20,
        le=10_000,
    )
    lowest: float = opt(
        LOWEST,
        ("From", "最小の学習率"),
        ("The first rate.", "最初のステップの学習率。"),
        gt=0,
        le=1e4,
    )
    highest: float = opt(
        HIGHEST,
        ("To", "最大の学習率"),
        (
            "The last rate; the test ends before it when the loss rises steeply.",
            "最後のステップの学習率。lossが大きく上がると、その前に終了します。",
        ),
        gt=0,
        le=1e4,
    )


class Point(NamedTuple):
    """loss: of always the same images, noise and timesteps, after the step with this rate."""

    rate: float
    loss: float


class Finding(NamedTuple):
    """What a curve says. steepest, lowest: rates where the loss falls fastest and where it is least."""

    suggested: float
    steepest: float
    lowest: float


def rate_at(step: int, steps: int, lowest: float, highest: float) -> float:
    """The rate of a step, from 0: every step multiplies it by the same factor."""
    return float(lowest * (highest / lowest) ** (step / max(1, steps - 1)))


def smoothed(points: Sequence[Point]) -> list[float]:
    """The losses as means over their neighbours; fewer at the ends."""
    half = _WINDOW // 2
    losses = [point.loss for point in points]
    around = (losses[max(0, n - half) : n + half + 1] for n in range(len(losses)))
    return [sum(near) / len(near) for near in around]


def finding(points: Sequence[Point]) -> Finding | None:
    """The rate to train with; None where no rate of the range lowered the loss.

    It is the one at which the smoothed loss falls fastest per factor of the rate, and at most a tenth of the
    one where it is least, beyond which it diverges. Sources: L. N. Smith, Cyclical Learning Rates for
    Training Neural Networks (2017), section 3.3; J. Howard, S. Gugger, Deep Learning for Coders with fastai
    and PyTorch (2020), chapter 5, "The Learning Rate Finder".
    """
    finite = [point for point in points if math.isfinite(point.loss)]
    if len(finite) < _WINDOW:
        return None
    curve = smoothed(finite)
    least = min(range(len(curve)), key=curve.__getitem__)
    if curve[0] - curve[least] < _LEAST_GAIN * abs(curve[0]):
        return None
    falls = [curve[n] - curve[n + 1] for n in range(least)]
    steepest = finite[max(range(least), key=falls.__getitem__)].rate
    lowest = finite[least].rate
    return Finding(float(f"{min(steepest, lowest / 10):.2g}"), steepest, lowest)


TOOL = Tool(
    "lr-range",
    Words("Find a learning rate", "学習率を調べる"),
    LrRangeSettings,
    "core.train.lr_range:run",
    on_gpu=True,
)
