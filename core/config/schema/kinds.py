"""How the value of an option is written: the only map from declared types to fields and arguments."""

from __future__ import annotations

import functools
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from core.config.schema.option import Option

Kind = Literal["check", "choice", "digits", "decimal", "share", "size", "lines", "path", "text"]


@functools.cache
def plain_type(option: Option) -> tuple[Any, bool]:
    """The option's type without `| None`, and whether it may be None."""
    parts = _parts(option.field.annotation)
    inner = [part for part in parts if part is not type(None)]
    return (int | float if inner == [int, float] else inner[0]), len(inner) < len(parts)


def _parts(annotation: Any) -> list[Any]:
    """The types that a value may have."""
    if get_origin(annotation) is Annotated:
        return _parts(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [part for inner in get_args(annotation) for part in _parts(inner)]
    return [annotation]


@functools.cache
def kind(option: Option) -> Kind:
    """How an option is shown and typed."""
    plain, _ = plain_type(option)
    if option.choices is not None:
        return "choice"
    if plain is bool:
        return "check"
    if plain is int:
        # No number field: it shows 0 for "not set", loses digits from 2**53 on, and takes no full-width ones.
        return "digits"
    if plain is float:
        return "decimal"
    if plain == int | float:
        return "share"
    if get_origin(plain) is tuple:
        return "lines" if Ellipsis in get_args(plain) else "size"
    return "path" if option.meta.path else "text"
