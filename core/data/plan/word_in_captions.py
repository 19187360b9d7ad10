"""The word that is taught, in the captions: it learns from those that contain it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.config.schema.run import RunConfig
from core.data.plan import messages
from core.data.plan.plan import Plan
from core.models import tokens


def checked(plan: Plan, config: RunConfig) -> Plan:
    """The plan, with a problem where the word is in no caption of what is trained: it would learn nothing."""
    if not config.teaches_word:
        return plan
    word = config.embedding.token_string
    captions = [image.caption for image in plan.images if not image.is_reg]
    affixes = [f"{one.caption_prefix} {one.caption_suffix}" for one in plan.settings]
    finder = tokens.finder(word)
    if not captions or any(finder.search(text) for text in (*captions, *affixes)):
        return plan
    nowhere = messages.TAUGHT_WORD_NOWHERE(word=word, example=captions[0])
    return replace(plan, problems=(*plan.problems, nowhere))


def counting(config: RunConfig, count_tokens: Callable[[str], int]) -> Callable[[str], int]:
    """Counts the tokens of a text, with those of a word that is taught."""
    own = config.embedding
    if not config.teaches_word:
        return count_tokens
    finder = tokens.finder(own.token_string)

    def count(text: str) -> int:
        rest, times = finder.subn(" ", text)
        return count_tokens(rest) + times * own.num_vectors_per_token

    return count
