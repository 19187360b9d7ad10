"""From a tagger's scores to the tags of an image: thresholds, and the one best where just one can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.captioners import messages
from core.captioners.tag_list import Tag
from core.errors import UserError

BEST_ONE = ("rating", "quality")
"""Categories of which an image has one: the tag with the highest score."""

LEAST_CUT = 0.15
"""Of an automatic threshold: of a category that is not in an image the scores are noise, with gaps in it."""


class Scored(NamedTuple):
    """A tag that an image has. score: 0 to 1."""

    name: str
    category: str
    score: float


@dataclass(frozen=True)
class Picking:
    """Which tags are taken. thresholds: by category, before those of the model. is_automatic: MCut instead.

    categories: those of which tags are written.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    categories: tuple[str, ...] = ("general", "character")
    is_automatic: bool = False


def thresholds_of(text: str) -> dict[str, float]:
    """Thresholds as a user writes them, "artist=0.5, copyright=0.6". Raises UserError."""
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = part.partition("=")
        try:
            found[name.strip().lower()] = float(number)
        except ValueError:
            raise UserError(messages.BAD_THRESHOLDS(value=part)) from None
        if not name.strip() or not 0 <= found[name.strip().lower()] <= 1:
            raise UserError(messages.BAD_THRESHOLDS(value=part))
    return found


def mcut(scores: NDArray[np.float32]) -> float:
    """A threshold in the middle of the largest gap between neighbouring scores.

    Source: C. Largeron, C. Moulin, M. Géry, MCut: A Thresholding Strategy for Multi-label Classification
    (2012).
    """
    if scores.size < 2:
        return LEAST_CUT
    ordered = np.sort(scores)[::-1]
    at = int(np.argmax(ordered[:-1] - ordered[1:]))
    return max(LEAST_CUT, float(ordered[at] + ordered[at + 1]) / 2)


def pick(
    scores: NDArray[np.float32], tags: Sequence[Tag], picking: Picking, own: Mapping[str, float]
) -> list[Scored]:
    """The tags of an image, highest score first. own: the model's thresholds by category."""
    picked: list[Scored] = []
    for category in picking.categories:
        places = [n for n, tag in enumerate(tags) if tag.category == category]
        if not places:
            continue
        of_category = scores[places]
        if category in BEST_ONE:
            chosen = [places[int(np.argmax(of_category))]]
        else:
            least = picking.thresholds.get(category, own.get(category, own.get("general", 0.35)))
            least = mcut(of_category) if picking.is_automatic else least
            chosen = [n for n in places if scores[n] >= least]
        picked += [Scored(tags[n].name, category, float(scores[n])) for n in chosen]
    return sorted(picked, key=lambda tag: -tag.score)
