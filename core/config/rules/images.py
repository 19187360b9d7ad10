"""What options on the images' pixels must not be together: config -> problems."""

from __future__ import annotations

from collections.abc import Iterator

from core.config.rules import messages
from core.config.schema.run import RunConfig
from core.errors import Problem


def masks_come_from_one_place(config: RunConfig) -> Iterator[Problem]:
    if config.dataset.alpha_mask and config.dataset.conditioning_data_dir is not None:
        yield messages.TWO_MASKS()


RULES = (masks_come_from_one_place,)
