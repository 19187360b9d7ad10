"""From features to scores: how much of the subject a checkpoint has learned, how much of the class it kept.

Everything is a mean cosine of features. Two ends make it a share, so that judges compare: what the base
model does, and what is as good as it can be.

learned = (L - L_base) / (L_own - L_base), where L is how alike images of the subject's prompt are to those
held out, L_base the same of the base model, L_own how alike those held out are to each other.
kept = (K - K_subject) / (K_base - K_subject), where K is how alike a class image is to the base model's of
the same prompt and seed, K_base how alike two class images of the base model with different seeds are, and
K_subject how alike these are to the images of the subject: the class that has become the subject keeps 0.
Both are cut to 0 to 1. score = 2 learned kept / (learned + kept), their harmonic mean, as the F1 score is of
precision and recall: it is high only where both are.
Likeness as a mean cosine over all pairs is the metric of Ruiz et al. 2023, arXiv:2208.12242, section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

LEAST_SPAN = 0.02
"""Between the two ends; with less the judge can't tell them apart, and a share would be noise."""


@dataclass(frozen=True)
class Ends:
    """The values that count as 0 and as 1."""

    low: float
    high: float

    @property
    def is_told(self) -> bool:
        """Whether the judge tells the two apart."""
        return self.high - self.low >= LEAST_SPAN

    def share(self, value: float) -> float | None:
        """Where a value lies between the ends, cut to 0 to 1; None where they can't be told apart."""
        if not self.is_told:
            return None
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


@dataclass(frozen=True)
class Basis:
    """What every checkpoint of a run is measured by. Features are (N, D) of length 1.

    held_out: of images of the subject. subject: of the base model's images of the subject's prompts.
    classes: of its images of each class prompt, () where none is looked at. trained: of the images that were
    trained, None where copies are not looked for.
    """

    held_out: Tensor
    subject: Tensor
    classes: Sequence[Tensor] = ()
    trained: Tensor | None = None

    @property
    def learned(self) -> Ends:
        return Ends(alike(self.subject, self.held_out), among(self.held_out))

    @property
    def kept(self) -> Ends | None:
        """None without class prompts."""
        if not self.classes:
            return None
        low = _mean([alike(images, self.held_out) for images in self.classes])
        return Ends(low, _mean([among(images) for images in self.classes]))


@dataclass(frozen=True)
class Score:
    """Of one checkpoint. likeness, drift: as measured, 0 to 1. learned, kept, score: see the module's head.

    drift: 1 - K. None for what could not be told. nearest: how alike an image of the subject is to the
    trained image that it is most alike to, on average. copies: images of the subject that are more alike to
    a trained one than any two different trained ones are to each other.
    """

    likeness: float
    learned: float | None
    drift: float | None
    kept: float | None
    score: float | None
    nearest: float | None = None
    copies: int | None = None


def score(basis: Basis, subject: Tensor, classes: Sequence[Tensor]) -> Score:
    """Of a checkpoint's images of the subject's prompts and of each class prompt, in the base's seeds."""
    likeness, kept_ends = alike(subject, basis.held_out), basis.kept
    learned = basis.learned.share(likeness)
    same = None
    if kept_ends is not None:
        same = _mean([paired(one, base) for one, base in zip(classes, basis.classes, strict=True)])
    kept = kept_ends.share(same) if kept_ends is not None and same is not None else None
    near = copies = None
    if basis.trained is not None:
        closest = (subject @ basis.trained.T).amax(1)
        near = closest.mean().item()
        copies = int((closest > _closest_pair(basis.trained)).sum())
    drift = None if same is None else 1 - same
    return Score(likeness, learned, drift, kept, combined(learned, kept), near, copies)


def combined(learned: float | None, kept: float | None) -> float | None:
    """Their harmonic mean; where only one could be told, that one."""
    if learned is None or kept is None:
        return kept if learned is None else learned
    return 2 * learned * kept / (learned + kept) if learned + kept else 0.0


def alike(one: Tensor, other: Tensor) -> float:
    """The mean cosine over all pairs of one of each."""
    return (one @ other.T).mean().item()


def among(images: Tensor) -> float:
    """The mean cosine over all pairs of two different ones; there are at least two."""
    count = len(images)
    cosines = images @ images.T
    return ((cosines.sum() - cosines.diagonal().sum()) / (count * (count - 1))).item()


def paired(one: Tensor, other: Tensor) -> float:
    """The mean cosine of the first with the first, the second with the second ..."""
    return (one * other).sum(1).mean().item()


def _closest_pair(images: Tensor) -> float:
    """The highest cosine of two images that are not the same file twice; 1 of a single one."""
    cosines = images @ images.T
    rows, columns = torch.triu_indices(len(images), len(images), offset=1)
    pairs = cosines[rows, columns]
    different = pairs[pairs < _SAME]
    return different.max().item() if len(different) else _SAME


_SAME = 0.9999
"""The cosine from which on two images are the same one."""


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
