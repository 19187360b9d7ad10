"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal


def decimal_text(value: float) -> str:
    """0.0001 -> "1e-4", 1.0 -> "1", 0.05 -> "0.05": as people write it; reads back to the same number."""
    text = repr(float(value))
    if "e" in text or 0 < abs(value) < 1e-3:
        mantissa, _, exponent = f"{Decimal(text):e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    return text.removesuffix(".0")
