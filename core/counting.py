"""Counts and lists in sentences."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.catalog import LANGS, Words

SHOWN = 10
"""Names listed in one sentence, before the rest is only counted."""
NAMED = 5
"""Names in a sentence that has more to say."""


class _Gaps(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        if "|" not in format_spec:
            return super().format_field(value, format_spec)
        one, many = format_spec.split("|")
        return (one if value == 1 else many).replace("#", f"{value:,}")


_GAPS = _Gaps()


def filled(template: str, facts: Mapping[str, Any]) -> str:
    """A sentence with its gaps filled as by str.format; a number may choose singular or plural.

    "{count:# image has|# images have} no mask": "1 image has no mask", "1,200 images have no mask".
    """
    return _GAPS.vformat(template, (), facts)


def gaps(template: str) -> set[str]:
    """The names of a template's gaps."""
    names = (name for _, name, _, _ in _GAPS.parse(template) if name is not None)
    return {name.split(".")[0].split("[")[0] for name in names}


def listed(names: Sequence[str], limit: int = SHOWN) -> Words:
    """The names in a row, the rest counted: "a.png, b.png and 3 more"."""
    shown = ", ".join(names[:limit])
    more = len(names) - limit
    if more <= 0:
        return Words(shown, shown)
    return Words(f"{shown} and {more} more", f"{shown} ほか{more}個", f"{shown}，另有{more}个")


def joined(words: Iterable[Words], en: str = ", ", ja: str = "・") -> Words:
    """The words in a row, with what stands between two in each language."""
    each = (*words,)
    return Words(
        *(mark.join(w.of(lang) for w in each) for lang, mark in zip(LANGS, (en, ja, "、"), strict=True))
    )


def size_text(size: float) -> str:
    """Bytes with their unit: 1610612736 -> "1.5 GiB", 150000000 -> "143 MiB".

    In powers of 1024, by their own names, as torch and the driver state the memory of a GPU, so that memory
    and disk compare. Only graphics cards keep the GB they are sold with ("for 8 GB").
    """
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if size >= unit:
            number = size / unit
            return f"{number:.1f} {name}" if number < 99.95 else f"{number:,.0f} {name}"
    return f"{size:.0f} B"


def of_all(count: int, all_: int, noun: str, is_: str, are: str) -> str:
    """A part of a whole with its verb: "1 of 1 image has", "3 of 12 images have"."""
    return f"{count:,} of {counted(all_, noun)} {is_ if count == 1 else are}"


def counted(count: int, one: str, many: str = "") -> str:
    """The count with its noun: "1 image", "2 images", "1 file is", "3 files are"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
