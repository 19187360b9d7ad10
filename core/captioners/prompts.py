"""What a language model is asked about an image, by its kind and the length of the answer. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from core.catalog import Words

LENGTHS: Mapping[str, Words] = MappingProxyType(
    {
        "short": Words("short: one sentence", "短い（1文）"),
        "medium": Words("medium: two or three sentences", "普通（2〜3文）"),
        "long": Words("long: a paragraph", "長い（段落）"),
    }
)

SYSTEM = "You are a helpful image captioner."
"""What JoyCaption was trained with. Source: its card on the Hub."""

_ASKED = {
    "short": "Describe this image in one short sentence. Begin with the subject.",
    "medium": "Describe this image in two or three sentences: the subject, its pose, clothing, background "
    "and light. Begin with the subject, do not say that it is an image.",
    "long": "Describe this image in one detailed paragraph: the subject, its pose, clothing, expression, "
    "background, light and composition. Begin with the subject, do not say that it is an image.",
}
_OF_JOY = {
    "short": "Write a short descriptive caption for this image.",
    "medium": "Write a medium-length descriptive caption for this image.",
    "long": "Write a long descriptive caption for this image.",
}
_OF_FLORENCE = {"short": "<CAPTION>", "medium": "<DETAILED_CAPTION>", "long": "<MORE_DETAILED_CAPTION>"}


class Recipe(NamedTuple):
    """How a kind of model is asked. prompts: by length; {} where it takes none.

    system: what stands before, "" for nothing. temperature: 0 for the likeliest words. beams: for these.
    """

    prompts: Mapping[str, str]
    system: str = ""
    temperature: float = 0.0
    beams: int = 1


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "llava": Recipe(_OF_JOY, SYSTEM, temperature=0.6),
        "florence2": Recipe(_OF_FLORENCE, beams=3),
        "blip": Recipe({}, beams=3),
        "blip-2": Recipe({}, beams=3),
    }
)
"""By model_type of config.json; others are asked in plain words."""

PLAIN = Recipe(_ASKED)


HINTS = ("{caption}", "{tags}")
"""In a user's prompt: the caption that an image has already."""


def with_hint(prompt: str, caption: str) -> str:
    """The prompt with the image's caption in the place of HINTS, in one line."""
    for hint in HINTS:
        prompt = prompt.replace(hint, " ".join(caption.split()))
    return prompt


def recipe_of(kind: str) -> Recipe:
    """How models of a kind (model_type) are asked."""
    return RECIPES.get(kind, PLAIN)
