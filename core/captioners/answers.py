"""What a language model answers, made into a caption: thoughts cut off, loops noticed, one line."""

from __future__ import annotations

import re
from collections import Counter

_AGAIN = re.compile(r"(.{2,200}?)\1{3,}", re.DOTALL)
"""A stretch of text four times in a row."""
_END = re.compile(r".*[.!?。！？]", re.DOTALL)
_MOST_ALIKE = 0.5
_LEAST_PARTS = 8


def cleaned(text: str, is_cut: bool = False) -> str:
    """The answer as one line, without what the model thought before it.

    is_cut: the model was stopped before it had ended, so a last sentence that is not whole is left out,
    unless it is the only one.
    """
    answer = text.rpartition("</think>")[2]
    if "<think>" in answer:
        return ""  # it was still thinking when it was stopped
    line = " ".join(answer.split())
    whole = _END.match(line) if is_cut else None
    return whole.group() if whole else line


def is_looping(text: str) -> bool:
    """Whether a model repeats itself: a stretch four times in a row, or half of many parts said before."""
    line = " ".join(text.split())
    if _AGAIN.search(line):
        return True
    parts = [part.strip().casefold() for part in re.split(r"[,.;、。]", line) if part.strip()]
    return len(parts) >= _LEAST_PARTS and len(Counter(parts)) / len(parts) < _MOST_ALIKE


def until_loop(text: str) -> str:
    """The text up to the end of the first round of its loop; as it is where it has none."""
    line = " ".join(text.split())
    found = _AGAIN.search(line)
    if found is None:
        return line
    end = found.end(1)
    return line[: end + bool(_END.match(line[end : end + 1]))].strip()
