"""Curves as small SVGs of our own: no chart library to load, and the page's own colours.

Reading values off and smoothing are done in the page by script/chart.js, from the points that are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import Lang
from ui.parts.curve import Curve, Point
from ui.parts.markup import esc
from ui.parts.numbers import short_text
from ui.text import say

MOST_RATES = 4
"""Curves of learning rates; block by block there can be dozens."""


def smoothed(points: Sequence[Point]) -> list[Point]:
    """A running mean that forgets over about a twelfth of the curve, without the usual pull to the start."""
    keep = 1 - 1 / max(3.0, len(points) / 12)
    mean = weight = 0.0
    curve = []
    for x, y in points:
        mean, weight = keep * mean + (1 - keep) * y, keep * weight + (1 - keep)
        curve.append((x, mean / weight))
    return curve


def straightened(points: Sequence[Point]) -> list[Point]:
    """Without the points in the middle of level stretches."""
    return [
        point
        for n, point in enumerate(points)
        if not 0 < n < len(points) - 1 or not points[n - 1][1] == point[1] == points[n + 1][1]
    ]


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round numbers from below `low` to above `high`."""
    span = high - low or abs(high) or 1.0
    raw = span / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.floor(low / step)
    last = max(math.ceil(high / step), first + 1)
    return [n * step for n in range(first, last + 1)]


def whole_ticks(last: float, most: int = 5) -> list[int]:
    """Round whole numbers from 0 up to `last`, at most `most` beside the 0."""
    power = 1
    while True:
        for m in (1, 2, 5):
            if last / (m * power) <= most:
                return [*range(0, int(last) + 1, m * power)]
        power *= 10


@dataclass(frozen=True)
class Line:
    """One curve. name: its class in the style sheet. means: what the page smooths anew, if it may."""

    name: str
    label: str
    points: Sequence[Point]
    means: Sequence[Point] = ()


def plot(
    title: str,
    lines: Sequence[Line],
    last: float,
    floor: float | None = None,
    name: str = "",
    most: int = 4,
    unit: str = "",
    now: str = "",
) -> str:
    """Curves over 0 to `last`, each with at least one point.

    floor: lowest value of the axis, if given. name: class of the figure. most: marks of the axis, about.
    unit: what is counted along the axis. now: the curve whose last value stands at its end.
    """
    values = [y for line in lines for _, y in line.points]
    marks = ticks(min(values) if floor is None else floor, max(values), most)
    low, high = marks[0], marks[-1]

    def path(points: Sequence[Point]) -> str:
        return " ".join(f"{x / last * 1000:.5g},{(high - y) / (high - low) * 300:.1f}" for x, y in points)

    def drawn(line: Line) -> str:
        means = f' data-means="{path(line.means)}"' if line.means else ""
        return f'<polyline class="{line.name}"{means} points="{path(line.points)}"/>'

    curves = "".join(drawn(line) for line in lines)
    grid = "".join(
        f'<line class="grid" x1="0" x2="1000" y1="{y:.1f}" y2="{y:.1f}"/>'
        for y in ((high - mark) / (high - low) * 300 for mark in marks)
    )
    y_labels = "".join(
        f'<span style="top:{(high - mark) / (high - low) * 100:.1f}%">{mark_text(mark)}</span>'
        for mark in marks
    )
    x_labels = "".join(_below(step, step / last) for step in whole_ticks(last))
    key = "".join(f'<span class="{line.name}">{esc(line.label)}</span>' for line in lines)
    newest = "".join(_newest(line, last, low, high) for line in lines if line.name == now)
    told = esc(f"{title}: {'; '.join(map(summary, lines))}")
    return (
        f'<figure class="rw-chart {name}" data-low="{low:.6g}" data-high="{high:.6g}" '
        f'data-last="{last:.10g}" data-unit="{esc(unit)}">'
        f"<figcaption><b>{esc(title)}</b>{key}</figcaption>"
        f'<div class="rw-plot"><div class="rw-y">{y_labels}</div>'
        f'<svg viewBox="0 0 1000 300" preserveAspectRatio="none" role="img" aria-label="{told}">'
        f"{grid}{curves}</svg>{newest}</div>"
        f'<div class="rw-x">{x_labels}<i>{esc(unit)}</i></div></figure>'
    )


def summary(line: Line) -> str:
    """A curve in figures, for a screen reader: first and last value, lowest and highest, as
    "smoothed 0.16 → 0.052 (0.049 – 0.17)".
    """
    values = [y for _, y in line.points]
    start, end, lowest, highest = (short_text(y) for y in (values[0], values[-1], min(values), max(values)))
    return f"{line.label} {start} → {end} ({lowest} – {highest})"


def _newest(line: Line, last: float, low: float, high: float) -> str:
    """The last value at the end of its curve; script/chart.js keeps it there when that is smoothed anew."""
    x, y = line.points[-1]
    side = " is-left" if x > 0.86 * last else ""
    place = f"--x:{x / last:.4f};top:{(high - y) / (high - low) * 100:.1f}%"
    return f'<b class="rw-now{side}" style="{place}">{short_text(y)}</b>'


def _below(step: int, share: float) -> str:
    """A mark below the curve, inside its ends."""
    end = ' class="is-last"' if share > 0.95 else ""
    return f'<span{end} style="left:{share * 100:.1f}%">{step:,}</span>'


def mark_text(value: float) -> str:
    """0.05, and 2e-5 or 1e5 for what would take many zeros."""
    if 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return short_text(value)


def loss_chart(losses: Curve, total: int, lang: Lang, validation: Curve | None = None) -> str:
    """The curve over the whole run, or nothing while there are fewer than two points."""
    if len(losses) < 2:
        return ""
    means = losses.means
    lines = [
        Line("raw", say("run.chart.raw", lang), losses.ends),
        Line("smooth", say("run.chart.smooth", lang), smoothed(means), means),
    ]
    if validation:
        lines.append(Line("validation", say("run.chart.validation", lang), validation.ends))
    last = max(float(total), losses.last)
    return plot(say("run.chart", lang), lines, last, unit=say("run.chart.step", lang), now="smooth")


def rates_chart(rates: Mapping[str, Curve], total: int, lang: Lang) -> str:
    """The learning rate of each group of weights; groups that learn alike are one curve."""
    distinct: dict[tuple[Point, ...], list[str]] = {}
    for name, curve in rates.items():
        points = tuple(straightened(curve.means))
        if len(points) > 1:
            distinct.setdefault(points, []).append(name)
    if not distinct:
        return ""
    looks = ("smooth", "text", "third", "fourth")
    lines = [
        Line(look, _groups(names, len(distinct) == 1, lang), points)
        for look, (points, names) in zip(looks, [*distinct.items()][:MOST_RATES], strict=False)
    ]
    last = max(float(total), *(line.points[-1][0] for line in lines))
    unit = say("run.chart.step", lang)
    return plot(say("run.lr", lang), lines, last, floor=0.0, name="is-low", most=2, unit=unit, now="smooth")


def part_name(part: str, lang: Lang) -> str:
    """What people call a part of a model, of those that can be trained."""
    keys = {"unet": "rate.unet", "text_encoder": "rate.text", "text_encoder_2": "rate.text.2"}
    return say(keys[part], lang) if part in keys else part


def _groups(names: Sequence[str], is_only: bool, lang: Lang) -> str:
    """What the curve of these groups is called."""
    if is_only and len(names) > 1:
        return say("rate.all", lang)
    is_word = names[0].endswith("/embedding")
    first = say("rate.word", lang) if is_word else part_name(names[0], lang)
    return first if len(names) == 1 else f"{first} +{len(names) - 1}"
