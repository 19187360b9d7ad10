"""Which family of models a run trains, before anything is loaded: named by an option, or told by the file."""

from __future__ import annotations

import functools
from pathlib import Path

from core.errors import UserError
from core.families import FAMILIES, FamilySpec
from core.formats.identify import Identity, identify
from core.models import hub


def of(base: str, family: str = "auto") -> FamilySpec | None:
    """The family of a base model by the header of its file, where model.family does not name it.

    None for a file that is not there, a Hub id that was not fetched, and what is no model of the catalog.
    """
    if family != "auto":
        return FAMILIES.get(family)
    found = identity(base)
    return FAMILIES.get(found.family) if found else None


def identity(base: str) -> Identity | None:
    """What a base model is by its header; None for a file that is not there, or a Hub id not fetched."""
    try:
        path = hub.here(base)
        return _identified(path, path.stat().st_mtime_ns) if path else None
    except (UserError, OSError):
        return None


@functools.lru_cache(maxsize=32)
def _identified(path: Path, changed_ns: int) -> Identity:
    """changed_ns: when the file was; only so that another one of the same name is read anew."""
    return identify(path)
