"""What the disk itself says about where a run reads and writes, before it starts. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterator

from core.config import rules_output
from core.config.schema import RunConfig
from core.data import datasets
from core.errors import Problem


def problems(config: RunConfig) -> Iterator[Problem]:
    """As core.config.rules_output, with links followed and the folders of a dataset_config looked at."""
    for rule in rules_output.RULES:
        yield from rule(config, os.path.realpath)
    if config.dataset.dataset_config:
        folders = [(key, os.path.realpath(folder)) for key, folder in rules_output.written(config)]
        for subset in datasets.read(config.dataset).subsets:
            folder = subset.settings.train_data_dir
            for key, out in folders:
                if folder and rules_output.is_inside(out, os.path.realpath(folder)):
                    yield rules_output.among_images("dataset.dataset_config", folder, key)
                    return
            if folder and rules_output.is_replaced(config, os.path.realpath(folder), os.path.realpath):
                yield rules_output.over_a_source("dataset.dataset_config", folder)
                return
