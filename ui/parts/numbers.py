"""Numbers as people write them."""

from __future__ import annotations

import time
from decimal import Decimal

LONG_STEP = 120
"""Seconds from which a step is shown in minutes."""


def minute(seconds: float) -> str:
    """A time since 1970 as the date and time of this computer."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def short_text(value: float) -> str:
    """Three digits that matter and no more signs than needed: 0.0524, 5.7, 57, 57,000, 1.5e6, 2e-5."""
    size = abs(value)
    if 1 <= size < 1e5:
        return f"{float(f'{value:.3g}'):,.10g}"
    text = decimal_text(float(f"{value:.3g}"))
    return _as_power(value) if size >= 1e5 else text


def _as_power(value: float) -> str:
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def decimal_text(value: float) -> str:
    """0.0001 -> "1e-4", 1.0 -> "1", 0.05 -> "0.05": as people write it; reads back to the same number."""
    text = repr(float(value))
    if "e" in text or 0 < abs(value) < 1e-3:
        mantissa, _, exponent = f"{Decimal(text):e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    return text.removesuffix(".0")
