"""Every component with the words on it, so that the whole page changes its language at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import gradio as gr

from core.catalog import Words
from core.errors import Lang
from ui.text import say

QUICK: Mapping[str, Any] = MappingProxyType(
    {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
)
"""For handlers that answer at once: past the queue, without a veil over the page, no public endpoint."""

Block = TypeVar("Block")
Wording = Words | Callable[[Lang], Any]


def column(name: str = "", *classes: str) -> gr.Column:
    """A column whose children stand as they are; Gradio would box neighbouring fields together."""
    made = gr.Column(elem_id=name or None, elem_classes=list(classes))
    made.allow_expected_parents = False
    return made


def worded(wording: Wording, lang: Lang) -> Any:
    """What a component shows in this language."""
    if isinstance(wording, Words):
        return wording.of(lang)
    return wording(lang)


def texts(**keys: str) -> dict[str, Wording]:
    """Property -> the words of a key of ui.text."""
    return {name: functools.partial(say, key) for name, key in keys.items()}


class Page:
    """Makes components and remembers their words."""

    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang
        self._words: dict[Any, Mapping[str, Wording]] = {}

    def add(self, make: Callable[..., Block], words: Mapping[str, Wording], **kwargs: Any) -> Block:
        """A component whose `words` (property -> wording) follow the language of the page."""
        block = make(**kwargs, **{name: worded(wording, self.lang) for name, wording in words.items()})
        self._words[block] = words
        return block

    @property
    def blocks(self) -> list[Any]:
        """Everything that bears words."""
        return list(self._words)

    def relabel(self, lang: Lang) -> dict[Any, dict[str, Any]]:
        """The updates that put the page into a language."""
        return {
            block: gr.update(**{name: worded(wording, lang) for name, wording in words.items()})
            for block, words in self._words.items()
        }
