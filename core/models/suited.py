"""Settings that still suit models of another family than the base model's; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.catalog import Size
from core.config.schema.run import OPTIONS
from core.families import FAMILIES, FamilySpec
from core.formats.identify import Identity
from core.models import fit

_SIZE, _LARGEST = "dataset.resolution", "dataset.max_bucket_reso"


def concerned() -> frozenset[str]:
    """The options that some family has a value of its own for."""
    return frozenset(key for spec in FAMILIES.values() for key in spec.defaults)


def proposals(base: Identity, values: Mapping[str, Any], *foreign: Mapping[str, Any]) -> dict[str, Any]:
    """Options -> what suits the base model better, where their value suits another family.

    values: of the options `concerned`, as a RunConfig has them; of others nothing is said. foreign: values
    that suit no full-size model, such as the demo's. Nothing is proposed for a model made for trials.
    """
    spec = FAMILIES.get(base.family)
    if spec is None or not fit.is_full_size(base):
        return {}
    side = fit.trained_side(base) or spec.default_size.width
    wanted = dict(spec.defaults)
    if _SIZE in wanted:
        wanted[_SIZE] = (side, side)
    return {
        key: value
        for key, value in wanted.items()
        if key in values and values[key] != value and _is_foreign(spec, side, key, values[key], foreign)
    }


def _is_foreign(
    spec: FamilySpec, side: int, key: str, value: Any, foreign: tuple[Mapping[str, Any], ...]
) -> bool:
    others = (one.defaults.get(key, OPTIONS[key].default) for one in FAMILIES.values() if one is not spec)
    if value in others or any(key in them and value == them[key] for them in foreign):
        return True
    if key == _SIZE:
        return not fit.is_near(side, Size(*value))
    return key == _LARGEST and bool(value < side)
