"""What a judge said of the saved models of a run, kept as judged.json in the folder of the run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.formats import atomic_write

FILE = "judged.json"
_FORMAT = 1
_LARGEST = 1_000_000


@dataclass(frozen=True)
class Judged:
    """A saved model, by the name of its file and the step it was saved at. None for what could not be told.

    learned, kept, score: shares, see core.judges.scores; likeness, drift, nearest, copies: what they are of.
    """

    file: str
    step: int
    likeness: float | None
    learned: float | None
    drift: float | None
    kept: float | None
    score: float | None
    nearest: float | None = None
    copies: int | None = None
    is_best: bool = False


def write(folder: Path, models: Sequence[Judged], about: Mapping[str, Any]) -> Path:
    """Keep what was said, in place of what was said before. about: the judge, its images, its prompts.

    Raises ResourceFault.
    """
    text = json.dumps(as_json(models, about), ensure_ascii=False, indent=1)
    return atomic_write.write_file(folder / FILE, lambda file: file.write(text.encode()))


def as_json(models: Sequence[Judged], about: Mapping[str, Any]) -> dict[str, Any]:
    """The record as JSON has it."""
    return {"format": _FORMAT, **about, "models": [asdict(model) for model in models]}


def of(folder: Path) -> dict[tuple[str, int], Judged]:
    """(file, step) -> what was said of it; {} where nothing was, and for a file that is none of ours."""
    path = folder / FILE
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        found = json.loads(path.read_bytes())
        models = found["models"] if found["format"] == _FORMAT else []
        read = [_judged(model) for model in models]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return {(one.file, one.step): one for one in read}


def _judged(model: Mapping[str, Any]) -> Judged:
    shares = ("likeness", "learned", "drift", "kept", "score", "nearest")
    copies = model.get("copies")
    return Judged(
        str(model["file"]),
        int(model["step"]),
        **{name: _number(model.get(name)) for name in shares},
        copies=None if copies is None else int(copies),
        is_best=model.get("is_best") is True,
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
