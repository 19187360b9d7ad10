"""The best validation loss of a run, and when waiting for a better one ends it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Best:
    """loss: the lowest so far, at `step`. waited: validations since then, none of which was lower."""

    loss: float
    step: int
    waited: int = 0


def judged(best: Best | None, step: int, loss: float) -> Best | None:
    """The best after one more validation. A loss that is no number is never the best."""
    if math.isfinite(loss) and (best is None or loss < best.loss):
        return Best(loss, step)
    return None if best is None else replace(best, waited=best.waited + 1)


def is_reached(best: Best | None, patience: int | None) -> bool:
    """Whether so many validations in a row brought nothing better. patience: None never ends a run."""
    return best is not None and patience is not None and best.waited >= patience


def best_in(values: Mapping[str, Any]) -> Best | None:
    """The best validation that a state notes in its state.json; earlier versions noted none."""
    best = values.get("best")
    return Best(**best) if best else None
