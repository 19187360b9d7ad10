"""What a judge is, and the one that a name stands for: a folder, a repository of the Hub, or a file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import torch
from PIL import Image
from torch import Tensor

from core.errors import UserError
from core.judges import messages
from core.judges.classifier import Classifier
from core.judges.transformer import KINDS, Transformer
from core.models import hub

DEFAULT = "facebook/dinov2-small"
"""Of the features that tell one frog from another, and not only frogs from toads, those with the smallest
download (88 MB). Source: Ruiz et al. 2023, DreamBooth, arXiv:2208.12242, section 4.2, which prefers DINO to
CLIP for likeness to a subject."""

BESIDE = "judge.safetensors"
"""Name of a classifier that lies beside a base model, as the demo's does: it judges what is made of that."""

_FILES = re.compile(
    r"(config|preprocessor_config)\.json|model[\w.-]*\.(safetensors|safetensors\.index\.json)"
)


class Judge(Protocol):
    """Tells how alike images are, as the cosine of their features."""

    is_fine: bool
    """Whether its features tell two images of one subject apart; verdicts of a classifier do not."""

    def features(self, images: Sequence[Image.Image]) -> Tensor:
        """(N, D), float32 on the CPU, each of length 1. images: upright RGB, of any size."""
        ...

    def close(self) -> None:
        """Give its memory back."""
        ...


def named(name: str | None, base: Path | None) -> str:
    """The judge to take: the one that is named, else a classifier beside the base model, else DINOv2."""
    if name:
        return name
    beside = base.parent / BESIDE if base is not None else None
    return str(beside) if beside is not None and beside.is_file() else DEFAULT


def here(name: str) -> Path | None:
    """Where a judge lies; None for one of the Hub that was not fetched yet. Asks no network.

    Raises UserError for what is no judge.
    """
    path = Path(name).expanduser()
    if not path.exists():
        if not hub.is_id(name):
            raise UserError(messages.MISSING(path=name))
        return hub.fetched(name)
    if path.is_file() and Classifier.can_read(path):
        return path
    if path.is_dir() and _kind_of(path) in KINDS and any(path.glob("*.safetensors")):
        return path
    raise UserError(messages.NOT_A_JUDGE(path=path))


def located(name: str, report: hub.Report) -> Path:
    """Where it lies, downloaded where it is not here yet. Raises UserError, and whatever `report` raises."""
    found = here(name)
    if found is not None:
        return found

    def choose(files: list[str]) -> list[str]:
        return [file for file in files if _FILES.fullmatch(file)]

    return hub.download(name, "judge", report, choose, messages.NOT_A_JUDGE)


def opened(place: Path) -> Judge:
    """The judge of a file or folder that `located` gives, on the GPU where there is one. Raises UserError."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if place.is_file():
        return Classifier(place)
    kind = _kind_of(place)
    if kind not in KINDS:
        raise UserError(messages.NOT_A_JUDGE(path=place))
    return Transformer(place, kind, device)


def _kind_of(folder: Path) -> str:
    """The model_type that a folder's config.json names, "" where there is none."""
    try:
        return str(json.loads((folder / "config.json").read_text("utf-8"))["model_type"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ""
