"""A curve that keeps its size: points are taken one by one and lie in bins of equal count."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

Point = tuple[float, float]

MOST_BINS = 400
"""As many as a curve on the page has pixels to spare."""


@dataclass(slots=True)
class _Bin:
    """Neighbouring points: x of first and last, how many, the sum of y, the lowest and the highest."""

    first: float
    last: float
    count: int
    total: float
    low: Point
    high: Point

    def take(self, other: _Bin) -> None:
        """Put the bin that follows into this one."""
        self.last, self.count = other.last, self.count + other.count
        self.total += other.total
        self.low = min(self.low, other.low, key=lambda point: point[1])
        self.high = max(self.high, other.high, key=lambda point: point[1])


class Curve:
    """Points with rising x. One more costs the same however many there are: a run folds its events once.

    Values that are no finite number are left out.
    """

    def __init__(self, points: Iterable[Point] = (), most: int = MOST_BINS) -> None:
        """most: of bins, an even number."""
        self._most, self._width, self._bins = most, 1, list[_Bin]()
        for x, y in points:
            self.add(x, y)

    def add(self, x: float, y: float) -> None:
        """One more point."""
        if not math.isfinite(y):
            return
        new = _Bin(x, x, 1, y, (x, y), (x, y))
        bins = self._bins
        if bins and bins[-1].count < self._width:
            bins[-1].take(new)
            return
        if len(bins) >= self._most:
            for even, odd in zip(bins[::2], bins[1::2], strict=True):
                even.take(odd)
            # A list of its own: another thread may be reading the old one.
            bins, self._width = bins[::2], self._width * 2
            self._bins = bins
        bins.append(new)

    def __len__(self) -> int:
        """How many bins there are; as many as points while these are few."""
        return len(self._bins)

    @property
    def means(self) -> list[Point]:
        """The middle and the mean of each bin; the points themselves while these are few."""
        return [((b.first + b.last) / 2, b.total / b.count) for b in list(self._bins)]

    @property
    def ends(self) -> list[Point]:
        """The lowest and the highest point of each bin in their order, so that no spike is lost."""
        return [point for b in list(self._bins) for point in sorted({b.low, b.high})]

    @property
    def last(self) -> float:
        """The x of the last point, 0 while there is none."""
        return self._bins[-1].last if self._bins else 0.0

    @property
    def last_y(self) -> float:
        """The mean of the last bin: the last point itself while these are few; 0 while there is none."""
        return self._bins[-1].total / self._bins[-1].count if self._bins else 0.0
