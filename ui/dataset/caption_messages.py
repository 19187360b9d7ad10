"""What the script of the caption grid sends, checked before anything is done with it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, ValidationError

LONGEST_MESSAGE = 400_000
LONGEST_TEXT = 20_000
"""Characters of one caption; whatever is longer was not typed by a user."""
_MOST_KEYS = 200

_Short = Annotated[str, StringConstraints(max_length=100)]


class Message(BaseModel):
    """One request of the page. n: the number by which it knows the answer."""

    do: Literal["save", "page", "tag", "tag-rename", "tag-remove", "undo", "show"]
    n: int = 0
    key: _Short = ""
    text: str = ""
    base: _Short = ""
    value: str = Field("", max_length=LONGEST_TEXT)

    @property
    def page(self) -> int:
        """The number of a page, from 0."""
        return min(int(self.value), 100_000) if self.value.isascii() and self.value.isdigit() else 0


_KEYS = TypeAdapter(list[_Short])


def understood(sent: str) -> Message | None:
    """The message, or None for what the script would never send."""
    try:
        return Message.model_validate_json(sent) if len(sent) <= LONGEST_MESSAGE else None
    except ValidationError:
        return None


def keys_of(sent: str) -> list[str]:
    """The keys of a JSON list, no more than a page could ask for."""
    try:
        return _KEYS.validate_json(sent)[:_MOST_KEYS] if len(sent) <= LONGEST_MESSAGE else []
    except ValidationError:
        return []
