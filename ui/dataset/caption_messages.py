"""What the script of the caption grid sends, looked at before anything is done with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

ACTS = ("save", "page", "tag", "tag-rename", "tag-remove", "undo", "redo")
LONGEST_MESSAGE = 400_000
LONGEST_TEXT = 20_000
"""Characters of one caption; whatever is longer was not typed by a user."""
_MOST_KEYS = 200


@dataclass(frozen=True)
class Message:
    """One wish of the page. do: one of ACTS. number: by which it knows the answer.

    text: None when it was too long to be taken.
    """

    do: str
    number: int
    key: str = ""
    text: str | None = ""
    base: str = ""
    value: str = ""

    @property
    def page(self) -> int:
        """The number of a page, from 0."""
        return min(int(self.value), 100_000) if self.value.isascii() and self.value.isdigit() else 0


def understood(sent: str) -> Message | None:
    """The message, or None for what the script would never send."""
    found = _parsed(sent)
    if not isinstance(found, dict) or found.get("do") not in ACTS:
        return None
    text, number = _text(found, "text"), found.get("n")
    return Message(
        found["do"],
        number if isinstance(number, int) else 0,
        _text(found, "key")[:100],
        text if len(text) <= LONGEST_TEXT else None,
        _text(found, "base")[:100],
        _text(found, "value")[:LONGEST_TEXT],
    )


def keys_of(sent: str) -> list[str]:
    """The keys of a JSON list, no more than a page could want."""
    found = _parsed(sent)
    return [key for key in found[:_MOST_KEYS] if isinstance(key, str)] if isinstance(found, list) else []


def _parsed(sent: str) -> Any:
    if len(sent) > LONGEST_MESSAGE:
        return None
    try:
        return json.loads(sent)
    except (ValueError, RecursionError):
        return None


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name, "")
    return value if isinstance(value, str) else ""
