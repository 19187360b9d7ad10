"""What options on the pictures' pixels must not be together: config -> problems."""

from __future__ import annotations

from collections.abc import Iterator

from core.config.schema.run import RunConfig
from core.errors import Problem, plain_problem


def masks_come_from_one_place(config: RunConfig) -> Iterator[Problem]:
    if config.dataset.alpha_mask and config.dataset.conditioning_data_dir is not None:
        yield plain_problem(
            "E-CFG-TOGETHER",
            "cannot be used with dataset.conditioning_data_dir: a picture has one mask. Choose one of them.",
            "dataset.conditioning_data_dirと同時には使えません（マスクは画像ごとに1つです）。"
            "どちらかにしてください。",
            key="dataset.alpha_mask",
        )


RULES = (masks_come_from_one_place,)
