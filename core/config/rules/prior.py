"""What the priors of an adapter, the frozen model's own predictions, must not be together with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.config.rules import messages
from core.config.schema.run import OPTIONS, RunConfig
from core.errors import Problem

KEYS = ("train.prior_prediction", "train.masked_prior_weight", "train.class_prior_weight")


def a_frozen_model_is_there(config: RunConfig) -> Iterator[Problem]:
    if not config.network.is_adapter:
        for key in KEYS:
            if OPTIONS[key].value_in(config):
                yield messages.PRIOR_WITHOUT_ADAPTER(key=key)


def the_frozen_model_knows_the_captions(config: RunConfig) -> Iterator[Problem]:
    if config.teaches_word and config.network.is_adapter and config.train.masked_prior_weight:
        yield messages.PRIOR_OF_NEW_WORD(word=config.embedding.token_string)


RULES: tuple[Callable[[RunConfig], Iterator[Problem]], ...] = (
    a_frozen_model_is_there,
    the_frozen_model_knows_the_captions,
)
