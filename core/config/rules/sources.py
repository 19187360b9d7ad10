"""Where the images come from: folders by name, a dataset_config or metadata; one of them counts."""

from __future__ import annotations

from collections.abc import Iterator

from core.config.rules import messages
from core.config.schema.run import RunConfig
from core.errors import Problem


def images_are_named(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if not (data.train_data_dir.strip() or data.dataset_config or data.in_json):
        yield messages.NO_IMAGES()


def images_are_named_once(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if data.dataset_config:
        for name in ("train_data_dir", "reg_data_dir", "in_json"):
            if str(getattr(data, name) or "").strip():
                yield messages.IMAGES_TWICE(key=f"dataset.{name}")
    elif data.in_json and (data.reg_data_dir or "").strip():
        yield messages.IN_JSON_WITH_REGULARIZATION()


RULES = (images_are_named, images_are_named_once)
