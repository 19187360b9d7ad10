"""The list of a tagger's tags: a CSV or JSON file beside its model."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

from core import files
from core.captioners import messages
from core.captioners.manifest import Manifest
from core.errors import UserError

_MOST_BYTES = 256 << 20


class Tag(NamedTuple):
    """A tag as its model knows it, such as "long_hair". category: general, character, rating, ..."""

    name: str
    category: str


def read(path: Path, manifest: Manifest) -> tuple[Tag, ...]:
    """The tags in the order of the model's scores. Raises UserError for a file that holds no such list."""
    try:
        text = files.read(path, _MOST_BYTES).decode("utf-8-sig")
        rows = _of_json(json.loads(text)) if manifest.tag_format == "json" else _of_csv(text)
    except FileNotFoundError:
        raise UserError(messages.LACKS_FILE(path=path)) from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, csv.Error, RecursionError) as error:
        raise UserError(messages.BAD_FILE(path=path, why=str(error) or type(error).__name__)) from None
    words = manifest.categories
    return tuple(Tag(name, words.get(category, category.lower())) for name, category in rows)


def _of_csv(text: str) -> list[tuple[str, str]]:
    """Name and category of each row, by the header. Raises ValueError where it lacks them."""
    rows = csv.DictReader(text.splitlines())
    if not {"name", "category"} <= {*(rows.fieldnames or ())}:
        raise ValueError("its first line does not name the columns name and category")
    return [(str(row["name"]), str(row["category"])) for row in rows]


def _of_json(listed: Any) -> list[tuple[str, str]]:
    """Of {"0": {"tag": ..., "category": ...}}, or of {"idx_to_tag": {"0": ...}, "tag_to_category": {...}}.

    The numbers go from 0 without a gap. Raises ValueError otherwise.
    """
    if "idx_to_tag" in listed:
        names, categories = listed["idx_to_tag"], listed["tag_to_category"]
        named = dict(enumerate(names)) if isinstance(names, list) else names
        listed = {
            str(n): {"tag": name, "category": categories.get(name, "general")} for n, name in named.items()
        }
    numbers = sorted(map(int, listed))
    if numbers != [*range(len(numbers))]:
        raise ValueError("its numbers are not 0, 1, 2, ...")
    return [(str(listed[str(n)]["tag"]), str(listed[str(n)]["category"])) for n in numbers]
