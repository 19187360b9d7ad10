"""Text where a number belongs -> the number. One reader for run files, imports, prompts and the window."""

from __future__ import annotations

import math
import re

LARGEST = 2**63 - 1
"""The largest whole number that any option takes, as in TOML."""

_LONGEST = 400
"""Characters; no number that anything here can use has more."""

_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
_WIDE = {wide: wide - 0xFF01 + 0x21 for wide in range(0xFF01, 0xFF5F)} | {
    ord(wide): plain for wide, plain in zip("−‐‑–、。　", "----,. ", strict=True)
}
"""Full-width signs, dashes that stand for a minus, and the comma and point of a Japanese keyboard."""


def narrow(text: str) -> str:
    """Full-width digits, points, commas and percent signs as the plain ones; blanks around are cut off.

    "０．５" -> "0.5", "７６８，５１２" -> "768,512".
    """
    return text.strip() if text.isascii() else text.translate(_WIDE).strip()


def whole(text: str) -> int | None:
    """The whole number that a text is, or None. Digits of other scripts and 1_000 are none."""
    if len(text) > _LONGEST:
        return None
    plain = narrow(text)
    return int(plain) if _WHOLE.fullmatch(plain) else None


def decimal(text: str) -> float | None:
    """The finite number that a text is, whole or not, or None; so inf, nan and 1e400 are none."""
    if len(text) > _LONGEST:
        return None
    plain = narrow(text)
    value = float(plain) if _DECIMAL.fullmatch(plain) else math.inf
    return value if math.isfinite(value) else None


def number(text: str) -> int | float | None:
    """The number that a text is: whole where it is written so."""
    as_whole = whole(text)
    return decimal(text) if as_whole is None else as_whole


def sides(text: str) -> list[int] | None:
    """The whole numbers of a size: "768,512", or "512" for 512,512; commas and x of any width.

    None for anything else.
    """
    if len(text) > _LONGEST:
        return None
    plain = re.sub("[x×]", ",", narrow(text), flags=re.IGNORECASE)
    numbers = [n for part in plain.split(",") if (n := whole(part)) is not None]
    if len(numbers) <= plain.count(","):
        return None
    return numbers * 2 if len(numbers) == 1 else numbers
