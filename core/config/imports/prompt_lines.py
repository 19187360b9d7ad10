"""A sample prompt and how it is drawn -> a line as sd-scripts writes it."""

from __future__ import annotations

from typing import Any

from core.config.imports.sheet import as_number


def line_of(
    text: Any,
    *,
    negative: Any = None,
    width: Any = None,
    height: Any = None,
    steps: Any = None,
    guidance: Any = None,
    seed: Any = None,
    sampler: str = "",
) -> str:
    """The line of a prompt; what is None is left to the run. "" for a prompt that is no text."""
    if not isinstance(text, str) or not text.strip():
        return ""
    parts = [" ".join(text.split())]
    if isinstance(negative, str) and negative.strip():
        parts.append(f"--n {' '.join(negative.split())}")
    for flag, value in (("w", width), ("h", height), ("s", steps)):
        if (number := int(as_number(value))) > 0:
            parts.append(f"--{flag} {number}")
    if guidance is not None:
        parts.append(f"--l {as_number(guidance, 7.5):g}")
    if seed is not None and (number := int(as_number(seed, -1))) >= 0:
        parts.append(f"--d {number}")
    if sampler:
        parts.append(f"--ss {sampler}")
    return " ".join(parts)
