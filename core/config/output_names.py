"""What the results of a run are called, and reading such a name back. Pure: no file is looked at.

An output name may hold any letters that file systems take, also those that mean something in patterns, so it
is only ever compared as text.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ENDINGS: Mapping[str, str] = {
    "safetensors": ".safetensors", "ckpt": ".ckpt", "diffusers": "", "diffusers_safetensors": "",
}  # fmt: skip
"""save_model_as -> what the name of a model ends in; "" for a folder."""

STATE = "-state"
"""What the name of a training state ends in."""

EMBEDDING = "_emb.safetensors"
"""What the name of the file with a taught word ends in, beside the adapter that was trained with it."""

_EPOCH, _STEP = re.compile(r"[0-9]{6,}"), re.compile(r"[0-9]{8,}")
_STATE_KIND = re.compile(r"(?:(epoch)-([0-9]{6,})|(step|autosave)-([0-9]{8,})|last(?:\.old-[0-9]+)?)")


class Named(NamedTuple):
    """What a name stands for. kind: "last", "best", "epoch", "step" or "autosave".

    number: which, 0 for the last and the best.
    """

    kind: str
    number: int


def model_name(output_name: str | None, kind: str, number: int) -> str:
    """Name of a model without its ending, as sd-scripts names them; kind: "last", "epoch", "step", "best"."""
    if kind == "epoch":
        return f"{output_name or 'epoch'}-{number:06d}"
    if kind == "step":
        return f"{output_name or 'at'}-step{number:08d}"
    if kind == "best":
        return f"{_prefix(output_name)}best"
    return output_name or "last"


def embedding_beside(model: Path) -> Path:
    """Where the taught word of an adapter's file lies, if one was taught with it."""
    return model.with_name(model.name.removesuffix(model.suffix) + EMBEDDING)


def state_name(output_name: str | None, kind: str, number: int) -> str:
    """Name of a state folder; kind: "last", "epoch", "step" or "autosave"."""
    if kind == "last":
        return f"{_prefix(output_name)}last{STATE}"
    digits = 6 if kind == "epoch" else 8
    return f"{_prefix(output_name)}{kind}-{number:0{digits}d}{STATE}"


def model_of(stem: str, output_name: str | None) -> Named | None:
    """What a name without its ending means among the models of an output name; None when it is none."""
    stem = _folded(stem)
    if stem == _folded(model_name(output_name, "last", 0)):
        return Named("last", 0)
    if stem == _folded(model_name(output_name, "best", 0)):
        return Named("best", 0)
    for kind, start, digits in (
        ("step", f"{output_name or 'at'}-step", _STEP),
        ("epoch", f"{output_name or 'epoch'}-", _EPOCH),
    ):
        number = stem.removeprefix(_folded(start))
        if stem.startswith(_folded(start)) and digits.fullmatch(number):
            return Named(kind, int(number))
    return None


def state_of(name: str, output_name: str | None) -> Named | None:
    """What the name of a folder means among the states of an output name; None when it is none."""
    name, start = _folded(name), _folded(_prefix(output_name))
    if not (name.startswith(start) and name.endswith(STATE)):
        return None
    match = _STATE_KIND.fullmatch(name[len(start) : -len(STATE)])
    if match is None:
        return None
    kind, number = (match[1], match[2]) if match[1] else (match[3], match[4])
    return Named(kind, int(number)) if kind else Named("last", 0)


def is_plain(name: object) -> bool:
    """Whether something out of a file is the bare name of a file or folder, on every system; never a path."""
    return isinstance(name, str) and name not in ("", ".", "..") and not set(name) & set("/\\:\0")


def _prefix(output_name: str | None) -> str:
    return f"{output_name}-" if output_name else ""


def _folded(text: str) -> str:
    """As the system's own disks compare names: Windows and macOS take Frog and frog for the same file."""
    if sys.platform == "darwin":
        text = unicodedata.normalize("NFC", text)
    return text.casefold() if sys.platform in ("win32", "darwin") else text
