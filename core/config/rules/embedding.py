"""What the options of [embedding] must be: a word to teach where one is to be taught."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.config.pydantic_messages import shown
from core.config.rules import messages
from core.config.schema.run import RunConfig
from core.errors import Problem

_LONGEST = 60
"""Characters of a word."""


def a_word_is_named(config: RunConfig) -> Iterator[Problem]:
    if config.network.method == "embedding" and not config.embedding.token_string:
        yield messages.NO_WORD()


def the_word_is_one(config: RunConfig) -> Iterator[Problem]:
    word = config.embedding.token_string
    if not config.teaches_word:
        return
    is_whole = word.isprintable() and not any(sign in word for sign in " \u3000,")
    if not is_whole or len(word) > _LONGEST or not any(sign.isalnum() for sign in word):
        yield messages.NOT_ONE_WORD(word=shown(word), most=_LONGEST)


RULES: tuple[Callable[[RunConfig], Iterator[Problem]], ...] = (a_word_is_named, the_word_is_one)
