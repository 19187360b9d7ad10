"""Counts in sentences."""

from __future__ import annotations


def of_all(count: int, all_: int, noun: str, is_: str, are: str) -> str:
    """A part of a whole with its verb: "1 of 1 picture has", "3 of 12 pictures have"."""
    return f"{count:,} of {counted(all_, noun)} {is_ if count == 1 else are}"


def counted(count: int, one: str, many: str = "") -> str:
    """The count with its noun: "1 picture", "2 pictures", "1 file is", "3 files are"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
