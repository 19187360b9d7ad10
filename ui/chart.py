"""The loss curve as a small SVG of our own: no chart library to load, and the page's own colours."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.errors import Lang
from ui.markup import esc
from ui.text import say

Point = tuple[float, float]

MOST_POINTS = 500


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most `most` points, the lowest and the highest of each stretch kept, so that no spike is lost."""
    if len(points) <= most:
        return list(points)
    kept: list[Point] = []
    bins = most // 2
    for n in range(bins):
        part = points[n * len(points) // bins : (n + 1) * len(points) // bins]
        ends = {min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])}
        kept += sorted(ends)
    return kept


def smoothed(points: Sequence[Point]) -> list[Point]:
    """A running mean that forgets over about a twelfth of the curve, without the usual pull to the start."""
    keep = 1 - 1 / max(3.0, len(points) / 12)
    mean = weight = 0.0
    curve = []
    for x, y in points:
        mean, weight = keep * mean + (1 - keep) * y, keep * weight + (1 - keep)
        curve.append((x, mean / weight))
    return curve


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round numbers from below `low` to above `high`."""
    span = high - low or abs(high) or 1.0
    raw = span / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.floor(low / step)
    last = math.ceil(high / step)
    return [n * step for n in range(first, last + 1)]


def loss_chart(points: Sequence[Point], total: int, lang: Lang) -> str:
    """The curve over the whole run, or nothing while there are fewer than two points."""
    good = [(x, y) for x, y in points if math.isfinite(y)]
    if len(good) < 2:
        return ""
    raw, smooth = thinned(good), thinned(smoothed(good))
    marks = ticks(min(y for _, y in raw), max(y for _, y in raw))
    low, high = marks[0], marks[-1]
    last = max(float(total), good[-1][0])

    def line(curve: Sequence[Point], name: str) -> str:
        path = " ".join(f"{x / last * 1000:.1f},{(high - y) / (high - low) * 300:.1f}" for x, y in curve)
        return f'<polyline class="{name}" points="{path}"/>'

    grid = "".join(
        f'<line class="grid" x1="0" x2="1000" y1="{y:.1f}" y2="{y:.1f}"/>'
        for y in ((high - mark) / (high - low) * 300 for mark in marks)
    )
    y_labels = "".join(
        f'<span style="top:{(high - mark) / (high - low) * 100:.1f}%">{mark:.4g}</span>' for mark in marks
    )
    x_labels = "".join(f"<span>{round(last * share / 4):,}</span>" for share in range(5))
    key = (
        f'<span class="raw">{esc(say("run.chart.raw", lang))}</span>'
        f'<span class="smooth">{esc(say("run.chart.smooth", lang))}</span>'
    )
    return (
        f'<figure class="rw-chart"><figcaption><b>{esc(say("run.chart", lang))}</b>{key}</figcaption>'
        f'<div class="rw-plot"><div class="rw-y">{y_labels}</div>'
        f'<svg viewBox="0 0 1000 300" preserveAspectRatio="none" aria-hidden="true">'
        f"{grid}{line(raw, 'raw')}{line(smooth, 'smooth')}</svg></div>"
        f'<div class="rw-x">{x_labels}</div></figure>'
    )
